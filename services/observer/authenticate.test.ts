import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../lib/errors.ts';
import { deriveTracesKey, tracedPrograms } from '../../lib/traces-key.ts';
import { createAuthenticate } from './authenticate.ts';

const rootKey = 'r'.repeat(43);

describe('the sender of traces', () => {
	const authenticate = createAuthenticate(rootKey);
	const refuses = (authorization: string | undefined) =>
		assert.throws(
			() => authenticate(authorization),
			(error: unknown) => hasCode(error, 'TRACES_UNAUTHENTICATED') && !String(error).includes(rootKey),
			authorization,
		);

	it('is the program whose key the request presents', () => {
		for (const program of tracedPrograms) {
			const key = deriveTracesKey(rootKey, program);
			assert.match(key, /^[A-Za-z0-9_-]{43}$/);
			assert.equal(authenticate(`Bearer ${key}`), program);
			assert.equal(authenticate(`bearer ${key}`), program);
		}
	});

	it('has a key that no other program and no other mesh has', () => {
		const keys = [rootKey, 'another'].flatMap((root) => tracedPrograms.map((one) => deriveTracesKey(root, one)));
		assert.equal(new Set(keys).size, 2 * tracedPrograms.length);
	});

	it('needs the exact key: not the root key, a part of the key, a longer one, or that of another mesh', () => {
		const key = deriveTracesKey(rootKey, 'kubelet-sim');
		for (const authorization of [
			undefined,
			'',
			'Bearer',
			'Bearer ',
			key,
			`Basic ${key}`,
			`Bearer ${rootKey}`,
			`Bearer ${key.slice(1)}`,
			`Bearer ${key}x`,
			`Bearer ${key} ${key}`,
			`Bearer ${key},Bearer ${key}`,
			`Bearer ${key.toLowerCase()}`,
			`Bearer ${deriveTracesKey('another', 'kubelet-sim')}`,
		])
			refuses(authorization);
		fc.assert(fc.property(fc.string(), (text) => refuses(`Bearer ${text}`)));
	});
});
