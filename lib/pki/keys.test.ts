import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { generateKeyPair, keyAlgorithms, readPrivateKey, writePrivateKey } from './keys.ts';

const malformed = (error: unknown) => hasCode(error, 'KEY_MALFORMED');

describe('keys', () => {
	for (const algorithm of keyAlgorithms) {
		it(`writes and reads ${algorithm} in the form of the component that has such keys`, async () => {
			const { privateKey } = await generateKeyPair(algorithm);
			const pem = writePrivateKey(privateKey);
			assert.ok(pem.startsWith(`-----BEGIN ${algorithm === 'RSA-2048' ? 'RSA' : 'EC'} PRIVATE KEY-----\n`));
			assert.ok(readPrivateKey(pem).equals(privateKey));
			assert.ok(readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()).equals(privateKey));
		});
	}

	it('KEY_MALFORMED', async () => {
		const pem = writePrivateKey((await generateKeyPair('ECDSA-P256')).privateKey);
		assert.throws(() => readPrivateKey(pem + pem), malformed);
		assert.throws(() => readPrivateKey(pem.replaceAll('EC PRIVATE', 'PUBLIC')), malformed);
		assert.throws(
			() =>
				readPrivateKey(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
			malformed,
		);
		fc.assert(fc.property(fc.nat(pem.length - 1), (length) => malformedOnly(pem.slice(0, length))));
	});
});

function malformedOnly(pem: string): boolean {
	try {
		readPrivateKey(pem);
		return true;
	} catch (error) {
		return malformed(error);
	}
}
