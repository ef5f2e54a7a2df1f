import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { resources } from '../../../lib/kube/resources.ts';
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Attributes, Decision } from '../authorize/attributes.ts';
import { defaultRbac } from '../authorize/default-roles.ts';
import { rbacSource, userNamed } from '../authorize/fixtures.test.ts';
import type { RulesReviewStatus } from '../authorize/rules-review.ts';
import { admin, clock, now, refusalOf, request } from '../fixtures.test.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import { localSubjectAccessReviews, selfSubjectAccessReviews, subjectAccessReviews } from './access-reviews.ts';
import { selfSubjectReviews, selfSubjectRulesReviews } from './reviews.ts';

describe('reviews', () => {
	let asked: Attributes | undefined;
	let decision: Decision;
	const authorizer = {
		authorize: (attributes: Attributes) => {
			asked = attributes;
			return decision;
		},
	};
	const ask = async (endpoint: ResourceStorage, spec?: object, metadata = {}) => {
		const object = { apiVersion: '', kind: '', metadata, spec };
		return (await endpoint.create?.(request('create', resources.subjectAccessReviews, { object }))) as unknown;
	};
	const other = (spec?: object, metadata?: object) => ask(subjectAccessReviews(authorizer), spec, metadata);
	const self = (spec?: object, metadata?: object) => ask(selfSubjectAccessReviews(authorizer), spec, metadata);
	const local = (spec?: object, metadata: object = { namespace: 'ns' }) =>
		ask(localSubjectAccessReviews(authorizer), spec, metadata);
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
		const invalid = (text: string) => `422 Invalid: .authorization.k8s.io "" is invalid: ${text}`;
		const one =
			'spec: Invalid value: null: ' + 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
		assert.equal(await refusalOf(self({})), invalid(one));
		assert.equal(await refusalOf(self()), invalid(one));
		const both = { resourceAttributes, nonResourceAttributes: { path: '/', verb: 'get' } };
		assert.match(await refusalOf(self(both)), /spec: Invalid value: \{"Path":"\/","Verb":"get"\}: exactly one of/);
		const nobody = 'spec.user: Invalid value: "": at least one of user or group must be specified';
		assert.equal(await refusalOf(other({ resourceAttributes })), invalid(nobody));
		assert.equal(await refusalOf(other({ resourceAttributes, groups: [] })), invalid(nobody));
		assert.equal(asked, undefined);
		await other({ resourceAttributes, groups: ['g'] });
	});

	it('422: needs empty metadata, but for managed fields and the namespace of a local review', async () => {
		const local1 = { resourceAttributes: { ...resourceAttributes, namespace: 'ns' }, user: 'u' };
		for (const empty of [{}, { creationTimestamp: null }, { labels: {} }, { managedFields: [{ manager: 'm' }] }]) {
			await self({ resourceAttributes }, empty);
			await local(local1, { ...empty, namespace: 'ns' });
		}
		for (const metadata of [{ name: 'x' }, { labels: { a: 'b' } }, { uid: '1' }]) {
			assert.match(
				await refusalOf(self({ resourceAttributes }, metadata)),
				/metadata: Invalid value: .*: must be empty$/,
			);
			assert.match(
				await refusalOf(local(local1, { ...metadata, namespace: 'ns' })),
				/metadata: Invalid value: .*: must be empty except for namespace$/,
			);
		}
		assert.match(await refusalOf(other({ resourceAttributes, user: 'u' }, { namespace: 'ns' })), /: must be empty$/);
	});

	it('a LocalSubjectAccessReview asks for its own namespace only', async () => {
		const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'ns' }, user: 'u' };
		assert.equal(((await local(spec)) as { kind: string }).kind, 'LocalSubjectAccessReview');
		assert.equal(asked?.resourceRequest && asked.namespace, 'ns');
		const refuses = async (changed: object, text: RegExp) =>
			assert.match(await refusalOf(local({ user: 'u', ...changed })), text);
		await refuses(
			{ resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'other' } },
			/spec\.resourceAttributes\.namespace: Invalid value: "other": must match metadata\.namespace$/,
		);
		await refuses(
			{ nonResourceAttributes: { path: '/', verb: 'get' } },
			/spec\.nonResourceAttributes: Invalid value: .*: disallowed on this kind of request$/,
		);
		await refuses({ ...spec, user: '' }, /spec\.user: Invalid value: ""/);
	});

	it('passes a field selector on, and says which part it could not read', async () => {
		const asks = async (selectors: object) => {
			const review = await self({ resourceAttributes: { verb: 'list', resource: 'pods', ...selectors } });
			const { evaluationError } = (review as { status: { evaluationError?: string } }).status;
			return [asked?.resourceRequest ? asked.fieldSelector : undefined, evaluationError];
		};
		const equal = { field: 'spec.nodeName', operator: '=', value: 'a' };
		const given = { key: 'spec.nodeName', operator: 'In', values: ['a'] };
		const unequal = { key: 'x', operator: 'NotIn', values: ['b'] };
		const ignored = (name: string, how = '') => `spec.resourceAttributes.${name} ${how}ignored due to parse error`;
		assert.deepEqual(await asks({ fieldSelector: { rawSelector: 'spec.nodeName=a' } }), [[equal], undefined]);
		assert.deepEqual(await asks({ fieldSelector: { requirements: [given, unequal] } }), [
			[equal, { field: 'x', operator: '!=', value: 'b' }],
			undefined,
		]);
		assert.deepEqual(await asks({ fieldSelector: { rawSelector: 'nonsense' } }), [undefined, ignored('fieldSelector')]);
		for (const unknown of [
			{ key: 'x', operator: 'In', values: ['a', 'b'] },
			{ key: 'x', operator: 'Exists' },
			{ key: 'x', operator: 'Newer', values: ['a'] },
		])
			assert.deepEqual(await asks({ fieldSelector: { requirements: [given, unknown] } }), [
				[equal],
				ignored('fieldSelector', 'partially '),
			]);
		const labelSelector = { requirements: [{ key: 'x', operator: 'Newer' }] };
		assert.deepEqual(await asks({ labelSelector }), [undefined, ignored('labelSelector')]);
		assert.deepEqual(await asks({ labelSelector: { rawSelector: 'a in (b)' } }), [undefined, undefined]);
		assert.deepEqual(await asks({ labelSelector: { rawSelector: 'a in (' } }), [undefined, ignored('labelSelector')]);
	});

	it('422 for a selector without requirements, or with requirements of another form', async () => {
		const refused = async (selectors: object) =>
			(await refusalOf(self({ resourceAttributes: { verb: 'list', resource: 'pods', ...selectors } })))
				.replace(/^422 Invalid: .* is invalid: /, '')
				.replaceAll('spec.resourceAttributes.', '');
		for (const name of ['fieldSelector', 'labelSelector']) {
			assert.equal(
				await refused({ [name]: {} }),
				`${name}.requirements: Required value: when ${name} is specified, requirements or rawSelector is required`,
			);
			const one = { key: 'a', operator: 'In', values: ['b'] };
			assert.equal(
				await refused({ [name]: { rawSelector: 'a=b', requirements: [one] } }),
				`${name}.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
			);
			assert.equal(
				await refused({ [name]: { requirements: [{ ...one, values: [] }] } }),
				`${name}.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
			);
			assert.equal(
				await refused({ [name]: { requirements: [{ ...one, operator: 'Exists' }] } }),
				`${name}.requirements[0].values: Forbidden: ` +
					"may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
			);
		}
		assert.match(await refused({ fieldSelector: { requirements: [{ operator: 'Exists' }] } }), /key: Required value/);
		const badKey = { labelSelector: { requirements: [{ key: '!', operator: 'Exists' }] } };
		assert.match(await refused(badKey), /key: Invalid value: "!"/);
	});

	it('a SelfSubjectRulesReview lists the permissions of the caller in a namespace', async () => {
		const rbac = rbacSource(defaultRbac());
		const user = userNamed('system:node:a', 'system:nodes', 'system:authenticated');
		const list = async (spec?: object) => {
			const object = { apiVersion: '', kind: '', metadata: {}, spec };
			const asking = request('create', resources.selfSubjectRulesReviews, { user, object });
			return (await selfSubjectRulesReviews(rbac).create?.(asking)) as unknown as { status: RulesReviewStatus };
		};
		assert.equal(await refusalOf(list({})), '400 BadRequest: no namespace on request');
		const { status, ...answer } = await list({ namespace: 'kube-system' });
		assert.deepEqual(answer, {
			apiVersion: 'authorization.k8s.io/v1',
			kind: 'SelfSubjectRulesReview',
			metadata: {},
			spec: {},
		});
		assert.equal(status.incomplete, true);
		assert.equal(status.evaluationError, 'node authorizer does not support user rule resolution');
		const recorded = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'];
		assert.ok(status.resourceRules.some((rule) => isDeepStrictEqual(rule.resources, recorded)));
		assert.ok(status.nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes('/healthz')));
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
