/**
 * The permissions that a request to the kubelet API needs.
 *
 * @source pkg/kubelet/server/auth.go GetRequestAttributes
 */

const verbs: Readonly<Record<string, string>> = {
	POST: 'create',
	GET: 'get',
	PUT: 'update',
	PATCH: 'patch',
	DELETE: 'delete',
};

/** Empty for a method that has no verb. */
export const verbOf = (method: string): string => verbs[method] ?? '';

const fineGrained: readonly (readonly [path: string, subresource: string])[] = [
	['/allocatedPods', 'pods'],
	['/pods', 'pods'],
	['/healthz', 'healthz'],
	['/configz', 'configz'],
	['/runningpods', 'pods'],
];
const coarse: readonly (readonly [path: string, subresource: string])[] = [
	['/stats', 'stats'],
	['/metrics', 'metrics'],
	['/logs', 'log'],
	['/checkpoint', 'checkpoint'],
	['/statusz', 'statusz'],
	['/flagz', 'configz'],
];

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);

/** The subresources of the Node, one of which the caller must be allowed. */
export function subresourcesOf(path: string): readonly string[] {
	const fine = fineGrained.find(([parent]) => isBelow(path, parent));
	const rest = coarse.find(([parent]) => isBelow(path, parent));
	return [...(fine === undefined ? [] : [fine[1]]), rest?.[1] ?? 'proxy'];
}
