import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../lib/errors.ts';
import { deriveTracesKey, tracedPrograms } from '../../lib/traces-key.ts';
import { createAuthenticate } from './authenticate.ts';

const rootKey = 'r'.repeat(43);

describe('who sends traces', () => {
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

	it('no two programs, and no two meshes, have the same key', () => {
		const keys = [rootKey, 'another'].flatMap((root) => tracedPrograms.map((one) => deriveTracesKey(root, one)));
		assert.equal(new Set(keys).size, 2 * tracedPrograms.length);
	});

	it('TRACES_UNAUTHENTICATED: no key, the root key, a part of a key, more than a key, a key of another mesh', () => {
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
