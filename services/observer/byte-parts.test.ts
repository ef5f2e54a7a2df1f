import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyPair, spkiOf } from '../../lib/pki/keys.ts';
import type { BytePart } from './api.ts';
import { certificateParts, hashedParts, requestParts, textParts } from './byte-parts.ts';

const dayMs = 86_400_000;

describe('the parts of bytes', () => {
	let keys: KeyPair;
	let certificate: Buffer;
	before(async () => {
		keys = await generateKeyPair('ECDSA-P256');
		const options = { commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore: 0, notAfter: dayMs };
		certificate = new X509Certificate(buildCaCertificate(options, keys)).raw;
	});

	/** Fails if a byte belongs to no part, or to two. */
	function requireWhole(parts: readonly BytePart[], length: number): void {
		let end = 0;
		for (const part of parts) {
			assert.equal(part.offset, end, part.name);
			assert.ok(part.length > 0, part.name);
			end += part.length;
		}
		assert.equal(end, length);
	}
	const bytesOf = (der: Buffer, parts: readonly BytePart[], name: BytePart['name']) => {
		const { offset, length } = parts.find((part) => part.name === name) ?? assert.fail(name);
		return der.subarray(offset, offset + length);
	};

	it('of a certificate are its fields and extensions, with every byte in one part', () => {
		const parts = certificateParts(certificate, { subject: 'CN=kubernetes' });
		requireWhole(parts, certificate.length);
		assert.deepEqual(
			parts.map(({ name }) => name).filter((name) => name !== 'structure'),
			[
				...['version', 'serial', 'algorithm', 'issuer', 'notBefore', 'notAfter', 'subject', 'publicKey'],
				...['keyUsage', 'basicConstraints', 'subjectKeyId', 'subjectAltNames', 'algorithm', 'signature'],
			],
		);
		assert.deepEqual(bytesOf(certificate, parts, 'publicKey'), spkiOf(keys.publicKey));
		assert.equal(parts.find(({ name }) => name === 'subject')?.value, 'CN=kubernetes');
	});

	it('of a pin are the public key and the bytes that its hash does not cover', () => {
		const parts = hashedParts(certificate, 'P-256');
		requireWhole(parts, certificate.length);
		assert.deepEqual(bytesOf(certificate, parts, 'hashed'), spkiOf(keys.publicKey));
	});

	it('of a request are its fields', () => {
		const pem = createCsr({ subject: { organizations: [], commonName: 'x' }, dnsNames: ['x'] }, keys);
		const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
		const parts = requestParts(der);
		requireWhole(parts, der.length);
		assert.deepEqual(bytesOf(der, parts, 'publicKey'), spkiOf(keys.publicKey));
	});

	it('of a text are in order', () => {
		const { bytes, parts } = textParts([
			['tokenId', 'abcdef', 'public'],
			['dot', '.'],
		]);
		assert.equal(bytes.toString(), 'abcdef.');
		requireWhole(parts, bytes.length);
	});

	it('of bytes that end early are none', () => {
		for (let length = 0; length < certificate.length; length += 7)
			assert.deepEqual(certificateParts(certificate.subarray(0, length)), []);
		assert.deepEqual([requestParts(Buffer.from('x')), hashedParts(Buffer.alloc(0), '')], [[], []]);
	});
});
