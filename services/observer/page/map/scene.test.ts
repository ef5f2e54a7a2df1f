import assert from 'node:assert/strict';
import type { Cluster, Join, Line } from '../../api.ts';
import { sealsOf } from '../forms.ts';
import { stateAt } from '../state-at.ts';
import { curveFor, drawnLines } from './geometry.ts';
import { layoutOf } from './layout.ts';
import { type SceneInput, sceneOf } from './scene.ts';

const NOW = 1_700_000_000_000;
const join = (node: string, more: Partial<Join> = {}): Join => ({
	...{ id: node, node, startedMs: NOW - 1_000, durationMs: 300, state: 'joined', phase: 'register', nextPhase: '' },
	...{ steps: 9, isForgotten: false, tls: 'mutual', peer: 'apiserver-sim' },
	...more,
});
const certificate = { notBeforeMs: NOW - 1, rotateFromMs: NOW, rotateToMs: NOW, notAfterMs: NOW + 1_000 };
const listed = (...names: string[]): Cluster => ({
	...{ atMs: NOW, tokens: [], requests: [], leases: [], events: [], services: [] },
	nodes: names.map((name) => ({ name, status: 'Ready', heartbeatMs: NOW, certificate })),
});
const line = (from: string, to: string, more: Partial<Line> = {}): Line => ({
	...{ from, to, tls: 'mutual', calls: 3, refused: 0, perMinute: 3 },
	...more,
});
const scene = (more: Partial<SceneInput> = {}) =>
	sceneOf({
		...{ joins: [], cluster: undefined, lines: [], nowMs: NOW, selected: undefined, levelBefore: undefined },
		...{ hasTelemetry: false, isTall: false },
		...more,
	});
const protections = (made: ReturnType<typeof scene>) =>
	Object.fromEntries(made.lines.map(({ id, protection }) => [id, protection]));

