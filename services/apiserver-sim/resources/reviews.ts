/**
 * Reviews: the permissions of a user, of the caller, and the identity of the caller. They are answered, not stored.
 * @source pkg/registry/authorization, pkg/registry/authentication/selfsubjectreview; validation of wire form as
 *   pkg/apis/authorization/validation
 */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import type { FieldProblem } from '../../../lib/errors.ts';
import { invalid, requireValid } from '../../../lib/kube/object-meta.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type {
	KubeObject,
	NonResourceAttributes,
	ResourceAttributes,
	SelfSubjectAccessReview,
	SubjectAccessReview,
	SubjectAccessReviewStatus,
	UserInfo,
} from '../../../lib/kube/types.ts';
import type { Attributes, Authorizer } from '../authorize/attributes.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';

interface Question {
	readonly resourceAttributes?: ResourceAttributes;
	readonly nonResourceAttributes?: NonResourceAttributes;
}

export const subjectAccessReviews = (authorizer: Authorizer): ResourceStorage => ({
	subresources: [],
	async create(request) {
		const review = request.object as SubjectAccessReview;
		const { user = '', groups = [], uid, extra } = review.spec ?? {};
		requireValid(resources.subjectAccessReviews, '', [
			...questionProblems(review.spec ?? {}),
			...(user === '' && groups.length === 0
				? [invalid('spec.user', user, 'at least one of user or group must be specified')]
				: []),
		]);
		const subject: UserInfo = {
			username: user,
			groups,
			...(uid === undefined ? {} : { uid }),
			...(extra === undefined ? {} : { extra }),
		};
		return answered(resources.subjectAccessReviews, review, await decide(authorizer, subject, review.spec));
	},
});

export const selfSubjectAccessReviews = (authorizer: Authorizer): ResourceStorage => ({
	subresources: [],
	async create({ object, user }) {
		const review = object as SelfSubjectAccessReview;
		requireValid(resources.selfSubjectAccessReviews, '', questionProblems(review.spec ?? {}));
		return answered(resources.selfSubjectAccessReviews, review, await decide(authorizer, user, review.spec));
	},
});

export const selfSubjectReviews = (clock: Clock): ResourceStorage => ({
	subresources: [],
	create: async ({ user }: ApiRequest) => ({
		apiVersion: apiVersionOf(resources.selfSubjectReviews),
		kind: resources.selfSubjectReviews.kind,
		metadata: { creationTimestamp: rfc3339(clock()) },
		status: { userInfo: user },
	}),
});

const answered = (
	resource: ApiResource,
	review: KubeObject & { spec: object },
	status: SubjectAccessReviewStatus,
): KubeObject & { spec: object } => ({
	apiVersion: apiVersionOf(resource),
	kind: resource.kind,
	metadata: {},
	spec: review.spec,
	...{ status },
});

function questionProblems({ resourceAttributes, nonResourceAttributes }: Question): FieldProblem[] {
	if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
		return [
			invalid(
				'spec.nonResourceAttributes',
				nonResourceAttributes,
				'cannot be specified in combination with resourceAttributes',
			),
		];
	}
	if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
		return [
			invalid(
				'spec.resourceAttributes',
				null,
				'exactly one of nonResourceAttributes or resourceAttributes must be specified',
			),
		];
	}
	return [];
}

async function decide(authorizer: Authorizer, user: UserInfo, question: Question): Promise<SubjectAccessReviewStatus> {
	const { decision, reason, error } = await authorizer.authorize(attributesOf(user, question));
	return {
		allowed: decision === 'Allow',
		...(decision === 'Deny' ? { denied: true } : {}),
		...(reason === '' ? {} : { reason }),
		...(error === undefined ? {} : { evaluationError: error }),
	};
}

function attributesOf(
	user: UserInfo,
	{ resourceAttributes: asked, nonResourceAttributes: path }: Question,
): Attributes {
	if (asked === undefined) return { resourceRequest: false, user, verb: path?.verb ?? '', path: path?.path ?? '' };
	return {
		resourceRequest: true,
		user,
		verb: asked.verb ?? '',
		apiGroup: asked.group ?? '',
		apiVersion: asked.version ?? '*',
		resource: asked.resource ?? '',
		subresource: asked.subresource ?? '',
		namespace: asked.namespace ?? '',
		name: asked.name ?? '',
	};
}
