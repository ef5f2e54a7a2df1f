import assert from 'node:assert/strict';
import type { Secret } from '../../lib/kube/types.ts';
import { verifyDetached } from '../../lib/pki/jws.ts';
import { signWithTokens } from './sign.ts';

const now = Date.parse('2026-01-31T12:00:00Z');
const half = '0123456789abcdef';

function token(id: string, changes: Record<string, string> = {}, name = `bootstrap-token-${id}`): Secret {
	const data = { 'token-id': id, 'token-secret': half, 'usage-bootstrap-signing': 'true', ...changes };
	const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
	return {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name },
		type: 'bootstrap.kubernetes.io/token',
		data: Object.fromEntries(encoded),
	};
}
const signers = (...tokens: Secret[]) => signWithTokens(tokens, 'content', now).map(({ tokenId }) => tokenId);

describe('signing with bootstrap tokens', () => {
	it('one signature for each token that may sign', () => {
		const signatures = signWithTokens(
			[token('aaaaaa'), token('bbbbbb', { expiration: '2026-01-31T12:00:01Z' })],
			'content',
			now,
		);
		assert.deepEqual(
			signatures.map(({ tokenId }) => tokenId),
			['aaaaaa', 'bbbbbb'],
		);
		for (const { tokenId, jws } of signatures) assert.ok(verifyDetached(jws, 'content', tokenId, half));
	});

	it('a token signs only if its name is one, its id fits, it has a secret, has not expired and is for signing', () => {
		assert.deepEqual(signers(token('aaaaaa', {}, 'token-aaaaaa')), []);
		assert.deepEqual(signers(token('aaaaaa', { 'token-id': 'bbbbbb' })), []);
		assert.deepEqual(signers(token('aaaaaa', { 'token-id': '' })), []);
		assert.deepEqual(signers(token('aaaaaa', { 'token-secret': '' })), []);
		assert.deepEqual(signers(token('aaaaaa', { expiration: '2026-01-31T12:00:00Z' })), []);
		assert.deepEqual(signers(token('aaaaaa', { expiration: 'soon' })), []);
		assert.deepEqual(signers(token('aaaaaa', { 'usage-bootstrap-signing': 'yes' })), []);
	});
});
