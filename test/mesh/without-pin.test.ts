/** A join that asks for less safety gets it and is warned; one that does not ask is refused; and a pin that is given counts all the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../../lib/process-supervisor.ts';
import { nodePlan } from '../../scripts/mesh/services.ts';
import { runToEnd, startTestMesh, type TestMesh } from './mesh.ts';

describe('a join without a pin', function () {
	this.timeout(60_000);
	let mesh: TestMesh;
	let token: string;
	before(async () => {
		mesh = await startTestMesh();
		token = await mesh.createToken();
	});
	after(() => mesh?.stopAndRemove());

	/** With flags, as a person types them. */
	const plan = (flags: readonly string[]) => {
		const { args = [], ...rest } = nodePlan('unpinned', 'none', '', { ...mesh, store: 'lmdb' });
		return { ...rest, args: ['join', mesh.endpoint, '--token', token, ...args.slice(3), ...flags] };
	};
	const joinWith = (flags: readonly string[]) => runToEnd(plan(flags));

	it('that does not ask for it: exit code 3, in upstream’s words', async () => {
		const { code, stderr } = await joinWith([]);
		assert.equal(code, 3);
		assert.match(
			stderr,
			/using token-based discovery without caCertHashes can be unsafe\. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue/,
		);
	});

	it('with a pin of another key: CA_HASH_MISMATCH, whatever else is asked for', async () => {
		const pin = `sha256:${'0'.repeat(64)}`;
		const { code, stderr } = await joinWith([
			'--discovery-token-unsafe-skip-ca-verification',
			'--discovery-token-ca-cert-hash',
			pin,
		]);
		assert.equal(code, 1);
		assert.match(stderr, /CA_HASH_MISMATCH \(discovery\/pin-ca\)/);
	});

	it('that asks for it: the signature alone is believed, the API server is asked once, and a warning says what that means', async () => {
		const lines: string[] = [];
		const events = {
			onLine: (_name: string, line: string) => void lines.push(line),
			onCrash: () => undefined,
			onGiveUp: () => undefined,
		};
		const node = startChild(plan(['--discovery-token-unsafe-skip-ca-verification']), events);
		await node.started();
		await node.stop();
		assert.ok(lines.some((line) => /WARNING: .*anybody who has the token can pretend to be the cluster/.test(line)));
		const discovery = lines.flatMap((line) => /^\[(discovery\/\S+)\] .* \(\d+ ms\)$/.exec(line)?.[1] ?? []);
		assert.deepEqual(discovery, [
			'discovery/fetch-cluster-info',
			'discovery/verify-signature',
			'discovery/trust-without-pin',
		]);
		assert.equal(readFileSync(join(mesh.state, 'nodes', 'unpinned', 'etc/kubernetes/pki/ca.crt'), 'utf8'), mesh.ca);
		assert.ok(!lines.join('\n').includes(token.slice(7)), 'the token was printed');
	});
});
