/** Who may approve and sign requests, and which requests are refused to every user. */
import { strict as assert } from 'node:assert';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import type { Attributes, Decision } from './attributes.ts';
import { checkCertificateApproval, checkCertificateSigning, checkCertificateSubject } from './csr-admission.ts';
import { userNamed } from './fixtures.test.ts';

const signer = 'kubernetes.io/kubelet-serving';
const stored: CertificateSigningRequest = {
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: { name: 'csr-x' },
	spec: { request: '', signerName: signer, usages: [] },
};
const user = userNamed('u');

/** Allows one verb on one signer name. */
const allowing =
	(verb: string, name: string) =>
	(a: Attributes): Decision => {
		assert.ok(a.resourceRequest);
		assert.deepEqual(
			[a.apiGroup, a.apiVersion, a.resource, a.subresource, a.namespace],
			['certificates.k8s.io', '*', 'signers', '', ''],
		);
		return { decision: a.verb === verb && a.name === name ? 'Allow' : 'NoOpinion', reason: '' };
	};

describe('checkCertificateApproval', () => {
	const refusal = 'user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"';
	it('admits who may approve for this signer', async () =>
		assert.equal(await checkCertificateApproval(user, stored, allowing('approve', signer)), undefined));
	it('admits who may approve for the domain of the signer', async () => {
		assert.equal(await checkCertificateApproval(user, stored, allowing('approve', 'kubernetes.io/*')), undefined);
	});
	it('refuses who may only sign', async () =>
		assert.equal(await checkCertificateApproval(user, stored, allowing('sign', signer)), refusal));
	it('refuses when the authorizer could not evaluate', async () => {
		assert.equal(
			await checkCertificateApproval(user, stored, () => ({ decision: 'Allow', reason: '', error: 'broken' })),
			refusal,
		);
	});
});

describe('checkCertificateSigning', () => {
	const refusal = 'user not permitted to sign requests with signerName "kubernetes.io/kubelet-serving"';
	const nobody = allowing('', '');
	const signed = { ...stored, status: { certificate: 'x' } };
	const failed = { ...stored, status: { conditions: [{ type: 'Failed', status: 'True' }] } };
	it('asks nothing of who changes neither certificate nor conditions', async () => {
		assert.equal(
			await checkCertificateSigning(user, stored, { ...stored, status: { conditions: [] } }, nobody),
			undefined,
		);
	});
	for (const [what, sent] of [['a certificate', signed] as const, ['a condition', failed] as const]) {
		it(`refuses ${what} from who may not sign`, async () =>
			assert.equal(await checkCertificateSigning(user, stored, sent, nobody), refusal));
		it(`admits ${what} from who may sign`, async () => {
			assert.equal(await checkCertificateSigning(user, stored, sent, allowing('sign', signer)), undefined);
		});
	}
	it('goes by the stored signer name', async () => {
		const sent = { ...signed, spec: { ...stored.spec, signerName: 'example.com/mine' } };
		assert.equal(await checkCertificateSigning(user, stored, sent, allowing('sign', 'example.com/mine')), refusal);
	});
});

describe('checkCertificateSubject', () => {
	const client = 'kubernetes.io/kube-apiserver-client';
	it('refuses system:masters for client certificates', () => {
		const refusal = 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
		assert.equal(checkCertificateSubject(client, ['x', 'system:masters']), refusal);
	});
	it('admits other groups and other signers', () => {
		assert.equal(checkCertificateSubject(client, ['x']), undefined);
		assert.equal(checkCertificateSubject('example.com/mine', ['system:masters']), undefined);
	});
});
