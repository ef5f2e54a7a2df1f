/**
 * The group system:masters may do everything, also when no binding says so.
 * @source apiserver/pkg/authorization/authorizerfactory NewPrivilegedGroups
 */
import { wellKnown } from '../../../lib/kube/types.ts';
import type { SyncAuthorizer } from './attributes.ts';

export const privilegedGroups: SyncAuthorizer = {
	authorize: ({ user }) => ({
		decision: user.groups.includes(wellKnown.groups.masters) ? 'Allow' : 'NoOpinion',
		reason: '',
	}),
};
