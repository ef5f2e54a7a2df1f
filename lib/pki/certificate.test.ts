import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { openssl, verifyStrictly } from '../../test/openssl.ts';
import { hasCode } from '../errors.ts';
import {
	buildCaCertificate,
	buildCertificate,
	type CertificateTemplate,
	chainProblem,
	createIssuer,
	extKeyUsagesOf,
	type Issuer,
	parseCertificates,
	readCertificate,
	readSubject,
} from './certificate.ts';
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
	for (const caAlgorithm of keyAlgorithms) {
		for (const leafAlgorithm of keyAlgorithms) {
			it(`${leafAlgorithm} leaf of a ${caAlgorithm} CA: passes openssl verify -x509_strict as client and as server`, async () => {
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

	it('a leaf has critical key usage and basic constraints, both key identifiers, and names only where there are some', async () => {
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

	it('serial numbers are positive, 128 bits long and never the same', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const template = await leafTemplate('ECDSA-P256');
		const serials = Array.from(
			{ length: 200 },
			() => new X509Certificate(buildCertificate(template, issuer)).serialNumber,
		);
		assert.equal(new Set(serials).size, 200);
		for (const serial of serials) assert.match(serial, /^[89A-F][0-9A-F]{31}$/);
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

	it('a subject is read back as it was written, whatever it holds', async () => {
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

	it('CERTIFICATE_MALFORMED for a bundle with no certificate, with anything else in it, or with a broken one', async () => {
		const { pem } = await makeCa('ECDSA-P256');
		assert.equal(parseCertificates(`${pem}\n${pem}`).length, 2);
		for (const bundle of [
			'',
			' \n',
			'x',
			`# a comment\n${pem}`,
			pem.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
			pem.slice(0, -30),
			pem.replace('MII', 'MIJ'),
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

	it('a chain is trusted only from its own root, in time, and for its purpose', async () => {
		const { issuer } = await makeCa('ECDSA-P256');
		const { issuer: stranger } = await makeCa('ECDSA-P256');
		const leaf = new X509Certificate(buildCertificate(await leafTemplate('ECDSA-P256'), issuer));
		const problem = (roots: readonly Issuer[], at = now, purpose: 'client auth' | 'server auth' = 'client auth') =>
			chainProblem(
				leaf,
				roots.map((root) => root.certificate),
				at,
				purpose,
			);
		assert.equal(problem([stranger, issuer]), undefined);
		assert.equal(problem([stranger]), 'it was not signed by a CA that is trusted here');
		assert.equal(problem([]), 'it was not signed by a CA that is trusted here');
		assert.match(
			problem([issuer], now - 1000) ?? '',
			/^x509: certificate has expired or is not yet valid: current time \S+ is before \S+$/,
		);
		assert.match(
			problem([issuer], now + 366 * day) ?? '',
			/^x509: certificate has expired or is not yet valid: current time \S+ is after \S+$/,
		);
		assert.match(problem([issuer], now, 'server auth') ?? '', /not for server auth/);
		assert.match(
			chainProblem(issuer.certificate, [issuer.certificate], now, 'client auth') ?? '',
			/certificate of a CA/,
		);
	});
});
