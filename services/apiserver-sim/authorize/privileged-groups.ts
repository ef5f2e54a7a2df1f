/**
 * The group system:masters may do everything, also when no binding says so.
 * @source apiserver/pkg/authorization/authorizerfactory NewPrivilegedGroups
 */
import { wellKnown } from '../../../lib/kube/types.ts';
import type { Authorizer } from './attributes.ts';

export const privilegedGroups: Authorizer = {
	authorize: ({ user }) => ({
		decision: user.groups.includes(wellKnown.groups.masters) ? 'Allow' : 'NoOpinion',
		reason: '',
	}),
};
