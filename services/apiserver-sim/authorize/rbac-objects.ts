/**
 * Short ways to write roles and bindings, so that the tables of default ones can be read. Lists are sorted, as upstream
 * stores them.
 */
import type { PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../../lib/kube/types.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const apiVersion = `${apiGroup}/v1`;

/** Words that may be written in any order, separated by blanks. */
const sorted = (words: string) => words.split(' ').toSorted();

/**
 * A rule for resources.
 * @param verbs      for example `get list watch`
 * @param groups     API groups; `''` is the core group
 * @param resources  for example `pods pods/log`
 * @param names      the only objects that the rule is for; none means all
 */
export function rule(
	verbs: string,
	groups: string | readonly string[],
	resources: string,
	...names: readonly string[]
): PolicyRule {
	return {
		verbs: sorted(verbs),
		apiGroups: [groups].flat().toSorted(),
		resources: sorted(resources),
		...(names.length === 0 ? {} : { resourceNames: names.toSorted() }),
	};
}
/** A rule for paths that are no resource. */
export const pathRule = (verbs: string, paths: string): PolicyRule => ({
	verbs: sorted(verbs),
	nonResourceURLs: sorted(paths),
});

export const user = (name: string): Subject => ({ apiGroup, kind: 'User', name });
export const group = (name: string): Subject => ({ apiGroup, kind: 'Group', name });
export const serviceAccount = (namespace: string, name: string): Subject => ({
	kind: 'ServiceAccount',
	namespace,
	name,
});

export const clusterRole = (name: string, ...rules: PolicyRule[]): Role => ({
	apiVersion,
	kind: 'ClusterRole',
	metadata: { name },
	rules,
});
export const role = (namespace: string, name: string, ...rules: PolicyRule[]): Role => ({
	apiVersion,
	kind: 'Role',
	metadata: { name, namespace },
	rules,
});

const withSubjects = (subjects: Subject[]) => (subjects.length === 0 ? {} : { subjects });

/** Binds a ClusterRole everywhere. */
export function clusterRoleBinding(name: string, clusterRoleName: string, ...subjects: Subject[]): RoleBinding {
	const roleRef: RoleRef = { apiGroup, kind: 'ClusterRole', name: clusterRoleName };
	return { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, roleRef, ...withSubjects(subjects) };
}
/** Binds a Role of the same namespace. */
export function roleBinding(namespace: string, name: string, roleName: string, ...subjects: Subject[]): RoleBinding {
	const roleRef: RoleRef = { apiGroup, kind: 'Role', name: roleName };
	return { apiVersion, kind: 'RoleBinding', metadata: { name, namespace }, roleRef, ...withSubjects(subjects) };
}

/** Everything that RBAC knows, by kind. */
export interface RbacObjects {
	readonly clusterRoles: readonly Role[];
	readonly clusterRoleBindings: readonly RoleBinding[];
	readonly roles: readonly Role[];
	readonly roleBindings: readonly RoleBinding[];
}
