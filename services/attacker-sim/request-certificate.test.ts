import assert from 'node:assert/strict';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { outcomeText } from './request-certificate.ts';

const csr = (status: CertificateSigningRequest['status']): CertificateSigningRequest => ({
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: {},
	spec: { request: '', signerName: '', usages: [] },
	...(status === undefined ? {} : { status }),
});
const condition = (type: string) => ({ type, status: 'True', reason: 'Because', message: 'it was so' });

describe('the outcome of a request', () => {
	it('is pending until the request is signed', () => {
		assert.equal(outcomeText(csr(undefined)), 'outcome: pending');
		assert.equal(outcomeText(csr({ conditions: [condition('Approved')] })), 'outcome: pending');
	});
	it('is denied or failed, with reason and message', () => {
		assert.equal(outcomeText(csr({ conditions: [condition('Denied')] })), 'outcome: denied Because: it was so');
		assert.equal(
			outcomeText(csr({ conditions: [condition('Approved'), condition('Failed')] })),
			'outcome: failed Because: it was so',
		);
	});
	it('is issued, with the serial number', async () => {
		const pem = buildCaCertificate(
			{ commonName: 'x', dnsNames: [], notBefore: 0, notAfter: 1_000 },
			await generateKeyPair('ECDSA-P256'),
		);
		assert.match(
			outcomeText(csr({ certificate: Buffer.from(pem).toString('base64') })),
			/^outcome: issued serial [0-9a-f]{32}$/,
		);
	});
});
