import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, hash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { openssl, verifyStrictly } from '../../test/openssl.ts';
import { hasCode } from '../errors.ts';
import {
	buildCaCertificate,
	buildCertificate,
	type CertificateTemplate,
	createIssuer,
	extKeyUsagesOf,
	fingerprintOf,
	type Issuer,
	issueCertificate,
	issuerOf,
	parseCertificates,
	readCertificate,
	readSubject,
} from './certificate.ts';
import { itemsOfSequence, readDer, sequence, unsignedInteger, writeDer } from './der.ts';
import { caExtension, makeCertificate } from './fixtures.test.ts';
import { generateKeyPair, type KeyAlgorithm, keyAlgorithms, spkiOf } from './keys.ts';
import { hostNames } from './names.ts';

const now = Date.UTC(2026, 0, 31, 12);
const day = 24 * 60 * 60 * 1000;
const ownCode = (error: unknown) => hasCode(error, 'CERTIFICATE_MALFORMED');

async function makeCa(algorithm: KeyAlgorithm): Promise<{ pem: string; issuer: Issuer }> {
	const keys = await generateKeyPair(algorithm);
	const pem = buildCaCertificate(
		{ commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore: now, notAfter: now + 3650 * day },
		keys,
	);
	return { pem, issuer: createIssuer(new X509Certificate(pem), keys.privateKey) };
}

async function leafTemplate(
	algorithm: KeyAlgorithm,
	more: Partial<CertificateTemplate> = {},
): Promise<CertificateTemplate> {
	const { publicKey } = await generateKeyPair(algorithm);
	return {
		subject: { organizations: ['system:nodes'], commonName: 'system:node:worker-1' },
		spki: spkiOf(publicKey),
		notBefore: now,
		notAfter: now + 365 * day,
		usages: ['digital signature', 'client auth'],
		...more,
	};
}
const textOf = (pem: string): string => openssl(['x509', '-noout', '-text', '-in', 'a.crt'], { 'a.crt': pem });

