/** The permissions of a user, as `kubectl auth can-i --list` prints them. A list for people; it decides nothing. */
import type { PolicyRule, UserInfo } from '../../../lib/kube/types.ts';
import { aggregated } from './go-text.ts';
import { nodeNameOf } from './node-identity.ts';
import { type RbacSource, rulesFor } from './rbac.ts';

/** @source k8s.io/api/authorization/v1 SubjectRulesReviewStatus */
export interface RulesReviewStatus {
	readonly resourceRules: readonly Pick<PolicyRule, 'verbs' | 'apiGroups' | 'resources' | 'resourceNames'>[];
	readonly nonResourceRules: readonly Pick<PolicyRule, 'verbs' | 'nonResourceURLs'>[];
	/** The list may be incomplete, because an authorizer cannot enumerate its permissions. */
	readonly incomplete: boolean;
	readonly evaluationError?: string;
}

const isFilled = (list: readonly string[] | undefined) => list !== undefined && list.length > 0;

/**
 * The status of a SelfSubjectRulesReview under the authorizers Node and RBAC, in this order.
 * @source apiserver/pkg/authorization/union RulesFor; the node authorizer enumerates nothing for nodes and says so
 */
export function reviewRules(source: RbacSource, user: UserInfo, namespace: string): RulesReviewStatus {
	const { rules, error } = rulesFor(source, user, namespace);
	const isNode = nodeNameOf(user) !== undefined;
	const errors = isNode ? ['node authorizer does not support user rule resolution'] : [];
	const evaluationError = aggregated(error === undefined ? errors : [...errors, error]);
	return {
		resourceRules: rules
			.filter((rule) => isFilled(rule.resources))
			.map(({ verbs, apiGroups, resources, resourceNames }) => ({
				verbs,
				apiGroups: apiGroups ?? [],
				resources: resources ?? [],
				...(isFilled(resourceNames) && resourceNames ? { resourceNames } : {}),
			})),
		nonResourceRules: rules
			.filter((rule) => isFilled(rule.nonResourceURLs))
			.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs: nonResourceURLs ?? [] })),
		incomplete: isNode,
		...(evaluationError === undefined ? {} : { evaluationError }),
	};
}
