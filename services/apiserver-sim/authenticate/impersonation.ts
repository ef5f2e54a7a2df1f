/**
 * Runs a request as another user, if its caller may. Five modes are tried in order. Each constrained mode needs a
 * permission for the request (`impersonate-on:MODE:VERB`) and one for the user (`impersonate:MODE`); the last mode
 * needs `impersonate` alone. When all refuse, the caller reads the first refusal.
 * @source apiserver/pkg/endpoints/filters/impersonation, release 1.37
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { parseServiceAccountUsername, serviceAccountGroups } from '../../../lib/kube/service-account-user.ts';
import { type UserInfo, wellKnown } from '../../../lib/kube/types.ts';
import type { Attributes, Authorizer, ResourceRequest } from '../authorize/attributes.ts';
import { forbidden } from '../authorize/forbidden.ts';
import { aggregated, quoted, quotedInput } from '../authorize/go-text.ts';
import type { ImpersonationHeader } from '../request/impersonation-headers.ts';

/** The user as the headers name it; absent parts are empty. */
interface WantedUser {
	readonly username: string;
	readonly uid: string;
	readonly groups: readonly string[];
	readonly extra: ReadonlyMap<string, readonly string[]>;
}

const { groups: wellKnownGroups, anonymous, nodeUserPrefix } = wellKnown;
const nodeNameKey = 'authentication.kubernetes.io/node-name';

/**
 * The user that the request runs as: its caller, or the user that its headers name.
 *
 * @param attributes  of the request, with its caller as the user
 * @throws API_BAD_REQUEST, API_FORBIDDEN, API_PATH_FORBIDDEN
 */
export function impersonatedUser(
	authorizer: Authorizer,
	attributes: Attributes,
	headers: readonly ImpersonationHeader[],
): UserInfo {
	const wanted = wantedUser(headers);
	if (wanted === undefined) return attributes.user;
	let refusal: unknown;
	for (const mode of modes) {
		if (!mode.applies(wanted, attributes.user)) continue;
		try {
			requireMode(authorizer, mode, wanted, attributes);
			return withDefaultGroups(mode, wanted);
		} catch (error) {
			refusal ??= error;
		}
	}
	throw refusal;
}

/**
 * @throws API_BAD_REQUEST
 * @differs several Impersonate-User headers of which the first is empty are 400; upstream runs the request as its
 *   caller
 */
function wantedUser(headers: readonly ImpersonationHeader[]): WantedUser | undefined {
	const valuesOf = (name: string) => headers.flatMap(([header, value]) => (header === name ? [value] : []));
	const [username = '', ...moreUsers] = valuesOf('impersonate-user');
	const [uid = ''] = valuesOf('impersonate-uid');
	const groups = valuesOf('impersonate-group');
	const extra = new Map<string, string[]>();
	for (const [header, value] of headers) {
		if (!header.startsWith(extraPrefix)) continue;
		const key = unescaped(header.slice(extraPrefix.length));
		extra.set(key, [...(extra.get(key) ?? []), value]);
	}
	const wanted = { username, uid, groups, extra };
	if (username !== '') return wanted;
	if (uid === '' && groups.length === 0 && extra.size === 0 && moreUsers.length === 0) return undefined;
	throw new KubejoinError('API_BAD_REQUEST', {
		problem: `requested ${goSyntax(wanted)} without impersonating a user name`,
	});
}

const extraPrefix = 'impersonate-extra-';

function unescaped(key: string): string {
	try {
		return decodeURIComponent(key);
	} catch {
		return key;
	}
}

/** @source Go %#v of user.DefaultInfo */
function goSyntax({ username, uid, groups, extra }: WantedUser): string {
	const slice = (list: readonly string[]) => `[]string{${list.map(quotedInput).join(', ')}}`;
	const entries = [...extra].toSorted(([a], [b]) => (a < b ? -1 : 1));
	const map = entries.map(([key, values]) => `${quotedInput(key)}:${slice(values)}`).join(', ');
	return (
		`&user.DefaultInfo{Name:${quoted(username)}, UID:${quotedInput(uid)}, ` +
		`Groups:${groups.length === 0 ? '[]string(nil)' : slice(groups)}, ` +
		`Extra:map[string][]string${entries.length === 0 ? '(nil)' : `{${map}}`}}`
	);
}

