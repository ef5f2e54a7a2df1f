import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type ErrorCode, hasCode, KubejoinError } from '../../lib/errors.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { buildCaCertificate, createIssuer, type Issuer, readCertificate } from '../../lib/pki/certificate.ts';
import { type CsrOptions, createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyPair } from '../../lib/pki/keys.ts';
import { usageNames } from '../../lib/pki/usages.ts';
import { verifyStrictly } from '../../test/openssl.ts';
import type { LedgerEntry } from './ledger.ts';
import { createSigner, type SigningRequest } from './sign.ts';

const { client, clientKubelet, serving, legacyUnknown } = wellKnown.signers;
const now = Date.UTC(2026, 0, 31, 12, 0, 0, 789);
const startOfSecond = Date.UTC(2026, 0, 31, 12);
const minute = 60_000;
const hour = 60 * minute;
const year = 365 * 24 * hour;
const kubeletUsages = ['digital signature', 'client auth'];
const node = { organizations: ['system:nodes'], commonName: 'system:node:worker-1' };

const code = (expected: ErrorCode) => (error: unknown) => hasCode(error, expected);

/** A ledger that is only in memory. */
function memoryLedger() {
	const entries: LedgerEntry[] = [];
	let failures = 0;
	return {
		entries,
		failNext: () => failures++,
		find: async (requestId: string) => entries.find((entry) => entry.requestId === requestId),
		append: async (entry: LedgerEntry) => {
			if (failures > 0) {
				failures--;
				throw new KubejoinError('FILE_UNUSABLE', { path: 'ledger', problem: 'no space left on device' });
			}
			entries.push(entry);
		},
	};
}

