import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, nodeObject, printed, requestOf, workerOf } from '../context.fixture.ts';
import { STARTED_AT } from '../context.ts';
import type { AttackReport } from '../faults/attackers.ts';
import { recordHalfJoined } from '../faults/clock-skew.ts';
import { ATTEMPTS } from '../faults/stolen-credentials.ts';
import { certificateOf, kubeconfigOf } from '../nodes.ts';
import {
	type AvailabilityQuestion,
	certificatesBy,
	judgeAvailability,
	judgeSecurity,
	type SecurityQuestion,
} from './judge.ts';

const startedAtMs = Date.UTC(2026, 5, 1);

describe('the verdict on security', () => {
	let keyPair: KeyPair;
	let context: FakeContext;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	beforeEach(async () => {
		context = fakeContext();
		await context.write(STARTED_AT, startedAtMs);
	});
	afterEach(() => context.remove());

	async function judge(question: Partial<SecurityQuestion> = {}): Promise<string> {
		const nothing = {
			attackers: [],
			untouched: [],
			noIdentity: [],
			stolen: [],
			lockedOut: [],
			noCertificateOnDisk: [],
			oneCertificate: [],
			noRestrictedLabels: false,
			attemptsRefused: false,
			noHalfJoined: false,
		};
		return judgeSecurity(context, { ...nothing, ...question });
	}
	async function held(question: Partial<SecurityQuestion>, reason: RegExp): Promise<void> {
		const verdict = await judge(question);
		assert.match(verdict, /^security: held: /);
		assert.match(verdict, reason);
	}
	async function violated(question: Partial<SecurityQuestion>, reason: RegExp): Promise<void> {
		const verdict = await judge(question);
		assert.match(verdict, /^security: violated: /);
		assert.match(verdict, reason);
	}
	const report = (changes: Partial<AttackReport>) =>
		context.write('attackers/m.report.json', {
			listening: '127.0.0.1:1',
			connections: 3,
			tokenBytes: 0,
			captured: [],
			requests: [],
			...changes,
		});
	const keep = (name: string) =>
		context.write(`nodes/${name}.json`, { names: [name], root: join(context.directory, 'nodes', name) });
	function put(path: string): void {
		mkdirSync(join(path, '..'), { recursive: true });
		writeFileSync(path, '');
	}
	const token = (name: string) =>
		context.write(`tokens/${name}.yaml`, { discovery: { bootstrapToken: { token: 'abcdef.0123456789abcdef' } } });

	it('holds with the connections of an attacker that gained nothing', async () => {
		await report({});
		await held({ attackers: ['m'] }, /m received 3 connections and 0 bytes of a token/);
		await report({ connections: 1 });
		await held({ attackers: ['m'] }, /m received 1 connection and 0 bytes of a token/);
	});

	it('is violated by an attacker that received a token or captured a node', async () => {
		await report({ tokenBytes: 16 });
		await violated({ attackers: ['m'] }, /m received 16 bytes of a token's secret/);
		await report({ captured: [{ node: 'n', serial: '01' }] });
		await violated({ attackers: ['m'] }, /m has captured n/);
	});

	it('is violated without a connection to the attacker, unless that is expected', async () => {
		await report({ connections: 0 });
		await violated({ attackers: ['m'] }, /no node connected to m, so the verdict is unknown/);
		await held({ untouched: ['m'] }, /no node connected to m/);
		await report({ connections: 2 });
		await violated({ untouched: ['m'] }, /m received 2 connections/);
	});

	it('reports LAB_NOT_FOUND for an attacker that was never started', async () => {
		await report({});
		await assert.rejects(
			judge({ attackers: ['other'] }),
			(error) => hasCode(error, 'LAB_NOT_FOUND') && error.message.endsWith('known: m'),
		);
	});

	it('is violated by a certificate on disk, a Node, or an issued certificate of a node without right', async () => {
		await keep('n');
		await held({ noIdentity: ['n'] }, /n has no identity/);
		context.requests.push(requestOf('c', 'n', keyPair));
		await violated({ noIdentity: ['n'] }, /the CA has signed c for n/);
		context.requests.length = 0;
		context.nodes.push(nodeObject('n', false));
		await violated({ noIdentity: ['n'] }, /the cluster lists n/);
		context.nodes.length = 0;
		put(await certificateOf(context, 'n'));
		await violated({ noIdentity: ['n'] }, /n has a certificate/);
	});

	it('reports LAB_NOT_FOUND for a node that was never started', async () => {
		await assert.rejects(judge({ noIdentity: ['n'] }), (error) => hasCode(error, 'LAB_NOT_FOUND'));
	});

	it('is not given when the cluster does not answer', async () => {
		await keep('n');
		const away = {
			get: async () => Promise.reject(new KubejoinError('CONNECTION_REFUSED', { target: 'h:1', problem: 'away' })),
		};
		Object.assign(context.api, { nodes: away });
		await assert.rejects(judge({ noIdentity: ['n'] }), (error) => hasCode(error, 'CONNECTION_REFUSED'));
	});

	it('is violated by a certificate that was issued with a stolen token', async () => {
		await token('t');
		const username = 'system:bootstrap:abcdef';
		context.requests.push(
			requestOf('waits', 'n', keyPair, { username, isSigned: false }),
			requestOf('other', 'n', keyPair, { username: 'system:bootstrap:zzzzzz' }),
		);
		await held({ stolen: ['t'] }, /no certificate was issued with the token t/);
		assert.equal(await certificatesBy(context, 'abcdef'), 0);
		context.requests.push(requestOf('c', 'n', keyPair, { username }));
		await violated({ stolen: ['t'] }, /c was issued to a holder of the token t/);
		assert.equal(await certificatesBy(context, 'abcdef'), 1);
	});

	it('is violated by an accepted certificate, and when its acceptance is unknown', async () => {
		await keep('n');
		await violated({ lockedOut: ['n'] }, /n never had a certificate, so the verdict is unknown/);
		const kubeconfig = await kubeconfigOf(context, 'n');
		put(kubeconfig);
		context.answer = () => printed('', 1, 'error: You must be logged in to the server (Unauthorized)');
		await held({ lockedOut: ['n'] }, /the certificate of n is not accepted/);
		assert.deepEqual(context.ran.at(-1), ['kubectl-sim', '--kubeconfig', kubeconfig, 'get', 'node', 'n']);
		context.answer = () => printed('n Ready');
		await violated({ lockedOut: ['n'] }, /the API server still accepts the certificate of n/);
		context.answer = () => printed('', 1, 'connect ECONNREFUSED');
		await violated(
			{ lockedOut: ['n'] },
			/it is unknown whether the certificate of n is accepted: connect ECONNREFUSED/,
		);
	});

	it('is violated by a certificate on disk', async () => {
		await keep('n');
		await held({ noCertificateOnDisk: ['n'] }, /n has no certificate/);
		put(await certificateOf(context, 'n'));
		await violated({ noCertificateOnDisk: ['n'] }, /n has a certificate/);
	});

	it('is violated by no or two certificates for one node', async () => {
		await keep('n');
		await violated({ oneCertificate: ['n'] }, /the CA issued 0 certificates for n/);
		context.requests.push(requestOf('first', 'n', keyPair), requestOf('waits', 'n', keyPair, { isSigned: false }));
		await held({ oneCertificate: ['n'] }, /the CA issued one certificate for n/);
		context.requests.push(requestOf('second', 'n', keyPair));
		await violated({ oneCertificate: ['n'] }, /the CA issued 2 certificates for n/);
	});

	it('is violated by a label that only admins can set', async () => {
		context.nodes.push(nodeObject('n', true, { 'x.example/mine': 'yes' }));
		await held({ noRestrictedLabels: true }, /no node has a label that only admins can set/);
		context.nodes.push(nodeObject('m', true, { 'node-restriction.kubernetes.io/secret': 'yes' }));
		await violated({ noRestrictedLabels: true }, /m has a label of node-restriction/);
		await held({}, /no other node joined/);
	});

	it('is violated by an allowed attempt, and without attempts', async () => {
		await violated({ attemptsRefused: true }, /no stolen credential was used, so the verdict is unknown/);
		await context.write(ATTEMPTS, [{ command: 'call-service', outcome: 'outcome: refused API_UNAUTHORIZED' }]);
		await held({ attemptsRefused: true }, /every request with a stolen credential was refused/);
		await context.write(ATTEMPTS, [
			{ command: 'call-service', outcome: 'outcome: refused API_UNAUTHORIZED' },
			{ command: 'sign', outcome: 'outcome: allowed' },
		]);
		await violated({ attemptsRefused: true }, /sign: outcome: allowed$/);
		await context.write(ATTEMPTS, [{ command: 'sign', outcome: '' }]);
		await violated({ attemptsRefused: true }, /sign: $/);
	});

	it('is violated by a node that has not joined and has an identity', async () => {
		await keep('joined');
		await keep('n');
		put(await certificateOf(context, 'joined'));
		context.workers.push(
			workerOf('joined', { hasServed: true }),
			workerOf('n', { state: 'ended' }),
			workerOf('m', { program: 'attacker-sim' }),
		);
		await held({ noHalfJoined: true }, /every node has joined or has no identity/);
		put(await certificateOf(context, 'n'));
		await violated({ noHalfJoined: true }, /n has a certificate/);
	});

	it('keeps the violation by a half-joined node that was removed', async () => {
		await recordHalfJoined(context, 'ca-service +600s: it has a certificate');
		await violated({ noHalfJoined: true }, /ca-service \+600s: it has a certificate/);
	});

	it('is violated by any other node that joined during the experiment', async () => {
		await keep('n');
		context.requests.push(
			requestOf('before', 'stranger', keyPair, { createdAtMs: startedAtMs - 1_000 }),
			requestOf('ours', 'n', keyPair, { createdAtMs: startedAtMs + 5_000 }),
			requestOf('waits', 'stranger', keyPair, { createdAtMs: startedAtMs + 5_000, isSigned: false }),
		);
		await held({}, /no other node joined/);
		context.requests.push(requestOf('c', 'stranger', keyPair, { createdAtMs: startedAtMs + 5_000 }));
		await violated({}, /stranger joined, and does not belong to this experiment/);
	});

	it('is violated without an experiment', async () => {
		context.remove();
		assert.match(await judge(), /violated: no experiment runs, so the verdict is unknown/);
	});

	it('contains every reason', async () => {
		await report({ tokenBytes: 16 });
		await violated({ attackers: ['m'], attemptsRefused: true }, /m received 16 bytes.*; no stolen credential was used/);
	});
});

describe('the verdict on availability', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());
	/** Time passes only while the verdict waits: each name's Lease is renewed then. */
	async function judge(question: Partial<AvailabilityQuestion> = {}, beating: readonly string[] = []): Promise<string> {
		let times = 0;
		return judgeAvailability(context, { ready: [], withinSeconds: 0.5, ...question }, async () => {
			await setImmediate();
			times++;
			for (const name of beating) beat(name, new Date(times * 1_000).toISOString());
		});
	}
	function beat(name: string, renewTime: string): void {
		const index = context.leases.findIndex(({ metadata }) => metadata.name === name);
		context.leases.splice(Math.max(index, 0), index < 0 ? 0 : 1, {
			apiVersion: 'coordination.k8s.io/v1',
			kind: 'Lease',
			metadata: { name },
			spec: { renewTime },
		});
	}

	it('holds when every node is Ready and renews its Lease after the question', async () => {
		context.nodes.push(nodeObject('n', true));
		beat('n', '2026-06-01T00:00:00.000000Z');
		assert.match(
			await judge({}, ['n']),
			/^availability: held after \d+\.\d s: every node of the mesh is Ready, with a heartbeat .*: n at 1970-\S+Z$/,
		);
		assert.match(await judge({ ready: ['n'] }, ['n']), /: n and every node of the mesh are Ready, with a heartbeat/);
	});

	it('is violated by a node that was killed and is still Ready', async () => {
		context.nodes.push(nodeObject('n', true), nodeObject('killed', true), nodeObject('never', true));
		beat('killed', '2026-06-01T00:00:00.000000Z');
		assert.equal(
			await judge({}, ['n']),
			'availability: violated: after 0.5 s killed, never sent no heartbeat since the question. ' +
				'Start it again, or remove it with "kubectl-sim delete node killed never"',
		);
	});

	it('ignores nodes outside of the mesh, and requires the nodes of the mesh', async () => {
		context.nodes.push(nodeObject('own', true), nodeObject('stopped-by-a-person', false));
		const { info } = context;
		Object.assign(context, { info: { ...info, nodes: ['own'] } });
		assert.match(await judge({}, ['own']), /^availability: held/);
		Object.assign(context, { info: { ...info, nodes: ['own', 'stopped-by-a-person'] } });
		assert.match(await judge({}, ['own']), /stopped-by-a-person is not Ready\. Start it again, or remove it with/);
		assert.match(await judge({ ready: ['stopped-by-a-person'] }, ['own']), /stopped-by-a-person is not Ready/);
	});

	it('accepts a new Lease as a heartbeat, but not one without a time', async () => {
		context.nodes.push(nodeObject('n', true));
		beat('n', '');
		assert.match(await judge(), /n sent no heartbeat/);
		context.leases.length = 0;
		assert.match(await judge({}, ['n']), /^availability: held/);
	});

	it('requires each of a hundred nodes, and names a few', async () => {
		const names = Array.from({ length: 100 }, (_, index) => `n-${index + 1}`);
		context.nodes.push(...names.map((name) => nodeObject(name, true)));
		assert.match(await judge({ withinSeconds: 5 }, names), /n-8 at \S+, and 92 more$/);
		assert.match(await judge({}, names.slice(0, 99)), /violated: after 0.5 s n-100 sent no heartbeat/);
	});

	it('is violated by a node that is not Ready or missing', async () => {
		context.nodes.push(nodeObject('n', false));
		const remedy = 'Start it again, or remove it with "kubectl-sim delete node n"';
		assert.equal(await judge(), `availability: violated: after 0.5 s n is not Ready. ${remedy}`);
		assert.equal(
			await judge({ ready: ['gone'] }),
			`availability: violated: after 0.5 s gone is not in the cluster; n is not Ready. ${remedy}`,
		);
	});

	it('requires a node of an experiment only when it is asked for, also in a shared process', async () => {
		context.nodes.push(nodeObject('x', false), nodeObject('many-1', false));
		context.workers.push(workerOf('x'));
		await context.write('nodes/many.json', { names: ['many-1', 'many-2'], root: '/root' });
		assert.match(await judge(), /^availability: held .*no node has joined$/);
		assert.equal(await judge({ ready: ['x'] }), 'availability: violated: after 0.5 s x is not Ready');
	});

	it('is violated when the API server does not answer', async () => {
		Object.assign(context.api, {
			nodes: {
				list: async () => Promise.reject(new KubejoinError('CONNECTION_REFUSED', { target: 'h:1', problem: 'away' })),
			},
		});
		assert.match(await judge(), /^availability: violated: after 0.5 s the API server did not answer: /);
	});
});
