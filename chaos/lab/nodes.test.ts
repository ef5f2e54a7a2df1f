import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { hasCode } from '../../lib/errors.ts';
import { generateKeyPair, type KeyPair } from '../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, nodeObject, requestOf, workerOf } from './context.fixture.ts';
import {
	identityOf,
	type JoinFlags,
	joinNode,
	nodeNames,
	nodeOf,
	nodeText,
	removeNode,
	rotations,
	withOneDigitChanged,
} from './nodes.ts';

const token = 'abcdef.0123456789abcdef';
const pin = `sha256:${'0a'.repeat(32)}`;

describe('the outcome of a node', () => {
	const output =
		'[preflight] …\nerror execution phase preflight: no\n  code:          CA_HASH_MISMATCH (discovery/pin-ca)\n';
	const first = (changes: object) => nodeText(workerOf('n', changes)).split('\n')[0];

	it('is waiting, then joined; it is paused while the process is paused', () => {
		assert.equal(first({}), 'n: waiting');
		assert.equal(first({ hasServed: true }), 'n: joined');
		assert.equal(first({ hasServed: true, state: 'paused' }), 'n: paused');
	});

	it('is refused with the last printed code, or ended with its exit code or signal', () => {
		assert.equal(first({ state: 'ended', exitCode: 1, output }), 'n: refused CA_HASH_MISMATCH, exit code 1');
		assert.equal(
			first({ state: 'ended', exitCode: 1, output: `${output}${output.replace('CA_HASH_MISMATCH', 'CSR_DENIED')}` }),
			'n: refused CSR_DENIED, exit code 1',
		);
		assert.equal(first({ state: 'ended', exitCode: 0, hasServed: true }), 'n: ended, exit code 0');
		assert.equal(first({ state: 'ended' }), 'n: ended, by a signal');
	});

	it('ignores an error code while the node runs', () => {
		assert.equal(first({ output }), 'n: waiting');
	});

	it('is followed by the output of the node', () => {
		assert.equal(nodeText(workerOf('n', { output: 'a\nb' })), 'n: waiting\na\nb');
	});
});

describe('rotations', () => {
	const line = (node: string, at: string) =>
		`[kubelet] ${node} rotated its client certificate at ${at}, serial 0a1f, valid until 2026-06-02T00:00:00Z`;

	it('reads node, microseconds and serial, in order', () => {
		const output = [
			line('n-1', '2026-06-01T00:00:00.000001Z'),
			'something else',
			line('n-2', '2026-06-01T00:00:01Z'),
			line('n-1', '2026-06-01T00:00:02.5Z'),
		].join('\n');
		const startMicros = Date.UTC(2026, 5, 1) * 1_000;
		assert.deepEqual(rotations(output), [
			{ node: 'n-1', atMicros: startMicros + 1, serial: '0a1f' },
			{ node: 'n-2', atMicros: startMicros + 1_000_000, serial: '0a1f' },
			{ node: 'n-1', atMicros: startMicros + 2_500_000, serial: '0a1f' },
		]);
	});

	it('finds none in similar lines', () => {
		assert.deepEqual(rotations(`x ${line('n', '2026-06-01T00:00:00Z')}`), []);
		assert.deepEqual(rotations(line('n', '2026-06-01T00:00:00')), []);
	});

	it('never throws, and returns complete records only', () => {
		const noise = fc.oneof(
			fc.string({ unit: 'binary' }),
			fc.string().map((at) => line('n', at)),
		);
		fc.assert(
			fc.property(fc.array(noise), (lines) =>
				rotations(lines.join('\n')).every(
					({ node, atMicros, serial }) => node !== '' && Number.isFinite(atMicros) && /^[0-9a-f]+$/.test(serial),
				),
			),
		);
	});
});

describe('a wrong pin', () => {
	it('differs from the right one in one digit, and is of the same form', () => {
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
				(digits) => {
					const right = `sha256:${digits}`;
					const wrong = withOneDigitChanged(right);
					assert.match(wrong, /^sha256:[0-9a-f]{64}$/);
					assert.equal([...wrong].filter((digit, index) => digit !== right[index]).length, 1);
					assert.equal(
						wrong.slice(0, -1),
						right.slice(0, -1),
						'the last digit, so that a shortened comparison is found',
					);
				},
			),
		);
	});
});

