import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { type Issuer, parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, readPrivateKey, writePrivateKey } from '../../lib/pki/keys.ts';
import { issueIdentity, makeOwnCa, pemOf, signAnything, stolenCa } from './certificates.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const nowMs = Date.UTC(2026, 5, 1);
const clock = () => nowMs;
const subject = { organizations: ['system:nodes'], commonName: 'system:node:a' };
const keyOf = ({ privateKey }: Issuer): string => writePrivateKey(privateKey);
const fieldsOf = (pem: string) => readCertificate(parseCertificates(pem)[0]);

describe('the CA of the attacker', () => {
	it('has the name of the cluster CA and a new key', async () => {
		const [one, other] = [await makeOwnCa(clock), await makeOwnCa(clock)];
		const fields = readCertificate(one.certificate);
		assert.deepEqual(
			[fields.subject, fields.names.dns, fields.isCa],
			[{ organizations: [], commonName: 'kubernetes' }, ['kubernetes'], true],
		);
		assert.equal(one.certificate.checkPrivateKey(one.privateKey), true);
		assert.equal(one.certificate.checkPrivateKey(other.privateKey), false);
	});

	it('is valid from five minutes ago for a day', async () => {
		const { notBefore, notAfter } = await makeOwnCa(clock);
		assert.deepEqual([notBefore, notAfter], [nowMs - 5 * minuteMs, nowMs + dayMs]);
	});

	it('is written as one PEM block with one line end', async () => {
		const ca = await makeOwnCa(clock);
		assert.match(pemOf(ca), /^-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----\n$/);
		assert.deepEqual(parseCertificates(pemOf(ca))[0].raw, ca.certificate.raw);
	});
});

describe('a stolen CA', () => {
	it('is the certificate of the key, at any place in the bundle', async () => {
		const [old, current] = [await makeOwnCa(clock), await makeOwnCa(clock)];
		for (const bundle of [pemOf(old) + pemOf(current), pemOf(current) + pemOf(old)])
			assert.deepEqual(stolenCa(bundle, keyOf(current)).certificate.raw, current.certificate.raw);
	});

	it('is refused with a key of another certificate', async () => {
		const [ca, other] = [await makeOwnCa(clock), await makeOwnCa(clock)];
		assert.throws(
			() => stolenCa(pemOf(ca), keyOf(other)),
			(error) => hasCode(error, 'CERTIFICATE_MALFORMED'),
		);
	});

	it('is refused with a file that contains no key', async () => {
		const ca = await makeOwnCa(clock);
		assert.throws(
			() => stolenCa(pemOf(ca), pemOf(ca)),
			(error) => hasCode(error, 'KEY_MALFORMED'),
		);
	});

	it('is refused with a certificate of a node', async () => {
		const options = { subject, purpose: 'client auth', hosts: [] } as const;
		const { cert, key } = await issueIdentity(await makeOwnCa(clock), options, clock);
		assert.throws(
			() => stolenCa(cert, key),
			(error) => hasCode(error, 'CERTIFICATE_MALFORMED'),
		);
	});
});

describe('a certificate of the attacker', () => {
	let ca: Issuer;
	before(async () => {
		ca = await makeOwnCa(clock);
	});

	it('has the subject and the hosts, and is signed by the CA', async () => {
		const hosts = ['apiserver-sim', '127.0.0.1', '::1'];
		const { cert, key } = await issueIdentity(ca, { subject, purpose: 'server auth', hosts }, clock);
		const [leaf] = parseCertificates(cert);
		assert.equal(leaf.verify(ca.certificate.publicKey), true);
		assert.equal(leaf.checkPrivateKey(readPrivateKey(key)), true);
		const { subject: written, names, isCa } = fieldsOf(cert);
		assert.deepEqual([written, names.dns, names.ip, isCa], [subject, ['apiserver-sim'], ['127.0.0.1', '::1'], false]);
	});

	for (const [purpose, oid] of [
		['server auth', '1.3.6.1.5.5.7.3.1'],
		['client auth', '1.3.6.1.5.5.7.3.2'],
	] as const)
		it(`is only for ${purpose} when that is its purpose`, async () => {
			const { cert } = await issueIdentity(ca, { subject, purpose, hosts: [] }, clock);
			assert.deepEqual(parseCertificates(cert)[0].keyUsage, [oid]);
		});

	for (const [title, laterMs, expected] of [
		['begins not before its CA', -2 * minuteMs, [nowMs - 5 * minuteMs, nowMs - 2 * minuteMs + dayMs]],
		['ends with its CA', 60 * minuteMs, [nowMs + 55 * minuteMs, nowMs + dayMs]],
	] as const)
		it(title, async () => {
			const later = () => nowMs + laterMs;
			const { cert } = await issueIdentity(ca, { subject, purpose: 'client auth', hosts: [] }, later);
			const { notBefore, notAfter } = fieldsOf(cert);
			assert.deepEqual([notBefore, notAfter], expected);
		});

	it('begins five minutes ago and lasts a day under a CA that lives longer', async () => {
		const longLived = { ...ca, notBefore: nowMs - 10 * dayMs, notAfter: nowMs + 10 * dayMs };
		const { cert } = await issueIdentity(longLived, { subject, purpose: 'client auth', hosts: [] }, clock);
		const { notBefore, notAfter } = fieldsOf(cert);
		assert.deepEqual([notBefore, notAfter], [nowMs - 5 * minuteMs, nowMs + dayMs]);
	});
});

describe('a request to the attacker', () => {
	let ca: Issuer;
	before(async () => {
		ca = await makeOwnCa(clock);
	});

	it('is signed with the subject, the names and the key of the request', async () => {
		const pair = await generateKeyPair('ECDSA-P256');
		const admin = { organizations: ['system:masters'], commonName: 'admin' };
		const csr = createCsr({ subject: admin, dnsNames: ['evil.example'], ipAddresses: ['203.0.113.1'] }, pair);
		const cert = signAnything(ca, csr, ['digital signature', 'client auth'], clock);
		const { subject: written, names, notAfter } = fieldsOf(cert);
		assert.deepEqual([written, names.dns, names.ip], [admin, ['evil.example'], ['203.0.113.1']]);
		assert.equal(notAfter, nowMs + dayMs);
		const [leaf] = parseCertificates(cert);
		assert.equal(leaf.checkPrivateKey(pair.privateKey), true);
		assert.equal(leaf.verify(ca.certificate.publicKey), true);
	});

	it('is signed without the usages that no certificate has', async () => {
		const csr = createCsr({ subject }, await generateKeyPair('ECDSA-P256'));
		const cert = signAnything(ca, csr, ['client auth', 'world domination'], clock);
		assert.deepEqual(parseCertificates(cert)[0].keyUsage, ['1.3.6.1.5.5.7.3.2']);
	});

	it('is refused when it is malformed', () =>
		assert.throws(
			() => signAnything(ca, 'no request', [], clock),
			(error) => hasCode(error, 'CSR_MALFORMED'),
		));
});