interface Mode {
	/** `user-info`; empty for the mode without constraints. */
	readonly name: string;
	readonly applies: (wanted: WantedUser, caller: UserInfo) => boolean;
}

const isOnlyName = ({ uid, groups, extra }: WantedUser) => uid === '' && groups.length === 0 && extra.size === 0;

function nodeNameIn(username: string): string | undefined {
	if (!username.startsWith(nodeUserPrefix)) return undefined;
	const name = username.slice(nodeUserPrefix.length);
	return subdomainProblems(name).length === 0 ? name : undefined;
}

function isOnNode(caller: UserInfo, node: string): boolean {
	const values = caller.extra?.[nodeNameKey] ?? [];
	return parseServiceAccountUsername(caller.username) !== undefined && values.length === 1 && values[0] === node;
}

const associatedNode: Mode = {
	name: 'associated-node',
	applies(wanted, caller) {
		const node = nodeNameIn(wanted.username);
		return node !== undefined && isOnlyName(wanted) && isOnNode(caller, node);
	},
};
const unconstrained: Mode = { name: '', applies: () => true };
const modes: readonly Mode[] = [
	associatedNode,
	{
		name: 'arbitrary-node',
		applies: (wanted) => nodeNameIn(wanted.username) !== undefined && isOnlyName(wanted),
	},
	{
		name: 'serviceaccount',
		applies: (wanted) => parseServiceAccountUsername(wanted.username) !== undefined && isOnlyName(wanted),
	},
	{
		name: 'user-info',
		applies: ({ username }) =>
			nodeNameIn(username) === undefined && parseServiceAccountUsername(username) === undefined,
	},
	unconstrained,
];

/** @throws API_FORBIDDEN, API_PATH_FORBIDDEN */
function requireMode(authorizer: Authorizer, mode: Mode, wanted: WantedUser, attributes: Attributes): void {
	const caller = mode === associatedNode ? withoutExtra(attributes.user) : attributes.user;
	if (mode !== unconstrained) {
		const verb = `impersonate-on:${mode.name}:${attributes.verb}`;
		requireAllowed(authorizer, { ...attributes, user: caller, verb });
	}
	for (const attribute of attributesOf(mode, wanted, caller)) requireAllowed(authorizer, attribute);
	requireAllOf(authorizer, groupAttributes(mode, wanted, caller), mode);
	requireAllOf(authorizer, extraAttributes(mode, wanted, caller), mode);
}

/** The permission must hold for every node, so the authorizer sees only which details are known of the caller. */
const withoutExtra = (caller: UserInfo): UserInfo => ({
	...caller,
	extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(caller.extra ?? {}).toSorted() },
});

function requireAllowed(authorizer: Authorizer, attributes: Attributes): void {
	const { decision, reason, error } = authorizer.authorize(attributes);
	if (decision === 'Allow') return;
	throw forbidden(attributes, [error, reason].filter(Boolean).join(': '));
}

type Wanted = Pick<ResourceRequest, 'resource' | 'name'> & Partial<ResourceRequest>;

const authentication = 'authentication.k8s.io';
const permission = (mode: Mode, caller: UserInfo, wanted: Wanted): ResourceRequest => ({
	resourceRequest: true,
	user: caller,
	verb: mode === unconstrained ? 'impersonate' : `impersonate:${mode.name}`,
	apiGroup: authentication,
	apiVersion: 'v1',
	subresource: '',
	namespace: '',
	...wanted,
});
/** Users and groups are in the core group for the verb `impersonate`. */
const groupOfUsers = (mode: Mode) => ({ apiGroup: mode === unconstrained ? '' : authentication });

function attributesOf(mode: Mode, { username, uid }: WantedUser, caller: UserInfo): ResourceRequest[] {
	const account = parseServiceAccountUsername(username);
	const node = mode === unconstrained ? undefined : nodeNameIn(username);
	const named: Wanted =
		account !== undefined
			? { resource: 'serviceaccounts', ...account }
			: node !== undefined
				? { resource: 'nodes', name: mode === associatedNode ? '*' : node }
				: { resource: 'users', name: username };
	return [
		permission(mode, caller, { ...named, ...groupOfUsers(mode) }),
		...(uid === '' ? [] : [permission(mode, caller, { resource: 'uids', name: uid })]),
	];
}

