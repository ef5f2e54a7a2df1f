/**
 * Impersonation is not offered, and a request that asks for it must never run with the rights of its caller: it is
 * refused, in the words that upstream has for a caller who may not impersonate.
 * @source apiserver/pkg/endpoints/filters/impersonation.go, release 1.32
 */
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Authorizer, ResourceRequest } from '../authorize/attributes.ts';
import { forbidden } from '../authorize/forbidden.ts';

const prefix = 'impersonate-';

/** A header or metadata key, in lower case, and its value. */
export type ImpersonationHeader = readonly [name: string, value: string];

/** The headers that ask for impersonation, with any suffix. */
export const impersonationHeaders = (headers: Iterable<readonly [string, string]>): readonly ImpersonationHeader[] =>
	[...headers].flatMap(([name, value]) => {
		const lower = name.toLowerCase();
		return lower.startsWith(prefix) ? [[lower, value] as const] : [];
	});

/**
 * @throws API_FORBIDDEN  there is such a header. The reason is the authorizers' for a caller who may not impersonate
 * @differs upstream runs the request as the other user when the caller may impersonate; here it is refused all the
 *   same, and any header that begins with `Impersonate-` counts, a group without a user as well, which is 500 upstream
 */
export async function refuseImpersonation(
	authorizer: Authorizer,
	user: UserInfo,
	headers: readonly ImpersonationHeader[],
): Promise<void> {
	const inOrder = ['user', 'group', 'extra-', 'uid', ''].flatMap((kind) =>
		headers.filter(([name]) => name.startsWith(prefix + kind)),
	);
	const [first] = inOrder;
	if (first === undefined) return;
	const attributes = { ...attributesOf(first), resourceRequest: true, user, verb: 'impersonate' } as const;
	const { decision, reason } = await authorizer.authorize(attributes);
	throw forbidden(attributes, decision === 'Allow' ? 'impersonation is not offered by this API server' : reason);
}

function attributesOf([header, value]: ImpersonationHeader): Omit<
	ResourceRequest,
	'user' | 'verb' | 'resourceRequest'
> {
	const core = { apiGroup: '', apiVersion: 'v1', subresource: '', namespace: '', name: value };
	const authentication = { ...core, apiGroup: 'authentication.k8s.io' };
	const kind = header.slice(prefix.length);
	if (kind === 'group') return { ...core, resource: 'groups' };
	if (kind === 'uid') return { ...authentication, resource: 'uids' };
	if (kind.startsWith('extra-'))
		return { ...authentication, resource: 'userextras', subresource: kind.slice('extra-'.length) };
	const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(value) ?? [];
	if (namespace === undefined || name === undefined) return { ...core, resource: 'users' };
	return { ...core, resource: 'serviceaccounts', namespace, name };
}
