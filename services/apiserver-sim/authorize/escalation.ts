/**
 * A user cannot grant permissions that it does not hold: the rules of a role or binding are compared with those of its
 * writer. Exceptions are the verbs `escalate` and `bind`, and the group system:masters.
 * @source pkg/registry/rbac/validation/{rule,policy_comparator,policy_compact}.go,
 *   pkg/registry/rbac/escalation_check.go and policybased storages, release 1.32
 */
import { KubejoinError } from '../../../lib/errors.ts';
import {
	type PolicyRule,
	type Role,
	type RoleBinding,
	type RoleRef,
	type UserInfo,
	wellKnown,
} from '../../../lib/kube/types.ts';
import type { Authorizer } from './attributes.ts';
import { quoted } from './go-text.ts';
import { requireNameParameter } from './name-parameter.ts';
import { boundRules, type RbacSource, rulesFor } from './rbac.ts';

/** Who writes a role or a binding, and where. */
export interface Grantor {
	readonly user: UserInfo;
	/** Empty at the cluster scope. */
	readonly namespace: string;
	readonly authorizer: Authorizer;
	readonly source: RbacSource;
}

const everything: readonly PolicyRule[] = [
	{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
	{ verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * @param name      of the role; empty on create
 * @param previous  the stored role; undefined for a new one
 * @returns         why the role may not be written, in upstream's words, or undefined
 */
export function checkRole(
	role: Role,
	previous: Role | undefined,
	name: string,
	resource: 'roles' | 'clusterroles',
	grantor: Grantor,
): string | undefined {
	if (isMaster(grantor.user) || isAllowed(grantor, 'escalate', resource, name)) return undefined;
	const problem = notHeld(role.rules ?? [], grantor);
	if (problem !== undefined) return problem;
	const aggregates = role.aggregationRule !== undefined || previous?.aggregationRule !== undefined;
	return aggregates && notHeld(everything, grantor) !== undefined
		? 'must have cluster-admin privileges to use the aggregationRule'
		: undefined;
}

/**
 * @returns why the binding may not be written, in upstream's words, or undefined
 * @throws API_NOT_FOUND, API_BAD_REQUEST  the bound role does not exist, or cannot, and the writer may not bind every
 *   role
 */
export function checkBinding({ roleRef }: RoleBinding, grantor: Grantor): string | undefined {
	if (
		isMaster(grantor.user) ||
		isAllowed(grantor, 'bind', roleRef.kind === 'Role' ? 'roles' : 'clusterroles', roleRef.name)
	)
		return undefined;
	return notHeld(rulesOf(roleRef, grantor), grantor);
}

const isMaster = ({ groups }: UserInfo): boolean => groups.includes(wellKnown.groups.masters);

function isAllowed(
	{ user, namespace, authorizer }: Grantor,
	verb: 'escalate' | 'bind',
	resource: string,
	name: string,
): boolean {
	const { decision, error } = authorizer.authorize({
		resourceRequest: true,
		user,
		verb,
		apiGroup: 'rbac.authorization.k8s.io',
		apiVersion: '*',
		resource,
		subresource: '',
		namespace,
		name,
	});
	return decision === 'Allow' && error === undefined;
}

function rulesOf(roleRef: RoleRef, { source, namespace }: Grantor): readonly PolicyRule[] {
	const bound = boundRules(source, roleRef, namespace);
	if ('rules' in bound) return bound.rules;
	requireNameParameter(roleRef.name);
	// Upstream names the binding, and not the role.
	const resource = namespace === '' ? 'clusterrolebindings' : 'rolebindings';
	throw new KubejoinError('API_NOT_FOUND', { resource, group: 'rbac.authorization.k8s.io', name: roleRef.name });
}

/** Describes the rules that the writer does not hold; undefined if it holds all. */
function notHeld(rules: readonly PolicyRule[], { source, user, namespace }: Grantor): string | undefined {
	const { rules: held, error } = rulesFor(source, user, namespace);
	const owned = new HeldRules(held);
	const missing = rules.flatMap(breakDown).filter((rule) => !owned.cover(rule));
	if (missing.length === 0) return undefined;
	const lines = [...new Set(compact(missing).map(describe))].toSorted();
	const groups = user.groups.map(quoted).join(' ');
	const text =
		`user ${quoted(user.username)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n` +
		lines.join('\n');
	return error === undefined ? text : `${text}; resolution errors: [${error}]`;
}

/** A rule as rules of one verb for one thing each. */
export function breakDown({
	verbs = [],
	apiGroups = [],
	resources = [],
	resourceNames = [],
	nonResourceURLs = [],
}: PolicyRule): PolicyRule[] {
	const forResources = apiGroups.flatMap((group) =>
		resources.flatMap((resource) =>
			verbs.flatMap((verb) => {
				const rule = { verbs: [verb], apiGroups: [group], resources: [resource] };
				return resourceNames.length === 0 ? [rule] : resourceNames.map((name) => ({ ...rule, resourceNames: [name] }));
			}),
		),
	);
	return [
		...forResources,
		...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ verbs: [verb], nonResourceURLs: [url] }))),
	];
}