describe('certificates', () => {
	// RSA keys take seconds on a busy machine.

	for (const caAlgorithm of keyAlgorithms) {
		for (const leafAlgorithm of keyAlgorithms) {
			it(`${leafAlgorithm} leaf of a ${caAlgorithm} CA: passes openssl verify -x509_strict in both roles`, async () => {
				const { pem: ca, issuer } = await makeCa(caAlgorithm);
				verifyStrictly(ca, ca, 'any', now);
				verifyStrictly(ca, buildCertificate(await leafTemplate(leafAlgorithm), issuer), 'sslclient', now);
				const serving = await leafTemplate(leafAlgorithm, {
					usages: ['digital signature', 'key encipherment', 'server auth'],
					names: hostNames(['worker-1', '10.0.0.7', '::1']),
				});
				verifyStrictly(ca, buildCertificate(serving, issuer), 'sslserver', now);
			});
		}
	}

	it("the CA certificate has the extensions of kubeadm's", async () => {
		const lines = (text: string) =>
			text
				.slice(
					text.indexOf('X509v3 extensions'),
					text.indexOf('Signature Algorithm', text.indexOf('X509v3 extensions')),
				)
				.replace(/([0-9A-F]{2}:){19}[0-9A-F]{2}/, 'ID');
		const kubeadm = readFileSync(new URL('../../test/fixtures/kubeadm-1.29-ca.crt', import.meta.url), 'utf8');
		assert.equal(lines(textOf((await makeCa('RSA-2048')).pem)), lines(textOf(kubeadm)));
	});

	it('gives a leaf critical key usage and basic constraints, key identifiers, and its names', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const pem = buildCertificate(await leafTemplate('ECDSA-P256'), issuer);
		const text = textOf(pem);
		assert.match(text, /Key Usage: critical\n\s+Digital Signature\n/);
		assert.match(text, /Basic Constraints: critical\n\s+CA:FALSE\n/);
		assert.match(text, /Subject Key Identifier/);
		assert.match(text, /Subject: O = system:nodes, CN = system:node:worker-1\n/);
		assert.doesNotMatch(text, /Subject Alternative Name/);
		assert.deepEqual(extKeyUsagesOf(new X509Certificate(pem)), ['1.3.6.1.5.5.7.3.2']);
	});

	for (const caAlgorithm of keyAlgorithms)
		it(`a certificate issued in the background by a ${caAlgorithm} CA has the reported serial and fingerprint`, async () => {
			const { pem: ca, issuer } = await makeCa(caAlgorithm);
			const template = await leafTemplate('ECDSA-P256');
			for (const { pem, serial, fingerprint } of await Promise.all(
				Array.from({ length: 5 }, () => issueCertificate(template, issuer)),
			)) {
				verifyStrictly(ca, pem, 'sslclient', now);
				const certificate = new X509Certificate(pem);
				assert.equal(serial, certificate.serialNumber.toLowerCase());
				assert.equal(fingerprint, fingerprintOf(certificate));
			}
		});

	it('the bytes of a certificate, without its serial number and signature, do not change', () => {
		// The private key 1, whose public key is the base point of P-256.
		const [x, y] = ['axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY', 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU'];
		const d = Buffer.alloc(32).fill(1, 31).toString('base64url');
		const privateKey = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d }, format: 'jwk' });
		const keys = { privateKey, publicKey: createPublicKey(privateKey) };
		const validity = { notBefore: now, notAfter: Date.UTC(2051, 0, 1) };
		const ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: ['kubernetes'], ...validity }, keys);
		const issuer = createIssuer(new X509Certificate(ca), privateKey);
		const digestOf = (pem: string): string => {
			const [tbs] = itemsOfSequence(readDer(new X509Certificate(pem).raw));
			const [version, , ...more] = itemsOfSequence(tbs);
			assert.ok(version);
			return hash('sha256', writeDer(sequence(version, unsignedInteger(Buffer.from([1])), ...more)), 'hex');
		};
		const subject = { organizations: ['system:nodes'], commonName: 'system:node:worker-1' };
		const build = (more: Pick<CertificateTemplate, 'usages' | 'names'>, of = subject) =>
			digestOf(buildCertificate({ subject: of, spki: spkiOf(keys.publicKey), ...validity, ...more }, issuer));
		assert.deepEqual(
			{
				ca: digestOf(ca),
				client: build({ usages: ['digital signature', 'client auth'] }),
				serving: build({
					usages: ['server auth', 'key encipherment', 'digital signature'],
					names: hostNames(['worker-1', '10.0.0.7', '::1']),
				}),
				words: build({ usages: ['decipher only', 'any'] }, { organizations: ['é', 'b_'], commonName: '*' }),
			},
			{
				ca: '3091bd3505d36a214994d6519ba037166ec3b2d7836286d6eff231e50af8db4b',
				client: '6c61ca41b92819063f4ff575eca71a197b480dd0e360932db66240724f8f4451',
				serving: '10e8a31b8adbed3088b9d40c0c0906c1ba9bba0b1927460cb24206fc5b4cf2dd',
				words: 'f9ed19adb96b5f61df14554c74f94f9c2f74ba8710f342d6f7f6e18c3b26c47c',
			},
		);
	});

	it('serial numbers are positive, 128 bits long and never the same', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const template = await leafTemplate('ECDSA-P256');
		const serials = Array.from(
			{ length: 200 },
			() => new X509Certificate(buildCertificate(template, issuer)).serialNumber,
		);
		assert.equal(new Set(serials).size, 200);
		for (const serial of serials) assert.match(serial, /^[89A-F][0-9A-F]{31}$/);
		// Each byte is random: of 200, 139 values differ on average; of a clock, the first bytes are always the same.
		for (let at = 0; at < 32; at += 2)
			assert.ok(new Set(serials.map((serial) => serial.slice(at, at + 2))).size > 60, `byte ${at / 2}`);
	});

	it('dates are UTCTime up to 2049 and GeneralizedTime from 2050', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const pem = buildCertificate(
			await leafTemplate('ECDSA-P256', {
				notBefore: Date.UTC(2049, 11, 31, 23, 59, 59, 999),
				notAfter: Date.UTC(2050, 0, 1),
			}),
			issuer,
		);
		const dump = openssl(['asn1parse', '-in', 'a.crt'], { 'a.crt': pem });
		assert.match(dump, /UTCTIME +:491231235959Z/);
		assert.match(dump, /GENERALIZEDTIME +:20500101000000Z/);
		const { notBefore, notAfter } = readCertificate(new X509Certificate(pem));
		assert.deepEqual([notBefore, notAfter], [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)]);
	});

	it('reads back any subject that it wrote', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const template = await leafTemplate('ECDSA-P256');
		const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
		fc.assert(
			fc.property(fc.array(name, { maxLength: 4 }), name, (organizations, commonName) => {
				const subject = { organizations, commonName };
				assert.deepEqual(readSubject(new X509Certificate(buildCertificate({ ...template, subject }, issuer))), subject);
			}),
		);
	});

	it('IP addresses are read back in their canonical form', () => {
		fc.assert(fc.property(fc.ipV4(), (address) => assert.deepEqual(hostNames([address]).ip, [address])));
		fc.assert(
			fc.property(fc.ipV6(), (address) => {
				const [canonical = ''] = hostNames([address]).ip;
				assert.deepEqual(hostNames([canonical]).ip, [canonical]);
				assert.equal(new URL(`http://[${canonical}]`).hostname, new URL(`http://[${address}]`).hostname);
			}),
		);
	});

	it('CERTIFICATE_MALFORMED for a bundle with no certificate or with a broken one', async () => {
		const { pem } = await makeCa('ECDSA-P256');
		for (const bundle of [
			'',
			' \n',
			'x',
			pem.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
			pem.slice(0, -30),
			pem + pem.slice(0, -30),
			pem.replace('MII', 'MIJ'),
			pem.replace('-----\nMII', '-----\nProc-Type: 4,ENCRYPTED\n\nMII'),
		]) {
			assert.throws(() => parseCertificates(bundle), ownCode);
		}
		fc.assert(fc.property(fc.string(), (text) => assert.throws(() => parseCertificates(text), ownCode)));
	});

	it('CERTIFICATE_MALFORMED for an issuer that is no CA or has the key of another', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const leaf = new X509Certificate(buildCertificate(await leafTemplate('ECDSA-P256'), issuer));
		assert.throws(() => createIssuer(leaf, issuer.privateKey), ownCode);
		const other = await generateKeyPair('ECDSA-P256');
		assert.throws(() => createIssuer(issuer.certificate, other.privateKey), ownCode);
	});

	it('the CA that signs is the one that the key belongs to, and of several the one that is valid longest', async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const make = (years: number, pair = keys) =>
			buildCaCertificate(
				{ commonName: 'kubernetes', dnsNames: [], notBefore: now, notAfter: now + years * 365 * day },
				pair,
			);
		const [short, long, other] = [make(1), make(9), make(20, await generateKeyPair('ECDSA-P256'))];
		for (const bundle of [other + short, short + other, short])
			assert.equal(issuerOf(bundle, keys.privateKey).certificate.toString(), short);
		for (const bundle of [other + short + long, long + other + short])
			assert.equal(issuerOf(bundle, keys.privateKey).certificate.toString(), long);
		assert.throws(() => issuerOf(other, keys.privateKey), /belongs to another certificate/);
	});

	it('a CA without a key identifier signs certificates that name none', async () => {
		const ca = await makeCertificate({ commonName: 'ca', extensions: [caExtension()] });
		const leaf = buildCertificate(await leafTemplate('ECDSA-P256'), createIssuer(ca.certificate, ca.keys.privateKey));
		assert.doesNotMatch(textOf(leaf), /Authority Key Identifier/);
		assert.ok(new X509Certificate(leaf).checkIssued(ca.certificate));
	});

	it('the extended key usages of a certificate are exactly those of the template', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const of = async (...usages: CertificateTemplate['usages']) =>
			extKeyUsagesOf(new X509Certificate(buildCertificate(await leafTemplate('ECDSA-P256', { usages }), issuer)));
		assert.deepEqual(await of('digital signature', 'client auth'), ['1.3.6.1.5.5.7.3.2']);
		assert.deepEqual(await of('server auth', 'digital signature'), ['1.3.6.1.5.5.7.3.1']);
		assert.deepEqual(await of('digital signature', 'key encipherment'), []);
		assert.deepEqual(await of('client auth', 'server auth'), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
	});
});
