/** Which users approve and sign requests, and which requests are refused to every user. */
import { strict as assert } from 'node:assert';
import { resources } from '../../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import { createCsr } from '../../../lib/pki/csr.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { generateKeyPair } from '../../../lib/pki/keys.ts';
import type { Attributes, Decision } from '../authorize/attributes.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import { refusalOf, request } from '../fixtures.test.ts';
import { type AdmissionPlugin, attributesOf, type Operation } from './admission.ts';
import { certificateApproval } from './certificate-approval.ts';
import { certificateSigning } from './certificate-signing.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';

const signer = 'kubernetes.io/kubelet-serving';
const stored: CertificateSigningRequest = {
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: { name: 'csr-x' },
	spec: { request: '', signerName: signer, usages: [] },
};
const user = userNamed('u');

/** Allows one verb on one signer name. */
const allowing = (verb: string, name: string, error?: string) => ({
	authorize(a: Attributes): Decision {
		assert.ok(a.resourceRequest);
		assert.deepEqual(
			[a.apiGroup, a.apiVersion, a.resource, a.subresource, a.namespace],
			['certificates.k8s.io', '*', 'signers', '', ''],
		);
		const decision = a.verb === verb && a.name === name ? 'Allow' : 'NoOpinion';
		return { decision, reason: '', ...(error === undefined ? {} : { error }) };
	},
});

/** The reason of the refusal, or undefined. */
async function refusal(
	{ validate }: AdmissionPlugin,
	operation: Operation,
	object: CertificateSigningRequest,
	subresource: string,
): Promise<string | undefined> {
	const verb = operation === 'CREATE' ? 'create' : 'update';
	const previous = operation === 'CREATE' ? undefined : stored;
	const sent = request(verb, resources.certificateSigningRequests, { user, subresource, name: 'csr-x' });
	const attributes = attributesOf({ request: sent, operation, object, previous });
	const text = await refusalOf(Promise.resolve().then(() => validate?.(attributes))).catch(() => undefined);
	return text?.replace('403 Forbidden: certificatesigningrequests.certificates.k8s.io "csr-x" is forbidden: ', '');
}

describe('CertificateApproval', () => {
	const refused = 'user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"';
	const approve = (authorizer: ReturnType<typeof allowing>, subresource = 'approval') =>
		refusal(certificateApproval(authorizer), 'UPDATE', stored, subresource);
	it('admits who may approve for this signer', async () =>
		assert.equal(await approve(allowing('approve', signer)), undefined));
	it('admits who may approve for the domain of the signer', async () =>
		assert.equal(await approve(allowing('approve', 'kubernetes.io/*')), undefined));
	it('refuses who may only sign', async () => assert.equal(await approve(allowing('sign', signer)), refused));
	it('refuses when the authorizer could not evaluate', async () =>
		assert.equal(await approve(allowing('approve', signer, 'broken')), refused));
	it('checks only the approval', async () => assert.equal(await approve(allowing('', ''), 'status'), undefined));
});

describe('CertificateSigning', () => {
	const refused = 'user not permitted to sign requests with signerName "kubernetes.io/kubelet-serving"';
	const none = allowing('', '');
	const sign = (sent: CertificateSigningRequest, authorizer = none) =>
		refusal(certificateSigning(authorizer), 'UPDATE', sent, 'status');
	const signed = { ...stored, status: { certificate: 'x' } };
	const failed = { ...stored, status: { conditions: [{ type: 'Failed', status: 'True' }] } };
	it('asks nothing of who changes neither certificate nor conditions', async () =>
		assert.equal(await sign({ ...stored, status: { conditions: [] } }), undefined));
	for (const [what, sent] of [['a certificate', signed] as const, ['a condition', failed] as const]) {
		it(`refuses ${what} from who may not sign`, async () => assert.equal(await sign(sent), refused));
		it(`admits ${what} from who may sign`, async () =>
			assert.equal(await sign(sent, allowing('sign', signer)), undefined));
	}
	it('goes by the stored signer name', async () => {
		const sent = { ...signed, spec: { ...stored.spec, signerName: 'example.com/mine' } };
		assert.equal(await sign(sent, allowing('sign', 'example.com/mine')), refused);
	});
});

describe('CertificateSubjectRestriction', () => {
	const client = 'kubernetes.io/kube-apiserver-client';
	const create = async (signerName: string, organizations: string[], subresource = '') => {
		const keys = await generateKeyPair('ECDSA-P256');
		const pem = createCsr({ subject: { commonName: 'u', organizations } }, keys);
		const spec = { ...stored.spec, signerName, request: Buffer.from(pem).toString('base64') };
		return refusal(certificateSubjectRestriction(createCsrReader()), 'CREATE', { ...stored, spec }, subresource);
	};
	it('refuses system:masters for client certificates', async () => {
		const refused = 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
		assert.equal(await create(client, ['x', 'system:masters']), refused);
	});
	it('admits other groups and other signers', async () => {
		assert.equal(await create(client, ['x']), undefined);
		assert.equal(await create('example.com/mine', ['system:masters']), undefined);
	});
});
