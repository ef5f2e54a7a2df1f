import assert from 'node:assert/strict';
import type { Secret } from '../../lib/kube/types.ts';
import { tokensIn } from './stolen-tokens.ts';

const secret = (type: string, data: Record<string, string>): Secret => ({
	apiVersion: 'v1',
	kind: 'Secret',
	metadata: {},
	type,
	data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});

it('stolen tokens are read only from bootstrap token Secrets', () => {
	const data = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' };
	const secrets = [
		secret('bootstrap.kubernetes.io/token', data),
		secret('Opaque', data),
		secret('bootstrap.kubernetes.io/token', { 'token-id': 'abcdef' }),
	];
	assert.deepEqual(tokensIn(secrets), [{ id: 'abcdef', secret: '0123456789abcdef' }]);
});