/**
 * The permissions of a user by verb, group and resource: a user can hold a hundred thousand rules, and a role can grant
 * thousands.
 */
export class HeldRules {
	/** The names that permissions are limited to; `any` for no limit. */
	readonly #names = new Map<string, Set<string> | 'any'>();
	readonly #ofPaths: PolicyRule[] = [];

	constructor(rules: readonly PolicyRule[]) {
		// A role that is bound several times counts once.
		for (const rule of new Set(rules)) {
			const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
			if (nonResourceURLs.length > 0 && resourceNames.length === 0) this.#ofPaths.push(rule);
			for (const verb of verbs)
				for (const group of apiGroups)
					for (const resource of resources) this.#add(keyOf(verb, group, resource), resourceNames);
		}
	}

	#add(key: string, names: readonly string[]): void {
		const known = this.#names.get(key);
		if (known === 'any') return;
		if (names.length === 0) this.#names.set(key, 'any');
		else if (known === undefined) this.#names.set(key, new Set(names));
		else for (const name of names) known.add(name);
	}

	/** Whether the user holds a rule of one verb for one thing. */
	cover({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): boolean {
		const [[verb = ''], [url]] = [verbs, nonResourceURLs];
		if (url !== undefined) return this.#coverPath(verb, url);
		const [[group = ''], [resource = ''], [name]] = [apiGroups, resources, resourceNames];
		const isHeld = (key: string) => {
			const names = this.#names.get(key);
			return names === 'any' || (name !== undefined && names?.has(name) === true);
		};
		return [verb, '*'].some((oneVerb) =>
			[group, '*'].some((oneGroup) =>
				[resource, ofAnyResource(resource), '*'].some((one) => isHeld(keyOf(oneVerb, oneGroup, one))),
			),
		);
	}

	#coverPath(verb: string, url: string): boolean {
		const matches = (mine: string) => mine === url || (mine.endsWith('*') && url.startsWith(mine.replace(/\*+$/, '')));
		return this.#ofPaths.some(
			({ verbs, nonResourceURLs }) =>
				(verbs.includes('*') || verbs.includes(verb)) && nonResourceURLs?.some(matches) === true,
		);
	}
}

/** No other verb, group and resource have the same. */
const keyOf = (verb: string, group: string, resource: string): string =>
	`${verb.length}:${group.length}:${verb}${group}${resource}`;

/** `pods/log` -> what would allow every resource's `log`; a resource itself has no such form. */
const ofAnyResource = (resource: string): string =>
	resource.includes('/') ? `*/${resource.slice(resource.indexOf('/') + 1)}` : resource;

/** Rules for the same thing become one, with all verbs. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
	const byThing = new Map<string, { readonly rule: PolicyRule; readonly verbs: Set<string> }>();
	const others: PolicyRule[] = [];
	for (const rule of rules) {
		if (rule.nonResourceURLs !== undefined) {
			others.push(rule);
			continue;
		}
		const thing = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
		const { verbs } = byThing.get(thing) ?? { verbs: new Set<string>() };
		for (const verb of rule.verbs) verbs.add(verb);
		byThing.set(thing, { rule, verbs });
	}
	return [...others, ...[...byThing.values()].map(({ rule, verbs }) => ({ ...rule, verbs: [...verbs] }))];
}

function describe({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
	const lists = {
		APIGroups: apiGroups,
		Resources: resources,
		NonResourceURLs: nonResourceURLs,
		ResourceNames: resourceNames,
		Verbs: verbs,
	};
	const parts = Object.entries(lists).flatMap(([name, list = []]) =>
		list.length === 0 ? [] : [`${name}:[${list.map(quoted).join(' ')}]`],
	);
	return `{${parts.join(', ')}}`;
}
