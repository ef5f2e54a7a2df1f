import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Attributes, Decision } from '../authorize/attributes.ts';
import { admin, clock, now, refusalOf, request } from '../fixtures.test.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import { selfSubjectAccessReviews, selfSubjectReviews, subjectAccessReviews } from './reviews.ts';

describe('reviews', () => {
	let asked: Attributes | undefined;
	let decision: Decision;
	const authorizer = {
		authorize: (attributes: Attributes) => {
			asked = attributes;
			return decision;
		},
	};
	const ask = async (endpoint: ResourceStorage, spec?: object) => {
		const object = { apiVersion: '', kind: '', metadata: { name: 'ignored' }, spec };
		return (await endpoint.create?.(request('create', resources.subjectAccessReviews, { object }))) as unknown;
	};
	const other = (spec?: object) => ask(subjectAccessReviews(authorizer), spec);
	const self = (spec?: object) => ask(selfSubjectAccessReviews(authorizer), spec);
	const resourceAttributes = {
		verb: 'create',
		group: 'certificates.k8s.io',
		resource: 'certificatesigningrequests',
		subresource: 'nodeclient',
	};

	beforeEach(() => {
		asked = undefined;
		decision = { decision: 'Allow', reason: 'RBAC: allowed' };
	});

	it('a SubjectAccessReview asks for the user that it names', async () => {
		const spec = { resourceAttributes, user: 'u', groups: ['g'], uid: '1', extra: { k: ['v'] } };
		assert.deepEqual(await other(spec), {
			apiVersion: 'authorization.k8s.io/v1',
			kind: 'SubjectAccessReview',
			metadata: {},
			spec,
			status: { allowed: true, reason: 'RBAC: allowed' },
		});
		assert.deepEqual(asked, {
			resourceRequest: true,
			user: { username: 'u', groups: ['g'], uid: '1', extra: { k: ['v'] } },
			verb: 'create',
			apiGroup: 'certificates.k8s.io',
			apiVersion: '*',
			resource: 'certificatesigningrequests',
			subresource: 'nodeclient',
			namespace: '',
			name: '',
		});
	});

	it('a SelfSubjectAccessReview ignores its user and asks for the caller', async () => {
		await self({ nonResourceAttributes: { path: '/version', verb: 'get' }, user: 'eve' });
		assert.deepEqual(asked, { resourceRequest: false, user: admin, verb: 'get', path: '/version' });
	});

	it('distinguishes no, a denial, and an evaluation error', async () => {
		const statusOf = async (answer: Decision) => {
			decision = answer;
			return ((await self({ resourceAttributes })) as { status: unknown }).status;
		};
		assert.deepEqual(await statusOf({ decision: 'NoOpinion', reason: '' }), { allowed: false });
		assert.deepEqual(await statusOf({ decision: 'Deny', reason: 'r' }), { allowed: false, denied: true, reason: 'r' });
		assert.deepEqual(await statusOf({ decision: 'NoOpinion', reason: '', error: 'e' }), {
			allowed: false,
			evaluationError: 'e',
		});
	});

	it('422: needs exactly one question and a user; does not call the authorizer otherwise', async () => {
		const invalid = (kind: string, text: string) => `422 Invalid: ${kind}.authorization.k8s.io "" is invalid: ${text}`;
		const one =
			'spec.resourceAttributes: Invalid value: null: ' +
			'exactly one of nonResourceAttributes or resourceAttributes must be specified';
		assert.equal(await refusalOf(self({})), invalid('SelfSubjectAccessReview', one));
		assert.equal(await refusalOf(self()), invalid('SelfSubjectAccessReview', one));
		const both = { resourceAttributes, nonResourceAttributes: { path: '/', verb: 'get' } };
		assert.match(
			await refusalOf(self(both)),
			/spec\.nonResourceAttributes: Invalid value: .*: cannot be specified in combination with resourceAttributes$/,
		);
		const nobody = 'spec.user: Invalid value: "": at least one of user or group must be specified';
		assert.equal(await refusalOf(other({ resourceAttributes })), invalid('SubjectAccessReview', nobody));
		assert.equal(await refusalOf(other({ resourceAttributes, groups: [] })), invalid('SubjectAccessReview', nobody));
		assert.equal(asked, undefined);
		await other({ resourceAttributes, groups: ['g'] });
	});

	it('a SelfSubjectReview says who asks', async () => {
		const user: UserInfo = { username: 'u', groups: ['g'], extra: { k: ['v'] } };
		const review = await selfSubjectReviews(clock).create?.(request('create', resources.selfSubjectReviews, { user }));
		assert.deepEqual(review, {
			apiVersion: 'authentication.k8s.io/v1',
			kind: 'SelfSubjectReview',
			metadata: { creationTimestamp: now },
			status: { userInfo: user },
		});
	});
});
