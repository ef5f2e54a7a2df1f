import assert from 'node:assert/strict';
import { hasCode } from '../../../lib/errors.ts';
import { signDetached } from '../../../lib/pki/jws.ts';
import { verifySignature } from './verify-signature.ts';

const discoveryToken = { id: 'abcdef', secret: '0123456789abcdef' };
const kubeconfig = 'the text\n';
const signature = signDetached(kubeconfig, discoveryToken.id, discoveryToken.secret);

describe('verify-signature', () => {
	const run = (claimedClusterInfo: { kubeconfig: string; signature: string }, token = discoveryToken) =>
		verifySignature.run({ claimedClusterInfo, discoveryToken: token });

	it('returns the exact text signed by a holder of the token', async () => {
		assert.deepEqual(await run({ kubeconfig, signature }), { signedKubeconfig: kubeconfig });
	});

	it('refuses every other text, signature, ID and secret, and the algorithm none', () => {
		const [header = '', , mac = ''] = signature.split('.');
		const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'abcdef' })).toString('base64url');
		const other = signDetached(kubeconfig, discoveryToken.id, 'fedcba9876543210');
		const cases: readonly (readonly [string, string, typeof discoveryToken?])[] = [
			[`${kubeconfig}\n`, signature],
			['the text', signature],
			[kubeconfig, ''],
			[kubeconfig, '..'],
			[kubeconfig, `${header}..`],
			[kubeconfig, `${none}..`],
			[kubeconfig, `${none}..${mac}`],
			[kubeconfig, `${signature}=`],
			[kubeconfig, signature.slice(0, -1)],
			[kubeconfig, 'x'.repeat(signature.length)],
			[kubeconfig, other],
			[kubeconfig, signature, { ...discoveryToken, id: 'abcdeg' }],
			[kubeconfig, signature, { ...discoveryToken, secret: '0123456789abcdeg' }],
		];
		for (const [text, signed, token] of cases)
			assert.throws(
				() => run({ kubeconfig: text, signature: signed }, token),
				(error) => hasCode(error, 'CLUSTER_INFO_SIGNATURE_INVALID'),
				signed,
			);
	});
});