describe('the scene of the map', () => {
	it('has the lifetime of the file until a party presented a certificate', () => {
		const file = {
			...{ file: 'admin/admin.conf', serial: '0a', organizations: [], commonName: 'kubernetes-admin' },
			...{ issuer: 'kubernetes', key: 'P-256', names: 0, notBeforeMs: NOW - 5, notAfterMs: NOW + 5 },
		};
		const presented = line('kubelet-sim', 'apiserver-sim', {
			negotiated: { parameters: [], server: { notBeforeMs: NOW - 1, notAfterMs: NOW + 1 } },
		});
		const certificates = { list: [file, { ...file, file: 'apiserver-sim/server.crt' }] };
		const before = scene({ certificates });
		assert.equal(before.parties.get('kubectl-sim')?.life?.notAfterMs, NOW + 5);
		assert.equal(before.parties.get('apiserver-sim')?.life?.notAfterMs, NOW + 5);
		assert.equal(before.parties.get('token-store')?.life, undefined);
		const after = scene({ certificates, lines: [presented] });
		assert.equal(after.parties.get('apiserver-sim')?.life?.notAfterMs, NOW + 1);
	});

	it('has every service before any message, with lines of which none is known', () => {
		const { parties, lines } = scene();
		assert.deepEqual(
			[...parties.keys()],
			['apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service', 'kubectl-sim'],
		);
		assert.ok(lines.every(({ protection }) => protection === 'planned'));
	});

	it('has the nodes of the newest joins where there are more than a thousand nodes', () => {
		const names = Array.from({ length: 1_200 }, (_, index) => `node-${index}`);
		const newest = names.slice(700).reverse();
		const { nodes, allNodes } = scene({ cluster: listed(...names), joins: newest.map((name) => join(name)) });
		assert.deepEqual([nodes.length, allNodes], [1_000, 1_200]);
		assert.deepEqual(
			newest.filter((name) => !nodes.some(({ id }) => id === name)),
			[],
		);
	});

	it('has the nodes of the cluster, and those that join or were refused a moment ago', () => {
		const old = NOW - 3_600_000;
		const joins = [
			join('joining', { state: 'joining', tls: 'unverified' }),
			join('refused', { state: 'refused', tls: 'unverified' }),
			join('refused-earlier', { state: 'refused', startedMs: old }),
			join('deleted', { startedMs: old }),
			join('listed', { startedMs: old }),
		];
		const { nodes } = scene({ joins, cluster: listed('listed', 'other') });
		assert.deepEqual(
			nodes.map(({ id, node }) => `${id} ${node}`),
			['listed Ready', 'refused refused', 'joining joining', 'other Ready'],
		);
	});

	it('draws the protection that each node has, and a broken line where a join was refused', () => {
		const joins = [
			join('a', { state: 'joining', tls: 'one-way' }),
			join('b', { state: 'refused', tls: 'unverified' }),
			join('c', { state: 'joining', tls: 'unverified' }),
		];
		const [, refused = assert.fail()] = joins;
		const lit = { join: refused, state: stateAt(refused, []) };
		const unlit = protections(scene({ joins, cluster: listed('d') }));
		assert.equal(unlit['b~apiserver-sim'], 'broken');
		const { tls: _, peer: __, ...unconnected } = join('b', { state: 'refused', phase: 'preflight' });
		assert.equal(protections(scene({ joins: [unconnected] }))['b~apiserver-sim'], undefined);
		const line = { tls: 'unverified', peer: 'apiserver-sim', failed: true } as const;
		const found = protections(scene({ joins, cluster: listed('d'), lit: { ...lit, state: { ...lit.state, line } } }));
		assert.deepEqual(
			['a', 'b', 'c', 'd'].map((node) => found[`${node}~apiserver-sim`]),
			['one-way', 'broken', 'unverified', 'mutual'],
		);
	});

	it('shows a Ready node as Ready while a join under its name is refused', () => {
		const joins = [join('a', { state: 'refused', phase: 'tls-bootstrap/check-node-name' })];
		assert.equal(scene({ joins, cluster: listed('a') }).nodes[0]?.node, 'Ready');
		const lit = joins[0] ?? assert.fail();
		assert.equal(
			scene({ joins, cluster: listed('a'), lit: { join: lit, state: stateAt(lit, []) } }).nodes[0]?.node,
			'refused',
		);
	});

	it('ends a refused join at the side that refused it', () => {
		const sideOf = (phase: string) =>
			scene({ joins: [join('a', { state: 'refused', phase, tls: 'one-way' })] }).lines[0]?.refusedBy;
		assert.equal(sideOf('discovery/pin-ca'), 'client');
		assert.equal(sideOf('tls-bootstrap/verify-certificate'), 'client');
		assert.equal(sideOf('tls-bootstrap/read-config'), 'server');
		assert.equal(sideOf('register'), 'server');
		assert.deepEqual(sealsOf('broken', 'client'), [false, undefined]);
		assert.deepEqual(sealsOf('broken', 'server'), [undefined, false]);
	});

	it('draws the lit join as it was at the time that is shown', () => {
		const lit = join('a', { phase: 'register' });
		const before = stateAt(lit, []);
		const state = {
			...before,
			phases: before.phases.map((one, index) => ({ ...one, state: index === 0 ? 'active' : 'waiting' }) as const),
			state: 'joining',
			line: { tls: 'unverified', peer: 'apiserver-sim', failed: false },
		} as const;
		const made = scene({ joins: [lit], cluster: listed('a'), lit: { join: lit, state } });
		assert.equal(protections(made)['a~apiserver-sim'], 'unverified');
		assert.equal(made.nodes[0]?.node, 'joining');
		assert.deepEqual([made.nodes[0]?.life, made.nodes[0]?.cas], [undefined, []]);
		assert.equal(made.nodes[0]?.join?.phase, 'preflight', 'and not the phase of today');
		const trusted = { ...state, clusterTrusts: 'node' } as const;
		const later = scene({ joins: [lit], cluster: listed('a'), lit: { join: lit, state: trusted } });
		assert.equal(later.nodes[0]?.life, certificate);
	});

	it('has the attacker only while a node talks to it', () => {
		const victim = join('a', { state: 'refused', peer: 'attacker-sim' });
		assert.equal(scene({ joins: [victim] }).victim, 'a');
		assert.ok(scene({ joins: [victim] }).parties.has('attacker-sim'));
		assert.equal(scene({ joins: [{ ...victim, peer: 'apiserver-sim' }] }).victim, undefined);
	});

	it('has seen lines in their protection, a store beside its owner, and marks the lines of a stopped service', () => {
		const cluster: Cluster = { ...listed(), services: [{ name: 'ca-service', health: 'away', why: 'stopped' }] };
		const made = scene({
			cluster,
			lines: [line('controller-manager-sim', 'ca-service'), line('ca-service', 'lmdb', { tls: undefined as never })],
		});
		assert.equal(protections(made)['controller-manager-sim~ca-service'], 'mutual');
		assert.equal(made.lines.find(({ to }) => to === 'ca-service')?.down, 'down');
		assert.equal(made.parties.get('store of ca-service')?.store, 'lmdb');
	});

	it('has the lines of telemetry only where they are asked for, and none of them is an attack', () => {
		const lines = [line('ca-service', 'observer', { tls: 'none' }), line('attacker-sim', 'observer', { tls: 'none' })];
		assert.ok(!scene({ lines }).lines.some(({ to }) => to === 'observer'));
		const made = scene({ lines, hasTelemetry: true });
		assert.equal(protections(made)['ca-service~observer'], 'none');
		assert.ok(!made.lines.some(({ protection }) => protection === 'attacker'));
	});

	it('has the lifetime of the certificate that each service presented, and what its lines negotiated', () => {
		const life = { notBeforeMs: NOW - 1_000, notAfterMs: NOW + 1_000 };
		const made = scene({
			lines: [
				line('apiserver-sim', 'token-store', { negotiated: { parameters: ['TLS 1.3'], server: life } }),
				line('controller-manager-sim', 'ca-service', { negotiated: { parameters: ['TLS 1.3'], client: life } }),
			],
		});
		const lives = ['apiserver-sim', 'token-store', 'controller-manager-sim'].map((id) => made.parties.get(id)?.life);
		assert.deepEqual(lives, [undefined, life, life]);
		assert.deepEqual(made.lines.find(({ to }) => to === 'token-store')?.negotiated?.parameters, ['TLS 1.3']);
	});

	it('groups nodes above six, and has a card for the one that is selected', () => {
		const names = Array.from({ length: 20 }, (_, index) => `node-${index}`);
		const { level, cards, tiles } = scene({ cluster: listed(...names), selected: 'node-7' });
		assert.deepEqual([level, cards, tiles.length], ['grouped', ['node-7'], 19]);
		const field = scene({ cluster: listed(...Array.from({ length: 2_000 }, (_, index) => `n-${index}`)) });
		assert.deepEqual([field.level, field.nodes.length, field.cards.length], ['field', 1_000, 0]);
	});

	it('has every padlock and octagon beside the attacker, whose hexagon can be in the way of a line', () => {
		const names = ['a', 'b', 'c', 'd', 'e', 'f'];
		const refused = { state: 'refused', tls: 'unverified', phase: 'discovery/pin-ca' } as const;
		for (const victim of names) {
			const joins = names.map((name) =>
				join(name, { ...refused, peer: name === victim ? 'attacker-sim' : 'apiserver-sim' }),
			);
			const made = scene({ joins });
			const shown = { hasPerson: true, hasStorage: false, hasTelemetry: false, hasNote: true };
			const { level, cards } = made;
			const layout = layoutOf({ level, cards, tiles: 0, victim: made.victim, ...shown }, 1_280, 500);
			const box = layout.boxes.get('attacker-sim') ?? assert.fail();
			const covered = drawnLines(made, layout).filter(({ line: { to }, middle: { x, y } }) => {
				const isInside = x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
				return to === 'apiserver-sim' && isInside;
			});
			assert.deepEqual(covered, []);
		}
	});

	it('merges the lines of idle nodes into one trunk with their number', () => {
		const made = scene({ cluster: listed('a', 'b', 'c'), joins: [join('d', { state: 'joining', tls: 'one-way' })] });
		const layout = layoutOf(
			{
				...{ level: 'single', cards: made.cards, tiles: 0, victim: undefined, hasPerson: true, hasStorage: true },
				...{ hasTelemetry: false, hasNote: false },
			},
			1_280,
			600,
		);
		const drawn = drawnLines(made, layout);
		const trunk = drawn.find(({ kind }) => kind === 'trunk');
		assert.deepEqual([trunk?.line.count, trunk?.line.protection], [3, 'mutual']);
		assert.equal(drawn.filter(({ kind }) => kind === 'branch').length, 3);
		assert.ok(drawn.some(({ kind, line: one }) => kind === 'line' && one.from === 'd'));
	});

	it('moves a message along its line in either direction, or along the trunk of the nodes', () => {
		const names = Array.from({ length: 20 }, (_, index) => `node-${index}`);
		const made = scene({ cluster: listed(...names) });
		const layout = layoutOf(
			{
				...{ level: 'grouped', cards: made.cards, tiles: 20, hasPerson: true, hasStorage: true },
				...{ hasTelemetry: false, hasNote: false },
			},
			1_280,
			600,
		);
		const drawn = drawnLines(made, layout);
		assert.equal(curveFor(drawn, { from: 'node-3', to: 'apiserver-sim' })?.line, 'nodes~apiserver-sim~mutual');
		const forth = curveFor(drawn, { from: 'controller-manager-sim', to: 'apiserver-sim' });
		const back = curveFor(drawn, { from: 'apiserver-sim', to: 'controller-manager-sim' });
		assert.deepEqual([forth?.isReversed, back?.isReversed, back?.line], [false, true, forth?.line]);
		assert.equal(curveFor(drawn, { from: 'a', to: 'b' }), undefined);
	});
});
