import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { makeCertificate } from './fixtures.test.ts';
import { generateKeyPair, keyAlgorithms, readPrivateKey, spkiOf, writePrivateKey, writePublicKey } from './keys.ts';

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

	it('reads the first private key and ignores text around it', async () => {
		const { privateKey } = await generateKeyPair('ECDSA-P256');
		const pem = writePrivateKey(privateKey);
		const other = writePrivateKey((await generateKeyPair('ECDSA-P256')).privateKey);
		// As `openssl ecparam -name prime256v1 -genkey` writes it.
		const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
		for (const text of [
			parameters + pem,
			`a comment\n${pem}another\n`,
			pem + other,
			pem.replaceAll('\n', '\r\n'),
			`\uFEFF${pem}`,
			pem.replace(/[A-Za-z0-9+/=]{64}/, '$& \t'),
		])
			assert.ok(readPrivateKey(text).equals(privateKey), text);
		const ed25519 = generateKeyPairSync('ed25519').privateKey;
		assert.ok(readPrivateKey(writePrivateKey(ed25519)).equals(ed25519));
	});

	it('KEY_MALFORMED names the block that it found', async () => {
		const { privateKey, publicKey } = await generateKeyPair('ECDSA-P256');
		const pem = writePrivateKey(privateKey);
		const { certificate } = await makeCertificate({ commonName: 'a' });
		const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' });
		const old = privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' });
		const cases: readonly (readonly [text: string, problem: RegExp])[] = [
			['', /it is empty$/],
			['hello', /it has no PEM block$/],
			[certificate.toString(), /no PEM block of a private key: found CERTIFICATE$/],
			[writePublicKey(publicKey), /found PUBLIC KEY$/],
			['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', /found OPENSSH PRIVATE KEY$/],
			[encrypted.toString(), /it is encrypted$/],
			[old.toString(), /it is encrypted$/],
			[pem.slice(0, -10), /begins on line 1 has no END line of its type$/],
			[pem.replace(/\nM/, '\n!'), /begins on line 1 are not base64$/],
			[pem.replaceAll('EC PRIVATE', 'RSA PRIVATE'), /RSA PRIVATE KEY are not a key( of that type)?$/],
			[pem.replaceAll('\n', '\\n'), /two characters \\n$/],
			[pem.replaceAll('-----BEGIN', '  -----BEGIN'), /does not begin at the start of a line$/],
			[Buffer.from(pem).toString('base64'), /it is the base64 of a PEM text; decode it once$/],
			[Buffer.from(`\uFEFF${pem}`, 'utf16le').toString('utf8'), /it is UTF-16 or binary/],
			[spkiOf(publicKey).toString('latin1'), /it is (DER|UTF-16 or binary)/],
			[
				generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
				/its type is x25519, not RSA, EC or Ed25519$/,
			],
		];
		for (const [text, problem] of cases)
			assert.throws(
				() => readPrivateKey(text),
				(error: unknown) => malformed(error) && problem.test((error as Error).message),
				String(problem),
			);
		fc.assert(fc.property(fc.nat(pem.length - 1), (length) => malformedOnly(pem.slice(0, length))));
		fc.assert(fc.property(fc.string({ unit: 'binary' }), malformedOnly));
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
