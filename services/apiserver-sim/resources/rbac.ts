/**
 * Roles and bindings: their validation, and the check that their writer holds the permissions that they grant.
 * @source pkg/apis/rbac/validation/validation.go, pkg/apis/rbac/v1/defaults.go, pkg/registry/rbac, release 1.32
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../lib/errors.ts';
import { pathSegmentProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, notSupported, required, requireValid, tooMany } from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { checkBinding, checkRole, type Grantor } from '../authorize/escalation.ts';
import type { RbacSource } from '../authorize/rbac.ts';
import type { Strategy } from '../registry.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { type LabelSelector, labelSelectorProblems } from './field-rules.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

const grantorOf = ({ user, namespace }: ApiRequest, authorizer: Authorizer, source: RbacSource): Grantor => ({
	user,
	namespace,
	authorizer,
	source,
});

interface AggregationRule {
	readonly clusterRoleSelectors?: readonly LabelSelector[];
}
type AnyRole = Role & { readonly aggregationRule?: AggregationRule };

export const roles = (resource: ApiResource, authorizer: Authorizer, source: RbacSource): Strategy<AnyRole> => ({
	resource,
	subresources: [],
	allowsCreateOnUpdate: true,
	nameRule: pathSegmentProblems,
	validate: ({ rules = [], aggregationRule }) => [
		...rules.flatMap((rule, index) => ruleProblems(rule, resource.namespaced, `rules[${index}]`)),
		...aggregationProblems(aggregationRule),
		// Upstream checks these by declared rules, after all others.
		...rules.flatMap(({ verbs = [] }, index) => (verbs.length === 0 ? [required(`rules[${index}].verbs`)] : [])),
	],
	authorizeContent(request, role, previous) {
		requireFewCombinations(resource, role);
		if (changesOwnersOnly(role, previous)) return undefined;
		return checkRole(
			role,
			previous,
			request.name,
			resource.namespaced ? 'roles' : 'clusterroles',
			grantorOf(request, authorizer, source),
		);
	},
});

/** Admission compares each combination with the rights of the writer. @throws API_INVALID */
function requireFewCombinations(resource: ApiResource, { metadata, rules = [] }: Role): void {
	const count = rules.reduce((sum, rule) => sum + combinationsOf(rule), 0);
	const max = limits.roleCombinations.value;
	if (count > max) requireValid(resource, metadata.name ?? '', [tooMany('rules', count, max, 'roleCombinations')]);
}
const combinationsOf = (rule: PolicyRule): number => {
	const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
	const things = apiGroups.length * resources.length * Math.max(resourceNames.length, 1) + nonResourceURLs.length;
	return verbs.length * things;
};

/** RoleBindings or ClusterRoleBindings. */
export const roleBindings = (
	resource: ApiResource,
	authorizer: Authorizer,
	source: RbacSource,
): Strategy<RoleBinding> => ({
	resource,
	subresources: [],
	allowsCreateOnUpdate: true,
	nameRule: pathSegmentProblems,
	prepareForCreate: withGroups,
	prepareForUpdate: withGroups,
	validate: (binding) => bindingProblems(binding, resource.namespaced),
	validateUpdate: ({ roleRef }, previous) =>
		isDeepStrictEqual(roleRef, previous.roleRef) ? [] : [roleRefChanged(roleRef)],
	authorizeContent(request, binding, previous) {
		const complete = withGroups(binding);
		if (changesOwnersOnly(complete, previous)) return undefined;
		return checkBinding(complete, grantorOf(request, authorizer, source));
	},
});

/** An update by the garbage collector grants nothing. @source pkg/registry/rbac/helpers.go IsOnlyMutatingGCFields */
function changesOwnersOnly<T extends KubeObject>(next: T, previous: T | undefined): boolean {
	return previous !== undefined && isDeepStrictEqual(withoutOwners(next), withoutOwners(previous));
}
function withoutOwners(object: KubeObject): object {
	const compared = { ...object.metadata, ownerReferences: undefined, finalizers: undefined, managedFields: undefined };
	return { ...object, metadata: { ...compared, resourceVersion: undefined } };
}

