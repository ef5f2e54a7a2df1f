import assert from 'node:assert/strict';
import { hasCode } from '../../../lib/errors.ts';
import { buildCaCertificate } from '../../../lib/pki/certificate.ts';
import { generateKeyPair } from '../../../lib/pki/keys.ts';
import type { SignedKubeconfig } from '../trust.ts';
import { readCluster } from './read-cluster.ts';
import { trustWithoutPin } from './trust-without-pin.ts';

describe('trust-without-pin', () => {
	const said: string[] = [];
	const { run } = trustWithoutPin({ readCluster, say: (line) => void said.push(line) });
	const signed = (cluster: object) =>
		JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] }) as SignedKubeconfig;
	beforeEach(() => void said.splice(0));

	it('returns the signed CA and server, and prints a warning', async () => {
		const pair = await generateKeyPair('ECDSA-P256');
		const ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], notBefore: 0, notAfter: 4e12 }, pair);
		const cluster = { server: 'https://h:6443', 'certificate-authority-data': Buffer.from(ca).toString('base64') };
		assert.deepEqual(await run({ signedKubeconfig: signed(cluster) }), {
			server: { url: 'https://h:6443', target: 'h:6443', ca },
		});
		assert.equal(said.length, 1);
		assert.match(said.join(), /WARNING: .*any server that has the token can impersonate the cluster/);
	});

	it('refuses a missing or malformed CA with CLUSTER_INFO_INVALID', () => {
		for (const data of [{}, { 'certificate-authority-data': Buffer.from('nonsense').toString('base64') }])
			assert.throws(
				() => run({ signedKubeconfig: signed({ server: 'https://h:6443', ...data }) }),
				(error) => hasCode(error, 'CLUSTER_INFO_INVALID'),
			);
	});
});
