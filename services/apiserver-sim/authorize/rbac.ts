/**
 * Role-based access control: a request is allowed when a rule that is bound to the requester matches it. There is no
 * rule that denies. Reads roles and bindings from views that the caller keeps; never does I/O and never changes them.
 * @source plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go,
 *   pkg/apis/rbac/v1/evaluation_helpers.go
 */
import { serviceAccountUsername } from '../../../lib/kube/service-account-user.ts';
import type { PolicyRule, Role, RoleBinding, RoleRef, Subject, UserInfo } from '../../../lib/kube/types.ts';
import type { Attributes, Authorizer, Decision } from './attributes.ts';
import { aggregated, quoted } from './go-text.ts';

/** Synchronous views of a cache of the RBAC objects. */
export interface RbacSource {
	/** At least those that name the user or a group of it. */
	clusterRoleBindings(user: UserInfo): readonly RoleBinding[];
	roleBindings(namespace: string, user: UserInfo): readonly RoleBinding[];
	role(namespace: string, name: string): Role | undefined;
	clusterRole(name: string): Role | undefined;
}

/** A binding that names the requester, and the first of its subjects that does. */
interface Grant {
	readonly binding: RoleBinding;
	readonly subject: Subject;
	/** Empty for a ClusterRoleBinding. */
	readonly namespace: string;
}
/** The rules of the bound role, or why they could not be had. */
export type BoundRules = { readonly rules: readonly PolicyRule[] } | { readonly error: string };

const has = (list: readonly string[] = [], ...wanted: readonly string[]) => list.some((item) => wanted.includes(item));

function resourceMatches(rule: PolicyRule, resource: string, subresource: string): boolean {
	return subresource === ''
		? has(rule.resources, '*', resource)
		: has(rule.resources, '*', `${resource}/${subresource}`, `*/${subresource}`);
}

function pathMatches(ruleUrl: string, path: string): boolean {
	return ruleUrl === '*' || ruleUrl === path || (ruleUrl.endsWith('*') && path.startsWith(ruleUrl.replace(/\*+$/, '')));
}

/**
 * Whether one rule allows a request. A rule with resourceNames never matches a request without a name, so never a
 * create.
 * @differs upstream lets the empty resource name match a request without a name
 */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
	if (!has(rule.verbs, '*', attributes.verb)) return false;
	if (!attributes.resourceRequest) return (rule.nonResourceURLs ?? []).some((url) => pathMatches(url, attributes.path));
	const names = rule.resourceNames ?? [];
	return (
		has(rule.apiGroups, '*', attributes.apiGroup) &&
		resourceMatches(rule, attributes.resource, attributes.subresource) &&
		(names.length === 0 || (attributes.name !== '' && names.includes(attributes.name)))
	);
}

function isSubject(user: UserInfo, subject: Subject, bindingNamespace: string): boolean {
	switch (subject.kind) {
		case 'User':
			return user.username === subject.name;
		case 'Group':
			return user.groups.includes(subject.name);
		case 'ServiceAccount': {
			const namespace = subject.namespace || bindingNamespace;
			return namespace !== '' && user.username === serviceAccountUsername({ namespace, name: subject.name });
		}
		default:
			return false;
	}
}

/** Every binding that names the requester: first those of the cluster, then those of the namespace. */
function* grantsOf(source: RbacSource, user: UserInfo, namespace: string): Generator<Grant> {
	for (const binding of source.clusterRoleBindings(user)) {
		const subject = binding.subjects?.find((s) => isSubject(user, s, ''));
		if (subject !== undefined) yield { binding, subject, namespace: '' };
	}
	if (namespace === '') return;
	for (const binding of source.roleBindings(namespace, user)) {
		const subject = binding.subjects?.find((s) => isSubject(user, s, namespace));
		if (subject !== undefined) yield { binding, subject, namespace };
	}
}

/** The rules of the role that a reference names, in the namespace of the binding. */
export function boundRules(source: RbacSource, ref: RoleRef, namespace: string): BoundRules {
	if (ref.kind !== 'Role' && ref.kind !== 'ClusterRole')
		return { error: `unsupported role reference kind: ${quoted(ref.kind)}` };
	const role = ref.kind === 'Role' ? source.role(namespace, ref.name) : source.clusterRole(ref.name);
	if (role === undefined)
		return { error: `${ref.kind.toLowerCase()}.rbac.authorization.k8s.io ${quoted(ref.name)} not found` };
	return { rules: role.rules ?? [] };
}

/** `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`; names in a namespace are written name/namespace. */
function describeGrant({ binding, subject, namespace }: Grant): string {
	const name = binding.metadata.name ?? '';
	const from =
		namespace === '' ? `ClusterRoleBinding ${quoted(name)}` : `RoleBinding ${quoted(`${name}/${namespace}`)}`;
	const to = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
	return `${from} of ${binding.roleRef.kind} ${quoted(binding.roleRef.name)} to ${subject.kind} ${quoted(to)}`;
}

/** Its reason is made when it is read, because few decisions are shown. */
class Allowed implements Decision {
	readonly decision = 'Allow';
	readonly #grant: Grant;

	constructor(grant: Grant) {
		this.#grant = grant;
	}

	get reason(): string {
		return `RBAC: allowed by ${describeGrant(this.#grant)}`;
	}
}

/**
 * The RBAC authorizer: Allow with the binding that allows it, or NoOpinion. A role that is missing does not stop the
 * others from being looked at; it is named in the reason when nothing else allows the request.
 */
export function createRbacAuthorizer(source: RbacSource): Authorizer {
	return {
		authorize(attributes) {
			const errors: string[] = [];
			for (const grant of grantsOf(source, attributes.user, attributes.resourceRequest ? attributes.namespace : '')) {
				const bound = boundRules(source, grant.binding.roleRef, grant.namespace);
				if ('error' in bound) errors.push(bound.error);
				else if (bound.rules.some((rule) => ruleAllows(rule, attributes))) {
					return new Allowed(grant);
				}
			}
			const problem = aggregated(errors);
			return { decision: 'NoOpinion', reason: problem === undefined ? '' : `RBAC: ${problem}` };
		},
	};
}

/**
 * All rules of a user at the cluster scope and in a namespace, and the errors on the way, for a SelfSubjectRulesReview.
 */
export function rulesFor(
	source: RbacSource,
	user: UserInfo,
	namespace: string,
): { readonly rules: readonly PolicyRule[]; readonly error?: string } {
	const rules: PolicyRule[] = [];
	const errors: string[] = [];
	for (const grant of grantsOf(source, user, namespace)) {
		const bound = boundRules(source, grant.binding.roleRef, grant.namespace);
		if ('error' in bound) errors.push(bound.error);
		else rules.push(...bound.rules);
	}
	const error = aggregated(errors);
	return { rules, error };
}