describe('a node of an experiment', () => {
	let context: FakeContext;
	let keyPair: KeyPair;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	beforeEach(async () => {
		context = fakeContext();
		const bootstrapToken = { apiServerEndpoint: '127.0.0.1:6443', token, caCertHashes: [pin] };
		await context.write('tokens/t.yaml', {
			apiVersion: 'kubeadm.k8s.io/v1beta4',
			kind: 'JoinConfiguration',
			discovery: { bootstrapToken },
		});
	});
	afterEach(() => context.remove());
	const flags: JoinFlags = { token: 't', pin: 'right', discovery: '8s', bootstrap: '30s', wait: false, within: 1 };
	const configOf = async (name: string) => parse(await readFile(join(context.directory, `nodes/${name}.yaml`), 'utf8'));

	it('joins with a file that only its owner can read and no token in its command line', async () => {
		assert.equal((await joinNode(context, 'n', flags)).split('\n')[0], 'n: waiting');
		const { discovery, timeouts } = await configOf('n');
		assert.deepEqual(discovery.bootstrapToken, { apiServerEndpoint: '127.0.0.1:6443', token, caCertHashes: [pin] });
		assert.deepEqual(timeouts, { discovery: '8s', tlsBootstrap: '30s' });
		assert.equal(statSync(join(context.directory, 'nodes/n.yaml')).mode & 0o777, 0o600);
		assert.ok(!JSON.stringify(context.started).includes('0123456789abcdef'));
		assert.deepEqual(context.started[0]?.args.slice(0, 7), [
			'join',
			'--config',
			join(context.directory, 'nodes/n.yaml'),
			'--node-name',
			'n',
			'--root',
			join(context.directory, 'nodes/n'),
		]);
	});

	it('joins with another pin, attacker, endpoint, token, pause or clock', async () => {
		await context.write('attackers/m.report.json', { listening: '127.0.0.1:7' });
		await joinNode(context, 'a', { ...flags, pin: 'none', through: 'm', skipCaVerification: true });
		assert.deepEqual((await configOf('a')).discovery.bootstrapToken, {
			apiServerEndpoint: '127.0.0.1:7',
			token,
			caCertHashes: [],
			unsafeSkipCAVerification: true,
		});
		await joinNode(context, 'b', {
			...flags,
			pin: 'sha512:x',
			endpoint: 'h:1',
			tokenText: 'short',
			pauseAfter: 'x',
			clock: '+1s',
		});
		assert.deepEqual((await configOf('b')).discovery.bootstrapToken, {
			apiServerEndpoint: 'h:1',
			token: 'short',
			caCertHashes: ['sha512:x'],
		});
		assert.deepEqual([context.started[1]?.pauseAfter, context.started[1]?.clock], ['x', '+1s']);
	});

	it('gets one name for each node of a process', async () => {
		await joinNode(context, 'n', { ...flags, nodes: 3 });
		assert.deepEqual(await nodeNames(context), ['n-1', 'n-2', 'n-3']);
		assert.deepEqual(context.started[0]?.args.slice(-2), ['--nodes', '3']);
	});

	it('has an identity with a certificate on disk, a Node, or an issued certificate', async () => {
		await joinNode(context, 'n', { ...flags, nodeName: 'real' });
		assert.equal(await identityOf(context, 'n'), undefined);
		context.requests.push(requestOf('other', 'somebody', keyPair), requestOf('c', 'real', keyPair));
		assert.equal(await identityOf(context, 'n'), 'the CA has signed c for real');
		context.nodes.push(nodeObject('real', true));
		assert.equal(await identityOf(context, 'n'), 'the cluster lists real');
	});

	it('is removed with its Node, Lease, requests and files, and nothing else', async () => {
		await joinNode(context, 'n', flags);
		context.nodes.push(nodeObject('n', true), nodeObject('m', true));
		context.requests.push(requestOf('mine', 'n', keyPair), requestOf('other', 'm', keyPair));
		await removeNode(context, 'n');
		assert.deepEqual(
			context.nodes.map(({ metadata }) => metadata.name),
			['m'],
		);
		assert.deepEqual(
			context.requests.map(({ metadata }) => metadata.name),
			['other'],
		);
		assert.deepEqual(
			[context.workers.length, existsSync(join(context.directory, 'nodes/n.yaml')), await nodeNames(context)],
			[0, false, []],
		);
	});

	it('reports LAB_NOT_FOUND with the known names', async () => {
		await joinNode(context, 'n', flags);
		await assert.rejects(
			identityOf(context, 'm'),
			(error) => hasCode(error, 'LAB_NOT_FOUND') && error.message === 'there is no node "m"; known: n',
		);
		await assert.rejects(joinNode(context, 'x', { ...flags, token: 'u' }), (error) => hasCode(error, 'LAB_NOT_FOUND'));
	});

	it('finds no node in requests of other kinds and in invalid ones', () => {
		const [request] = [requestOf('c', 'n', keyPair)];
		assert.equal(nodeOf(request), 'n');
		assert.equal(nodeOf({ ...request, spec: { ...request.spec, request: 'bm9uc2Vuc2U=' } }), undefined);
	});
});
