/** The node that a user is. It decides nothing. */
import { type UserInfo, wellKnown } from '../../../lib/kube/types.ts';

/**
 * The name of the node of a user; undefined for other users. Empty if the user name ends after its prefix: it is an
 * unknown node, so callers refuse it.
 * @source pkg/auth/nodeidentifier: the prefix system:node: and the group system:nodes, both
 */
export function nodeNameOf(user: UserInfo): string | undefined {
	if (!user.username.startsWith(wellKnown.nodeUserPrefix) || !user.groups.includes(wellKnown.groups.nodes))
		return undefined;
	return user.username.slice(wellKnown.nodeUserPrefix.length);
}
