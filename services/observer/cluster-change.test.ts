import assert from 'node:assert/strict';
import type { Cluster, ClusterChange } from './api.ts';
import { changeOf, piecesOf } from './cluster-change.ts';
import { changedCluster, emptyCluster } from './page/cluster-state.ts';

const node = (name: string, heartbeatMs = 1) => ({ name, status: 'Ready' as const, heartbeatMs });
const empty: Cluster = { atMs: 1, nodes: [], tokens: [], requests: [], leases: [], events: [], services: [] };
const [a, b, c] = [node('a'), node('b'), node('c')];

describe('a change of the cluster', () => {
	const change = (before: Cluster | undefined, now: Cluster): ClusterChange => changeOf(before, now) ?? assert.fail();

	it('has the rows that are new, changed or removed, and the parts that changed', () => {
		const before = { ...empty, nodes: [a, b, c], services: [{ name: 'ca-service', health: 'ok' as const }] };
		const [later, fourth] = [node('b', 2), node('d')];
		const now = { ...before, atMs: 2, nodes: [fourth, later, c], problem: 'x' };
		assert.deepEqual(change(before, now), {
			...{ atMs: 2, problem: 'x' },
			rows: { nodes: { set: [fourth, later], removedNames: ['a'] } },
		});
	});

	it('has everything for a reader that knows nothing', () => {
		const { tokens, events, services } = empty;
		assert.deepEqual(change(undefined, { ...empty, nodes: [a] }), {
			...{ atMs: 1, tokens, events, services },
			rows: { nodes: { set: [a], removedNames: [] } },
		});
	});

	it('is none while only the time of the read changes, also if small parts were made again', () => {
		const read = (atMs: number) => ({ ...empty, atMs, services: [{ name: 'ca-service', health: 'ok' as const }] });
		assert.equal(changeOf(read(1), read(2)), undefined);
		assert.equal(changeOf({ ...empty, nodes: [a] }, { ...empty, nodes: [a] }), undefined);
	});

	it('arrives in pieces of 500 rows', () => {
		const many = Array.from({ length: 1_201 }, (_, index) => node(`n${index}`));
		const leases = [{ name: 'n0', holder: 'n0', createdMs: 0, renewedMs: 0 }];
		const tokens = [{ id: 'abcdef', expiresMs: 0, usages: [], description: '' }];
		const full = { ...empty, nodes: many, leases, tokens };
		let state = emptyCluster;
		const apply = (one: ClusterChange) =>
			[...piecesOf(one)].map((piece) => (state = changedCluster(state, JSON.parse(JSON.stringify(piece)))));
		const shown = apply(change(undefined, full));
		assert.deepEqual(
			shown.map((one) => one.nodes.length),
			[500, 1_000, 1_201, 1_201, 1_201],
		);
		assert.deepEqual(shown.at(-1), {
			...full,
			problem: undefined,
			nodes: many.toSorted((x, y) => (x.name < y.name ? -1 : 1)),
		});
		const fewer = { ...full, nodes: many.slice(600) };
		assert.deepEqual(
			apply(change(full, fewer)).map((one) => one.nodes.length),
			[701, 601, 601],
		);
	});
});

describe('the state of the cluster in the page', () => {
	const rows = (set: object[], removedNames: string[] = []) =>
		({ nodes: { set, removedNames } }) as ClusterChange['rows'];
	const names = (cluster: Cluster | undefined) => cluster?.nodes.map(({ name, heartbeatMs }) => [name, heartbeatMs]);

	it('sorts by name, replaces rows, and keeps unchanged ones', () => {
		const first = changedCluster(emptyCluster, { atMs: 1, rows: rows([c, a]) });
		assert.deepEqual(names(first), [
			['a', 1],
			['c', 1],
		]);
		const next = changedCluster(first, { atMs: 2, rows: rows([node('a', 5), b], ['c', 'unknown']) });
		assert.deepEqual(names(next), [
			['a', 5],
			['b', 1],
		]);
		const same = changedCluster(next, { atMs: 3, problem: 'it is unavailable', rows: {} });
		assert.deepEqual(same.nodes, next.nodes);
		assert.equal(same.problem, 'it is unavailable');
		assert.equal(changedCluster(same, { atMs: 4, rows: {} }).problem, undefined);
	});
});