/** Permissions of one kind that one permission with stars includes. */
interface Permissions {
	readonly each: readonly ResourceRequest[];
	readonly all: ResourceRequest;
}

/** From this number on, a constrained mode first asks for the permission that includes all. */
const MANY = 4;

function requireAllOf(authorizer: Authorizer, { each, all }: Permissions, mode: Mode): void {
	if (mode !== unconstrained && each.length >= MANY) {
		const { decision } = authorizer.authorize(all);
		if (decision === 'Allow') return;
	}
	for (const one of each) requireAllowed(authorizer, one);
}

/** @throws API_FORBIDDEN */
function groupAttributes(mode: Mode, { groups }: WantedUser, caller: UserInfo): Permissions {
	const of = (name: string) => permission(mode, caller, { resource: 'groups', name, ...groupOfUsers(mode) });
	if (mode !== unconstrained && groups.includes(''))
		throw forbidden(of(''), 'impersonating the empty string group is not allowed');
	if (mode !== unconstrained && groups.includes(wellKnownGroups.masters))
		throw forbidden(of(wellKnownGroups.masters), 'impersonating the system:masters group is not allowed');
	return { each: groups.map(of), all: of('*') };
}

/** @throws API_FORBIDDEN */
function extraAttributes(mode: Mode, { extra }: WantedUser, caller: UserInfo): Permissions {
	const of = (key: string, name: string) =>
		permission(mode, caller, { resource: 'userextras', subresource: key, name });
	const problem = mode === unconstrained ? undefined : extraProblem(extra);
	if (problem !== undefined) throw forbidden(of('', ''), problem);
	return { each: [...extra].flatMap(([key, values]) => values.map((value) => of(key, value))), all: of('*', '*') };
}

function extraProblem(extra: ReadonlyMap<string, readonly string[]>): string | undefined {
	for (const [key, values] of extra) {
		if (key === '') return 'impersonating the empty string key in extra is not allowed';
		const problem = aggregated(domainPathProblems(key).map((text) => `extra.key: Invalid value: ${text}`));
		if (problem !== undefined) return `impersonating an invalid key in extra is not allowed: ${problem}`;
		if (key !== key.toLowerCase())
			return `impersonating a non-lowercase key in extra is not allowed: ${quotedInput(key)}`;
		if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
	}
	return undefined;
}

const pathForm = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** @source apimachinery/pkg/util/validation IsDomainPrefixedPath */
function domainPathProblems(key: string): string[] {
	const slash = key.indexOf('/');
	const [host, path] = [key.slice(0, Math.max(slash, 0)), key.slice(slash + 1)];
	if (host === '' || path === '')
		return [`${quotedInput(key)}: must be a domain-prefixed path (such as "acme.io/foo")`];
	return [
		...subdomainProblems(host).map((problem) => `${quotedInput(host)}: ${problem}`),
		...(new RegExp(`^${pathForm}$`).test(path)
			? []
			: [`${quotedInput(path)}: Invalid path (regex used for validation is '${pathForm}')`]),
	];
}

function withDefaultGroups(mode: Mode, { username, uid, groups, extra }: WantedUser): UserInfo {
	const account = parseServiceAccountUsername(username);
	const isNode = mode !== unconstrained && nodeNameIn(username) !== undefined;
	const fixed = isNode
		? [wellKnownGroups.nodes]
		: account !== undefined && groups.length === 0
			? serviceAccountGroups(account.namespace)
			: [...groups];
	const added = username === anonymous ? wellKnownGroups.unauthenticated : wellKnownGroups.authenticated;
	const isComplete =
		fixed.includes(added) || (username !== anonymous && fixed.includes(wellKnownGroups.unauthenticated));
	return {
		username,
		groups: isComplete ? fixed : [...fixed, added],
		...(uid === '' ? {} : { uid }),
		...(extra.size === 0 ? {} : { extra: Object.fromEntries([...extra].map(([key, list]) => [key, [...list]])) }),
	};
}