describe('signing', () => {
	let caKeys: KeyPair;
	let keys: KeyPair;
	let issuer: Issuer;
	let ca = '';
	before(async () => {
		caKeys = await generateKeyPair('ECDSA-P256');
		keys = await generateKeyPair('ECDSA-P256');
		ca = buildCaCertificate(
			{ commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore: now - hour, notAfter: now + 10 * year },
			caKeys,
		);
		issuer = createIssuer(new X509Certificate(ca), caKeys.privateKey);
	});

	const csr = (options: Partial<CsrOptions> = {}) => createCsr({ subject: node, ...options }, keys);
	const request = (more: Partial<SigningRequest> = {}): SigningRequest => ({
		requestId: 'uid-1',
		csrPem: csr(),
		signerName: clientKubelet,
		usages: kubeletUsages,
		...more,
	});
	const signer = (
		more: { clock?: () => number; ledger?: ReturnType<typeof memoryLedger>; maxDurationSeconds?: number } = {},
	) => createSigner({ issuer, clock: () => now, ledger: memoryLedger(), ...more });
	const violation = async (more: Partial<SigningRequest>): Promise<string> => {
		const error = await signer()(request(more)).then(
			() => undefined,
			(thrown: unknown) => thrown,
		);
		assert.ok(hasCode(error, 'SIGNER_VALIDATION_FAILURE'));
		return error.message;
	};
	const life = async (expirationSeconds: number | undefined, more: Parameters<typeof signer>[0] = {}) => {
		const entry = await signer(more)(request(expirationSeconds === undefined ? {} : { expirationSeconds }));
		const { notBefore, notAfter } = readCertificate(new X509Certificate(entry.certificate));
		return { notBefore: notBefore - startOfSecond, notAfter: notAfter - startOfSecond };
	};

	it('issues a client certificate to a node and records it', async () => {
		const ledger = memoryLedger();
		const entry = await signer({ ledger })(request());
		verifyStrictly(ca, entry.certificate, 'sslclient', now);
		const certificate = new X509Certificate(entry.certificate);
		assert.deepEqual(readCertificate(certificate).subject, node);
		assert.ok(certificate.checkPrivateKey(keys.privateKey));
		assert.deepEqual(ledger.entries, [entry]);
		assert.equal(entry.subject, 'O=system:nodes, CN=system:node:worker-1');
		assert.equal(entry.serial, certificate.serialNumber.toLowerCase());
		assert.equal(entry.fingerprint, certificate.fingerprint256.replaceAll(':', '').toLowerCase());
		assert.deepEqual(
			[entry.time, entry.notBefore, entry.notAfter],
			['2026-01-31T12:00:00Z', '2026-01-31T11:55:00Z', '2027-01-31T11:55:00Z'],
		);
	});

	it('gives a serving certificate the names that were asked for', async () => {
		const { certificate } = await signer()(
			request({
				signerName: serving,
				usages: ['server auth', 'key encipherment', 'digital signature'],
				csrPem: csr({ dnsNames: ['worker-1'], ipAddresses: ['10.0.0.7'] }),
			}),
		);
		verifyStrictly(ca, certificate, 'sslserver', now);
		assert.equal(new X509Certificate(certificate).subjectAltName, 'DNS:worker-1, IP Address:10.0.0.7');
	});

	it('gives a person a client certificate of any organization', async () => {
		const { certificate } = await signer()(
			request({
				signerName: client,
				usages: ['client auth'],
				csrPem: csr({ subject: { organizations: ['a', 'b'], commonName: 'jane' } }),
			}),
		);
		verifyStrictly(ca, certificate, 'sslclient', now);
		assert.deepEqual(readCertificate(new X509Certificate(certificate)).subject, {
			organizations: ['a', 'b'],
			commonName: 'jane',
		});
	});

	it("SIGNER_VALIDATION_FAILURE: kube-apiserver-client-kubelet has upstream's texts in upstream's order", async () => {
		const organization = 'subject organization is not system:nodes';
		for (const organizations of [
			[],
			['system:masters'],
			['system:nodes', 'system:masters'],
			['system:nodes', 'system:nodes'],
		]) {
			assert.equal(
				await violation({ csrPem: csr({ subject: { organizations, commonName: 'x' }, dnsNames: ['a'] }), usages: [] }),
				organization,
			);
		}
		const other = { organizations: ['system:nodes'], commonName: 'worker-1' };
		assert.equal(
			await violation({ csrPem: csr({ subject: other, dnsNames: ['a'], ipAddresses: ['::1'] }) }),
			'DNS subjectAltNames are not allowed',
		);
		assert.equal(
			await violation({ csrPem: csr({ subject: other, ipAddresses: ['::1'] }) }),
			'IP subjectAltNames are not allowed',
		);
		assert.equal(
			await violation({ csrPem: csr({ subject: other }), usages: [] }),
			'subject common name does not begin with system:node:',
		);
		const usages = 'usages did not match [client auth digital signature key encipherment]';
		for (const wrong of [
			[],
			['client auth'],
			['digital signature', 'server auth'],
			[...kubeletUsages, 'cert sign'],
			['digital signature', 'key encipherment'],
		]) {
			assert.equal(await violation({ usages: wrong }), usages);
		}
	});

	it("SIGNER_VALIDATION_FAILURE with upstream's texts, in upstream's order: kubelet-serving", async () => {
		const signerName = serving;
		assert.equal(
			await violation({ signerName, csrPem: csr({ subject: { organizations: [], commonName: '' } }) }),
			'subject organization is not system:nodes',
		);
		assert.equal(await violation({ signerName }), 'DNS or IP subjectAltName is required');
		const csrPem = csr({ subject: { organizations: ['system:nodes'], commonName: 'x' }, dnsNames: ['x'] });
		assert.equal(
			await violation({ signerName, csrPem }),
			'usages did not match [digital signature key encipherment server auth]',
		);
		assert.equal(
			await violation({ signerName, csrPem, usages: ['digital signature', 'server auth'] }),
			'subject common name does not begin with system:node:',
		);
	});

	it('SIGNER_VALIDATION_FAILURE: a node has a name below system:node: and nowhere else', async () => {
		for (const commonName of ['system:worker-1', 'system:nodes:worker-1', 'worker-1', 'xsystem:node:worker-1']) {
			const csrPem = csr({ subject: { organizations: ['system:nodes'], commonName }, dnsNames: [] });
			const text = 'subject common name does not begin with system:node:';
			assert.equal(await violation({ csrPem }), text, commonName);
		}
	});

	it('SIGNER_VALIDATION_FAILURE: each signer refuses every usage that is not of its certificates', async () => {
		const person = csr({ subject: { organizations: [], commonName: 'x' } });
		const served = csr({ dnsNames: ['worker-1'] });
		for (const [signerName, csrPem, purpose] of [
			[client, person, 'client auth'],
			[clientKubelet, csr(), 'client auth'],
			[serving, served, 'server auth'],
		] as const) {
			const own = ['digital signature', 'key encipherment', purpose];
			for (const usage of usageNames.filter((name) => !own.includes(name)))
				assert.match(
					await violation({ signerName, csrPem, usages: [...own, usage] }),
					/usage/,
					`${signerName} ${usage}`,
				);
		}
	});

	it("SIGNER_VALIDATION_FAILURE with upstream's texts: kube-apiserver-client", async () => {
		const signerName = client;
		assert.equal(
			await violation({ signerName, usages: ['client auth', 'server auth'] }),
			'invalid usage for client certificate: server auth',
		);
		assert.equal(
			await violation({ signerName, usages: ['digital signature'] }),
			'missing required usage for client certificate: client auth',
		);
		assert.equal(
			await violation({
				signerName,
				csrPem: csr({ subject: { organizations: ['a', 'system:masters'], commonName: 'x' } }),
			}),
			'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
		);
		assert.equal(
			await violation({ signerName, csrPem: csr({ subject: { organizations: [], commonName: '' } }) }),
			'subject common name is empty',
		);
	});

	it('SIGNER_UNKNOWN for legacy-unknown and everything else', async () => {
		for (const signerName of [legacyUnknown, 'example.com/signer', '', 'constructor'])
			await assert.rejects(signer()(request({ signerName })), code('SIGNER_UNKNOWN'));
	});

	it('CSR_MALFORMED, CSR_SIGNATURE_INVALID', async () => {
		await assert.rejects(signer()(request({ csrPem: 'x' })), code('CSR_MALFORMED'));
		const other = await generateKeyPair('ECDSA-P256');
		const csrPem = createCsr({ subject: node }, { publicKey: keys.publicKey, privateKey: other.privateKey });
		await assert.rejects(signer()(request({ csrPem })), code('CSR_SIGNATURE_INVALID'));
	});

	it('lifetimes: a year by default, a shorter requested one, and at least ten minutes', async () => {
		const notBefore = -5 * minute;
		assert.deepEqual(await life(undefined), { notBefore, notAfter: year - 5 * minute });
		assert.deepEqual(await life(2 ** 31 - 1), { notBefore, notAfter: year - 5 * minute });
		assert.deepEqual(await life(600), { notBefore, notAfter: 10 * minute });
		assert.deepEqual(await life(1), { notBefore, notAfter: 10 * minute });
		assert.deepEqual(await life(8 * 3600 - 1), { notBefore, notAfter: 8 * hour - 1000 });
		assert.deepEqual(await life(8 * 3600), { notBefore, notAfter: 8 * hour - 5 * minute });
	});

	it('lifetimes of a lab: less than ten minutes, back-dated by a tenth of the lifetime', async () => {
		const second = 1_000;
		assert.deepEqual(await life(undefined, { maxDurationSeconds: 300 }), {
			notBefore: -30 * second,
			notAfter: 5 * minute,
		});
		assert.deepEqual(await life(undefined, { maxDurationSeconds: 12 }), {
			notBefore: -1 * second,
			notAfter: 12 * second,
		});
		assert.deepEqual(await life(7, { maxDurationSeconds: 12 }), { notBefore: 0, notAfter: 7 * second });
		assert.deepEqual(await life(1, { maxDurationSeconds: 12 }), { notBefore: 0, notAfter: 5 * second });
		assert.deepEqual(await life(600, { maxDurationSeconds: 12 }), { notBefore: -1 * second, notAfter: 12 * second });
		assert.deepEqual(await life(1, { maxDurationSeconds: 600 }), { notBefore: -5 * minute, notAfter: 10 * minute });
	});

	it('no certificate outlives the CA', async () => {
		const end = startOfSecond + 10 * year;
		const { notAfter } = await life(undefined, { clock: () => end - hour });
		assert.equal(startOfSecond + notAfter, end);
	});

	it('SIGNER_EXPIRED', async () => {
		await assert.rejects(signer({ clock: () => startOfSecond + 10 * year })(request()), code('SIGNER_EXPIRED'));
	});

	it('one request is signed once: again, at the same time, and after a restart', async () => {
		const ledger = memoryLedger();
		const sign = signer({ ledger });
		const same = request({ requestId: 'uid-2' });
		const together = await Promise.all([
			sign(same),
			sign(same),
			sign({ ...same, usages: ['client auth', 'digital signature'] }),
		]);
		const later = await sign(same);
		const afterRestart = await signer({ ledger, clock: () => now + hour })(same);
		assert.equal(new Set([...together, later, afterRestart].map((entry) => entry.certificate)).size, 1);
		assert.equal(ledger.entries.filter((entry) => entry.requestId === 'uid-2').length, 1);
	});

	it('SIGNING_CONFLICT for one id with other contents, at the same time and later', async () => {
		const sign = signer();
		const first = request();
		const [signed, refused] = await Promise.allSettled([sign(first), sign({ ...first, expirationSeconds: 600 })]);
		assert.equal(signed.status, 'fulfilled');
		assert.ok(refused.status === 'rejected' && hasCode(refused.reason, 'SIGNING_CONFLICT'));
		await assert.rejects(sign({ ...first, csrPem: csr() }), code('SIGNING_CONFLICT'));
		await assert.rejects(sign({ ...first, signerName: client }), code('SIGNING_CONFLICT'));
		await assert.rejects(sign({ ...first, usages: [...kubeletUsages, 'key encipherment'] }), code('SIGNING_CONFLICT'));
		await assert.rejects(sign({ ...first, expirationSeconds: 600 }), code('SIGNING_CONFLICT'));
	});

	it('FILE_UNUSABLE: no certificate leaves without its entry, and the request can be sent again', async () => {
		const ledger = memoryLedger();
		const sign = signer({ ledger });
		ledger.failNext();
		await assert.rejects(sign(request()), code('FILE_UNUSABLE'));
		await sign(request());
		assert.equal(ledger.entries.length, 1);
	});
});
