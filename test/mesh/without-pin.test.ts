/** A join without a pin needs an explicit option and prints a warning. A given pin is always compared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../../lib/process-supervisor.ts';
import { nodePlan } from '../../scripts/mesh/services.ts';
import { collectLines, runToEnd, startTestMesh, type TestMesh } from './mesh.ts';

describe('a join without a pin', () => {
	let mesh: TestMesh;
	let token: string;
	before(async () => {
		mesh = await startTestMesh();
		token = await mesh.createToken();
	});
	after(() => mesh?.stopAndRemove());

	/** Runs kubelet-sim with flags. */
	const plan = (flags: readonly string[]) => {
		const { args = [], ...rest } = nodePlan('unpinned', 'none', '', { ...mesh, store: 'lmdb' });
		return { ...rest, args: ['join', mesh.endpoint, '--token', token, ...args.slice(3), ...flags] };
	};
	const joinWith = (flags: readonly string[]) => runToEnd(plan(flags));

	it('fails with exit code 1 and upstream’s text, without the option', async () => {
		const { code, stderr } = await joinWith([]);
		assert.equal(code, 1);
		assert.match(
			stderr,
			/using token-based discovery without caCertHashes can be unsafe\. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue/,
		);
	});

	it('fails with CA_HASH_MISMATCH if a pin is given, also with the option', async () => {
		const pin = `sha256:${'0'.repeat(64)}`;
		const { code, stderr } = await joinWith([
			'--discovery-token-unsafe-skip-ca-verification',
			'--discovery-token-ca-cert-hash',
			pin,
		]);
		assert.equal(code, 1);
		assert.match(stderr, /CA_HASH_MISMATCH \(discovery\/pin-ca\)/);
	});

	it('trusts the signature alone, requests cluster-info once, and prints a warning', async () => {
		const lines: string[] = [];
		const node = startChild(plan(['--discovery-token-unsafe-skip-ca-verification']), collectLines(lines));
		await node.started();
		await node.stop();
		assert.ok(lines.some((line) => /WARNING: .*any server that has the token can impersonate the cluster/.test(line)));
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
