import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Unsent } from '../../../lib/kube/client.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '../../../lib/kube/types.ts';
import { base64, condition, csr, fakeLog, fakeRegistry, nodeUser, personRequest } from '../fakes.test.ts';
import { accessReview, createApprover, recognise } from './csr-approving.ts';

const names = (request: CertificateSigningRequest) => recognise(request).map(({ subresource }) => subresource);

describe('recognising requests that can be approved', () => {
	it('a request of a node for itself, then of a node', () => {
		assert.deepEqual(names(csr()), ['nodeclient']);
		assert.deepEqual(names(csr({ username: nodeUser })), ['selfnodeclient', 'nodeclient']);
	});
	it('none that is decided or issued', () => {
		for (const type of ['Approved', 'Denied']) assert.deepEqual(names(csr({ conditions: [condition(type)] })), []);
		assert.deepEqual(names(csr({ certificate: 'x' })), []);
	});
	it('none of another signer, with other usages, of a person, or that cannot be read', () => {
		for (const signerName of ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client', 'example.com/x'])
			assert.deepEqual(names(csr({ signerName })), []);
		assert.deepEqual(names(csr({ usages: ['client auth'] })), []);
		assert.deepEqual(names(csr({ request: base64(personRequest) })), []);
		assert.deepEqual(names(csr({ request: base64('x') })), []);
	});
});

describe('csr-approving', () => {
	/** An API server whose authorizer allows these subresources. */
	function approving(request: CertificateSigningRequest, ...allowed: string[]) {
		const registry = fakeRegistry(request);
		const reviews: Unsent<SubjectAccessReview>[] = [];
		const subjectAccessReviews = {
			create: async (review: Unsent<SubjectAccessReview>): Promise<SubjectAccessReview> => {
				reviews.push(review);
				const { subresource = '' } = review.spec.resourceAttributes ?? {};
				return { apiVersion: '', kind: '', ...review, status: { allowed: allowed.includes(subresource) } };
			},
		};
		const { log, messages } = fakeLog();
		const approve = createApprover({ csrs: registry, subjectAccessReviews, find: () => request, log });
		return { approve, registry, reviews, messages };
	}

	it('approves what the requester may have', async () => {
		const { approve, registry, reviews, messages } = approving(csr(), 'nodeclient');
		await approve('csr-1');
		assert.deepEqual(registry.present()?.status?.conditions, [
			{ type: 'Approved', status: 'True', reason: 'AutoApproved', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' },
		]);
		assert.deepEqual(reviews, [accessReview(csr(), 'nodeclient')]);
		assert.deepEqual(messages, ['approved csr-1']);
	});

	it('asks for the requester as the API server recorded it', () => {
		const { spec } = accessReview(csr({ uid: 'u', extra: { a: ['b'] } }), 'nodeclient');
		assert.deepEqual(spec, {
			resourceAttributes: { group: 'certificates.k8s.io', version: '*', resource: 'certificatesigningrequests', subresource: 'nodeclient', verb: 'create' },
			user: 'system:bootstrap:abcdef',
			groups: ['system:bootstrappers', 'system:authenticated'],
			uid: 'u',
			extra: { a: ['b'] },
		});
	});

	it('the first that is allowed decides; a node renews its own', async () => {
		const { approve, registry, reviews } = approving(csr({ username: nodeUser }), 'selfnodeclient', 'nodeclient');
		await approve('csr-1');
		assert.equal(reviews.length, 1);
		assert.equal(registry.present()?.status?.conditions?.[0]?.message, 'Auto approving self kubelet client certificate after SubjectAccessReview.');
	});

	it('leaves pending what the requester may not have, says so once, and asks again', async () => {
		const { approve, registry, reviews, messages } = approving(csr());
		await approve('csr-1');
		await approve('csr-1');
		assert.deepEqual(registry.writes, []);
		assert.equal(reviews.length, 2);
		assert.equal(messages.length, 1);
	});

	it('API_CONFLICT: what a person denied meanwhile is not approved', async () => {
		const { approve, registry } = approving(csr(), 'nodeclient');
		await registry.updateApproval(csr({ conditions: [condition('Denied')] }));
		await approve('csr-1');
		assert.deepEqual(registry.present()?.status?.conditions, [condition('Denied')]);
	});

	it('an API server that does not answer approves nothing', async () => {
		const registry = fakeRegistry(csr());
		const failing = { create: () => Promise.reject(new KubejoinError('CONNECTION_REFUSED', { target: 'x', problem: 'x' })) };
		const approve = createApprover({ csrs: registry, subjectAccessReviews: failing, find: () => csr(), log: fakeLog().log });
		await assert.rejects(approve('csr-1'), { code: 'CONNECTION_REFUSED' });
		assert.deepEqual(registry.writes, []);
	});
});