/** The API group that goes without saying. */
function withGroups(binding: RoleBinding): RoleBinding {
	const { apiGroup = '', kind = '', name = '' } = (binding.roleRef ?? {}) as Partial<RoleRef>;
	const subjects = binding.subjects?.map((subject): Subject => {
		const isOfRbac = subject.kind === 'User' || subject.kind === 'Group';
		return isOfRbac && !subject.apiGroup ? { ...subject, apiGroup: rbacGroup } : subject;
	});
	const roleRef = { apiGroup: apiGroup || rbacGroup, kind: kind as RoleRef['kind'], name };
	return { ...binding, roleRef, ...(subjects === undefined ? {} : { subjects }) };
}

/** @source ValidateClusterRole */
function aggregationProblems(rule: AggregationRule | undefined): FieldProblem[] {
	if (rule === undefined) return [];
	const field = 'aggregationRule.clusterRoleSelectors';
	const { clusterRoleSelectors: selectors = [] } = rule;
	if (selectors.length === 0)
		return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
	return selectors.flatMap((selector, index) => {
		const at = `${field}[${index}]`;
		const problems = labelSelectorProblems(selector, at);
		return problems.length === 0 ? [] : [...problems, invalid(at, null, 'invalid label selector.')];
	});
}

function ruleProblems(
	{ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule,
	isNamespaced: boolean,
	at: string,
) {
	const problems: FieldProblem[] = [];
	if (nonResourceURLs.length > 0) {
		const refuse = (detail: string) => invalid(`${at}.nonResourceURLs`, nonResourceURLs, detail);
		if (isNamespaced) problems.push(refuse('namespaced rules cannot apply to non-resource URLs'));
		if (apiGroups.length + resources.length + resourceNames.length > 0) {
			problems.push(refuse('rules cannot apply to both regular resources and non-resource URLs'));
		}
		return problems;
	}
	if (apiGroups.length === 0)
		problems.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
	if (resources.length === 0)
		problems.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
	return problems;
}

function bindingProblems({ roleRef, subjects = [] }: RoleBinding, isNamespaced: boolean): FieldProblem[] {
	const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
	return [
		...(roleRef.apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', roleRef.apiGroup, [rbacGroup])]),
		...(kinds.includes(roleRef.kind) ? [] : [notSupported('roleRef.kind', roleRef.kind, kinds)]),
		...(roleRef.name === ''
			? [required('roleRef.name')]
			: pathSegmentProblems(roleRef.name).map((detail) => invalid('roleRef.name', roleRef.name, detail))),
		...subjects.flatMap((subject, index) => subjectProblems(subject, isNamespaced, `subjects[${index}]`)),
		...subjects.flatMap(({ name = '' }, index) => (name === '' ? [required(`subjects[${index}].name`)] : [])),
	];
}

function subjectProblems(
	{ kind, name = '', namespace = '', apiGroup = '' }: Subject,
	isNamespaced: boolean,
	at: string,
): FieldProblem[] {
	const problems: FieldProblem[] = [];
	switch (kind) {
		case 'ServiceAccount':
			if (name !== '') problems.push(...subdomainProblems(name).map((detail) => invalid(`${at}.name`, name, detail)));
			if (apiGroup !== '') problems.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
			if (!isNamespaced && namespace === '') problems.push(required(`${at}.namespace`));
			return problems;
		case 'User':
		case 'Group':
			return apiGroup === rbacGroup ? problems : [...problems, notSupported(`${at}.apiGroup`, apiGroup, [rbacGroup])];
		default:
			return [...problems, notSupported(`${at}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group'])];
	}
}

/** The value is the JSON of upstream's internal type. @source ValidateRoleBindingUpdate */
const roleRefChanged = ({ apiGroup: APIGroup, kind: Kind, name: Name }: RoleRef): FieldProblem =>
	invalid('roleRef', { APIGroup, Kind, Name }, 'field is immutable');
