import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Unsent } from '../../../lib/kube/client.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import {
	base64,
	condition,
	csr,
	fakeDecisionRecorder,
	fakeLog,
	fakeRegistry,
	nodeUser,
	personRequest,
	requestOfNode,
} from '../fakes.test.ts';
import { accessReview, createApprover, recognise } from './csr-approving.ts';

const names = (request: CertificateSigningRequest) =>
	recognise(request, createCsrReader()).map(({ subresource }) => subresource);

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
		const { recordDecision, events } = fakeDecisionRecorder();
		const find = () => request;
		const approve = createApprover({ csrs: registry, subjectAccessReviews, find, recordDecision, log });
		return { approve, registry, reviews, messages, events };
	}

	it('approves requests that the requester may make', async () => {
		const { approve, registry, reviews, messages, events } = approving(csr(), 'nodeclient');
		assert.equal(await approve('csr-1'), undefined);
		assert.deepEqual(registry.present()?.status?.conditions, [
			{
				type: 'Approved',
				status: 'True',
				reason: 'AutoApproved',
				message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
			},
		]);
		assert.deepEqual(reviews, [accessReview(csr(), 'nodeclient')]);
		assert.deepEqual(messages, ['approved csr-1']);
		assert.deepEqual(events, [
			'Normal csr-1 uid-1 CSRApproved: Auto approving kubelet client certificate after SubjectAccessReview.',
		]);
	});

	describe('a token that is good for less', () => {
		const once = 'system:bootstrappers:kubejoin:once';
		const decisions: string[] = [];
		beforeEach(() => void decisions.splice(0));
		const forNode = (name: string) => `system:bootstrappers:kubejoin:node:${name}`;
		/** Several requests in one API; decided all at once. */
		async function decided(...requests: CertificateSigningRequest[]): Promise<string[]> {
			const objects = requests.map(
				(request, index): CertificateSigningRequest => ({
					...request,
					metadata: { ...request.metadata, name: `csr-${index}` },
				}),
			);
			const registries = objects.map((object) => fakeRegistry(object));
			const registryOf = (name: string) => registries[Number(name.slice(4))] ?? assert.fail();
			const present = () => registries.flatMap((registry) => registry.present() ?? []);
			const csrs = {
				get: (name: string) => registryOf(name).get(),
				list: async () => ({ apiVersion: '', kind: '', metadata: { resourceVersion: '1' }, items: present() }),
				updateApproval: (changed: Unsent<CertificateSigningRequest>) =>
					registryOf(changed.metadata.name ?? '').updateApproval(changed),
			};
			const subjectAccessReviews = {
				create: async (review: Unsent<SubjectAccessReview>) => ({
					apiVersion: '',
					kind: '',
					...review,
					status: { allowed: true },
				}),
			};
			const decide = createApprover({
				csrs,
				subjectAccessReviews,
				find: (name) => registryOf(name).present(),
				recordDecision: fakeDecisionRecorder(decisions).recordDecision,
				log: fakeLog().log,
			});
			await Promise.all(objects.map(({ metadata }) => decide(metadata.name ?? '')));
			return present().map(({ status }) =>
				(status?.conditions ?? [])
					.map(({ type, reason, message }) => (type === 'Denied' ? `${reason}: ${message}` : type))
					.join(),
			);
		}
		const asking = (node: string, group: string, more: Parameters<typeof csr>[0] = {}) =>
			csr({ request: base64(requestOfNode(node)), groups: ['system:bootstrappers', group], ...more });

		it('for a node by name: no other node', async () => {
			assert.deepEqual(await decided(asking('a', forNode('a')), asking('b', forNode('a'))), [
				'Approved',
				'TokenForOtherNode: bootstrap token "abcdef" is for node "a", and not for "b"',
			]);
			assert.deepEqual(decisions.toSorted(), [
				'Normal csr-0 uid-1 CSRApproved: Auto approving kubelet client certificate after SubjectAccessReview.',
				'Warning csr-1 uid-1 CSRDenied: bootstrap token "abcdef" is for node "a", and not for "b"',
			]);
		});
		it('for the first node only, also if two come at once; that node can ask again', async () => {
			const used = 'TokenUsed: bootstrap token "abcdef" is for one node, and "a" used it';
			assert.deepEqual(await decided(asking('a', once), asking('b', once), asking('a', once)), [
				'Approved',
				used,
				'Approved',
			]);
			assert.deepEqual(await decided(asking('a', once, { conditions: [condition('Approved')] }), asking('b', once)), [
				'Approved',
				used,
			]);
		});
		it('one token does not count for another, and denied requests do not count', async () => {
			assert.deepEqual(await decided(asking('a', once), asking('b', once, { username: 'system:bootstrap:ghijkl' })), [
				'Approved',
				'Approved',
			]);
			assert.deepEqual(await decided(asking('a', once, { conditions: [condition('Denied')] }), asking('b', once)), [
				'undefined: undefined',
				'Approved',
			]);
		});
		it('a token without bounds is good for any node, as upstream', async () => {
			assert.deepEqual(await decided(asking('a', 'g'), asking('b', 'g')), ['Approved', 'Approved']);
		});
	});

	it('asks for the requester as the API server recorded it', () => {
		const { spec } = accessReview(csr({ uid: 'u', extra: { a: ['b'] } }), 'nodeclient');
		assert.deepEqual(spec, {
			resourceAttributes: {
				group: 'certificates.k8s.io',
				version: '*',
				resource: 'certificatesigningrequests',
				subresource: 'nodeclient',
				verb: 'create',
			},
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
		assert.equal(
			registry.present()?.status?.conditions?.[0]?.message,
			'Auto approving self kubelet client certificate after SubjectAccessReview.',
		);
	});

	it('leaves a request without permission pending, logs it once, and asks again', async () => {
		const { approve, registry, reviews, messages, events } = approving(csr());
		assert.equal(await approve('csr-1'), 1_000);
		assert.equal(await approve('csr-1'), 2_000);
		assert.deepEqual(registry.writes, []);
		assert.equal(reviews.length, 2);
		assert.equal(messages.length, 1);
		assert.deepEqual(events, []);
	});

	it('API_CONFLICT: does not approve a request that was denied meanwhile', async () => {
		const { approve, registry, events } = approving(csr(), 'nodeclient');
		await registry.updateApproval(csr({ conditions: [condition('Denied')] }));
		await approve('csr-1');
		assert.deepEqual(registry.present()?.status?.conditions, [condition('Denied')]);
		assert.deepEqual(events, []);
	});

	it('an API server that does not answer approves nothing', async () => {
		const registry = fakeRegistry(csr());
		const failing = {
			create: () => Promise.reject(new KubejoinError('CONNECTION_REFUSED', { target: 'x', problem: 'x' })),
		};
		const approve = createApprover({
			csrs: registry,
			subjectAccessReviews: failing,
			find: () => csr(),
			recordDecision: () => assert.fail(),
			log: fakeLog().log,
		});
		await assert.rejects(approve('csr-1'), { code: 'CONNECTION_REFUSED' });
		assert.deepEqual(registry.writes, []);
	});
});
