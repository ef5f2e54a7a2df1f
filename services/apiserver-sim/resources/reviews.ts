/**
 * Reviews of the caller: its identity and its permissions. They are answered, not stored.
 * @source pkg/registry/authentication/selfsubjectreview, pkg/registry/authorization/selfsubjectrulesreview
 */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { RbacSource } from '../authorize/rbac.ts';
import { reviewRules } from '../authorize/rules-review.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';

export const selfSubjectReviews = (clock: Clock): ResourceStorage => ({
	subresources: [],
	create: async ({ user }: ApiRequest) => ({
		apiVersion: apiVersionOf(resources.selfSubjectReviews),
		kind: resources.selfSubjectReviews.kind,
		metadata: { creationTimestamp: rfc3339(clock()) },
		status: { userInfo: user },
	}),
});

export const selfSubjectRulesReviews = (rbac: RbacSource): ResourceStorage => ({
	subresources: [],
	async create({ object, user }) {
		const { namespace = '' } = (object as KubeObject & { spec?: { namespace?: string } }).spec ?? {};
		if (namespace === '') throw new KubejoinError('API_BAD_REQUEST', { problem: 'no namespace on request' });
		return {
			apiVersion: apiVersionOf(resources.selfSubjectRulesReviews),
			kind: resources.selfSubjectRulesReviews.kind,
			metadata: {},
			...{ spec: {}, status: reviewRules(rbac, user, namespace) },
		};
	},
});
