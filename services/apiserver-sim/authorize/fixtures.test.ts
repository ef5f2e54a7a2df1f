/** Requests, users and RBAC views for the tests of this folder. No tests, and nothing that a service may import. */
import fc from 'fast-check';
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { PathRequest, ResourceRequest } from './attributes.ts';
import type { RbacSource } from './rbac.ts';
import type { RbacObjects } from './rbac-objects.ts';

export const userNamed = (username: string, ...groups: string[]): UserInfo => ({ username, groups });
export const node = (name: string): UserInfo =>
	userNamed(`system:node:${name}`, 'system:nodes', 'system:authenticated');

/** `get pods` of an arbitrary user, with these changes. */
export const resourceRequest = (given: Partial<ResourceRequest>): ResourceRequest => ({
	user: userNamed('u'),
	verb: 'get',
	resourceRequest: true,
	apiGroup: '',
	apiVersion: 'v1',
	resource: 'pods',
	subresource: '',
	namespace: '',
	name: '',
	...given,
});
export const pathRequest = (user: UserInfo, verb: string, path: string): PathRequest => ({
	user,
	verb,
	path,
	resourceRequest: false,
});

/** A source of fixed objects. */
export const rbacSource = (...all: readonly Partial<RbacObjects>[]): RbacSource => ({
	clusterRoleBindings: () => all.flatMap((o) => o.clusterRoleBindings ?? []),
	roleBindings: (namespace) =>
		all.flatMap((o) => o.roleBindings ?? []).filter((b) => b.metadata.namespace === namespace),
	role: (namespace, name) =>
		all.flatMap((o) => o.roles ?? []).find((r) => r.metadata.namespace === namespace && r.metadata.name === name),
	clusterRole: (name) => all.flatMap((o) => o.clusterRoles ?? []).find((r) => r.metadata.name === name),
});

const oneOf = (...values: string[]) => fc.constantFrom(...values);
export const anyUser = fc.record({
	username: oneOf('u', 'v', 'system:node:a', 'system:node:', 'system:serviceaccount:ns:sa'),
	groups: fc.uniqueArray(oneOf('g', 'h', 'system:nodes', 'system:authenticated')),
});
/** Few values, so that requests and rules meet often. */
export const anyResourceRequest = fc.record({
	user: anyUser,
	verb: oneOf('get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'approve'),
	resourceRequest: fc.constant(true as const),
	apiGroup: oneOf('', 'coordination.k8s.io', 'certificates.k8s.io', 'resource.k8s.io', 'storage.k8s.io'),
	apiVersion: fc.constant('v1'),
	resource: oneOf(
		'nodes',
		'pods',
		'leases',
		'secrets',
		'csinodes',
		'resourceslices',
		'serviceaccounts',
		'persistentvolumeclaims',
	),
	subresource: oneOf('', 'status', 'token', 'log'),
	namespace: oneOf('', 'ns', 'kube-node-lease'),
	name: oneOf('', 'a', 'b'),
});
export const anyPathRequest = fc.record({
	user: anyUser,
	verb: oneOf('get', 'post'),
	resourceRequest: fc.constant(false as const),
	path: fc.oneof(oneOf('/', '/healthz', '/healthz/etcd', '/api'), fc.webPath()),
});
export const anyRequest = fc.oneof(anyResourceRequest, anyPathRequest);
