/** Which node a user is. Says who, never what they may do. */
import { type UserInfo, wellKnown } from '../../../lib/kube/types.ts';

/**
 * The name of the node that a user is; undefined for a user that is no node. Empty when the user name ends after its prefix: a node,
 * but nobody knows which, so callers refuse it.
 * @source pkg/auth/nodeidentifier: the prefix system:node: and the group system:nodes, both
 */
export function nodeNameOf(user: UserInfo): string | undefined {
	if (!user.username.startsWith(wellKnown.nodeUserPrefix) || !user.groups.includes(wellKnown.groups.nodes))
		return undefined;
	return user.username.slice(wellKnown.nodeUserPrefix.length);
}
