/**
 * Both doors, the pipeline and RBAC together, compared with a model of RBAC that shares no code, no type and no table
 * with them: random roles, bindings, users and requests. The model is written to be read, not to be fast.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { Role, RoleBinding, Subject } from '../../../lib/kube/types.ts';
import { contractOf } from '../../../lib/rpc/contracts.ts';
import { rbacSource } from '../authorize/fixtures.test.ts';
import { createRbacAuthorizer } from '../authorize/rbac.ts';
import type { RbacObjects } from '../authorize/rbac-objects.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { type Doors, openDoors, recordingEndpoints } from './fixtures.test.ts';

/** A permission: some verbs, on some resources (`pods`, `pods/status`, star) of some groups, or on paths. */
interface Rule {
	readonly verbs: readonly string[];
	readonly groups: readonly string[];
	readonly resources: readonly string[];
	readonly names: readonly string[];
	readonly paths: readonly string[];
}
/** Absent namespace: of the cluster. */
interface ModelRole {
	name: string;
	namespace?: string;
	rules: Rule[];
}
interface ModelBinding {
	namespace?: string;
	role: { name: string; isOfCluster: boolean };
	/** `user NAME`, `group NAME`, `account NAMESPACE NAME` */
	subjects: string[];
}
interface World {
	roles: ModelRole[];
	bindings: ModelBinding[];
}
interface ModelUser {
	name: string;
	groups: string[];
}
/** Empty namespace: at the cluster scope. */
interface Question {
	verb: string;
	group: string;
	resource: string;
	subresource: string;
	namespace: string;
	name: string;
}

const isSubject = (user: ModelUser, subject: string): boolean => {
	const [kind, first, second] = subject.split(' ');
	if (kind === 'user') return user.name === first;
	if (kind === 'group') return user.groups.includes(first ?? '');
	return user.name === `system:serviceaccount:${first}:${second}`;
};

function rulesOf(world: World, user: ModelUser, namespace: string): Rule[] {
	const rules: Rule[] = [];
	for (const binding of world.bindings) {
		const applies = binding.namespace === undefined || binding.namespace === namespace;
		if (!applies || !binding.subjects.some((subject) => isSubject(user, subject))) continue;
		for (const role of world.roles) {
			const where = binding.role.isOfCluster ? undefined : binding.namespace;
			if (role.name === binding.role.name && role.namespace === where) rules.push(...role.rules);
		}
	}
	return rules;
}

const anyOf = (granted: readonly string[], ...wanted: string[]) =>
	granted.some((one) => one === '*' || wanted.includes(one));

function modelAllows(world: World, user: ModelUser, asked: Question): boolean {
	const { verb, group, resource, subresource, namespace, name } = asked;
	const what = subresource === '' ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
	return rulesOf(world, user, namespace).some(
		(rule) =>
			anyOf(rule.verbs, verb) &&
			anyOf(rule.groups, group) &&
			anyOf(rule.resources, ...what) &&
			(rule.names.length === 0 || (name !== '' && rule.names.includes(name))),
	);
}

const modelAllowsPath = (world: World, user: ModelUser, verb: string, path: string): boolean =>
	rulesOf(world, user, '').some((rule) => anyOf(rule.verbs, verb) && anyOf(rule.paths, path));

/** Whom a request asks to impersonate; the name may be missing. */
interface Wanted {
	name: string;
	groups: string[];
	uid: string;
}
type Refusal = 'API_FORBIDDEN' | 'API_BAD_REQUEST';

/** The user that the request runs as. `allows` answers whether the caller may do this request with another verb. */
function modelActs(
	world: World,
	caller: ModelUser,
	{ name, groups, uid }: Wanted,
	verb: string,
	allows: (verb: string) => boolean,
): ModelUser | Refusal {
	if (name === '') return uid === '' && groups.length === 0 ? caller : 'API_BAD_REQUEST';
	const [, , namespace = '', account = ''] = name.split(':');
	const isAccount = name.startsWith('system:serviceaccount:');
	const isNode = name.startsWith('system:node:');
	const isBare = groups.length === 0 && uid === '';
	const may = (permission: string, group: string, resource: string, object: string, where = '') =>
		modelAllows(world, caller, { verb: permission, group, resource, subresource: '', namespace: where, name: object });
	const mayAll = (permission: string, group: string) =>
		(isAccount
			? may(permission, group, 'serviceaccounts', account, namespace)
			: isNode && permission !== 'impersonate'
				? may(permission, group, 'nodes', namespace)
				: may(permission, group, 'users', name)) &&
		(uid === '' || may(permission, 'authentication.k8s.io', 'uids', uid)) &&
		groups.every((one) => may(permission, group, 'groups', one));
	const mode = isNode ? 'arbitrary-node' : isAccount ? 'serviceaccount' : 'user-info';
	const isConstrained =
		(mode === 'user-info' ? !groups.includes('system:masters') : isBare) &&
		allows(`impersonate-on:${mode}:${verb}`) &&
		mayAll(`impersonate:${mode}`, 'authentication.k8s.io');
	if (!isConstrained && !mayAll('impersonate', '')) return 'API_FORBIDDEN';
	const fixed = isNode && isConstrained ? ['system:nodes'] : groups;
	const ofAccount = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
	return { name, groups: [...(isAccount && groups.length === 0 ? ofAccount : fixed), 'system:authenticated'] };
}

/** The kinds of this test: where each is, as Kubernetes documents it. */
const kinds = [
	{ row: resources.nodes, group: '', plural: 'nodes', isNamespaced: false },
	{ row: resources.secrets, group: '', plural: 'secrets', isNamespaced: true },
	{ row: resources.leases, group: 'coordination.k8s.io', plural: 'leases', isNamespaced: true },
	{ row: resources.roleBindings, group: 'rbac.authorization.k8s.io', plural: 'rolebindings', isNamespaced: true },
	{
		row: resources.clusterRoleBindings,
		group: 'rbac.authorization.k8s.io',
		plural: 'clusterrolebindings',
		isNamespaced: false,
	},
	{
		row: resources.certificateSigningRequests,
		group: 'certificates.k8s.io',
		plural: 'certificatesigningrequests',
		isNamespaced: false,
	},
];
type Kind = (typeof kinds)[number];
type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const star = (...values: string[]) => fc.oneof({ weight: 2, arbitrary: fc.constant(['*']) }, some(...values));
const namespaces = ['ns1', 'ns2'];
const anyRule: fc.Arbitrary<Rule> = fc.record({
	verbs: star('get', 'list', 'watch', 'create', 'update', 'delete', 'patch'),
	groups: star('', 'coordination.k8s.io', 'rbac.authorization.k8s.io', 'certificates.k8s.io'),
	resources: star(...kinds.map(({ plural }) => plural), 'nodes/status', '*/status', '*/approval', 'namespaces'),
	names: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, some('a', 'b')),
	paths: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, star('/version', '/healthz', '/nosuch')),
});
const impersonationVerbs = ['user-info', 'serviceaccount', 'arbitrary-node'].flatMap((mode) => [
	`impersonate:${mode}`,
	...['get', 'list', 'create'].map((verb) => `impersonate-on:${mode}:${verb}`),
]);
/** Who may impersonate whom. The verbs are not often all, because most modes need several. */
const anyImpersonationRule: fc.Arbitrary<Rule> = fc.record({
	verbs: fc.oneof(
		fc.constantFrom(['impersonate'], impersonationVerbs, ['impersonate', ...impersonationVerbs]),
		some('impersonate', ...impersonationVerbs),
	),
	groups: star('', 'authentication.k8s.io'),
	resources: star('users', 'groups', 'serviceaccounts', 'uids', 'nodes'),
	names: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, some('u1', 'u2', 'g1', 'sa', 'n1')),
	paths: fc.constant([]),
});
const anyWanted: fc.Arbitrary<Wanted> = fc.oneof(
	fc.constant<Wanted>({ name: '', groups: [], uid: '' }),
	fc.record({
		name: fc.constantFrom('u1', 'u2', 'system:serviceaccount:ns1:sa', 'system:node:n1', ''),
		groups: fc.uniqueArray(fc.constantFrom<string>('g1', 'g2', 'system:masters'), { maxLength: 2 }),
		uid: fc.constantFrom('', '', 'x'),
	}),
);
const headersOf = ({ name, groups, uid }: Wanted) => ({
	...(name === '' ? {} : { 'impersonate-user': name }),
	...(uid === '' ? {} : { 'impersonate-uid': uid }),
	...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
});
const anySubject = fc.constantFrom(
	...['user u1', 'user u2', 'group g1', 'group g2', 'account ns1 sa', 'account ns2 sa', 'group system:masters'],
	...['group system:nodes', 'group system:serviceaccounts:ns1', 'group system:authenticated', 'user system:node:n1'],
);
const anyRoleName = fc.constantFrom('r1', 'r2', 'r3');
const anyWorld: fc.Arbitrary<World> = fc.record({
	roles: fc.uniqueArray(
		fc.record(
			{
				name: anyRoleName,
				namespace: fc.constantFrom(...namespaces),
				rules: fc.array(fc.oneof(anyRule, anyImpersonationRule), { maxLength: 3 }),
			},
			{ requiredKeys: ['name', 'rules'] },
		),
		{ maxLength: 6, selector: ({ name, namespace }) => `${namespace}/${name}` },
	),
	bindings: fc.array(
		fc.oneof(
			{
				weight: 2,
				arbitrary: fc.record({
					namespace: fc.constantFrom(...namespaces),
					role: fc.record({ name: anyRoleName, isOfCluster: fc.boolean() }),
					subjects: fc.array(anySubject, { minLength: 1, maxLength: 3 }),
				}),
			},
			fc.record({
				role: fc.record({ name: anyRoleName, isOfCluster: fc.constant(true) }),
				subjects: fc.array(anySubject, { minLength: 1, maxLength: 3 }),
			}),
		),
		{ maxLength: 5 },
	),
});
const anyUser: fc.Arbitrary<ModelUser> = fc.record({
	name: fc.constantFrom('u1', 'u2', 'system:serviceaccount:ns1:sa', 'system:serviceaccount:ns2:sa'),
	groups: fc.uniqueArray(fc.constantFrom('g1', 'g2')),
});
const anyAsked = fc.record({
	kind: fc.constantFrom(...kinds),
	namespace: fc.constantFrom('', ...namespaces),
	name: fc.constantFrom('a', 'b'),
	selected: fc.constantFrom('', 'a', 'b'),
});
const grpcVerbs = {
	Create: ['create', ''],
	Get: ['get', ''],
	List: ['list', ''],
	Watch: ['watch', ''],
	Update: ['update', ''],
	UpdateStatus: ['update', 'status'],
	UpdateApproval: ['update', 'approval'],
	Delete: ['delete', ''],
} as const;
type Method = keyof typeof grpcVerbs;
const isDeclared = ({ asked, method }: { readonly asked: { readonly kind: Kind }; readonly method: string }): boolean =>
	Object.hasOwn(contractOf(asked.kind.row.service), method);
const anyGrpc = fc
	.record({ asked: anyAsked, method: fc.constantFrom(...(Object.keys(grpcVerbs) as Method[])) })
	.filter(isDeclared);
const httpVerbs = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;
const anyRest = fc.record({
	asked: anyAsked,
	method: fc.constantFrom(...(Object.keys(httpVerbs) as (keyof typeof httpVerbs)[]), 'GET' as const, 'GET' as const),
	isNamed: fc.boolean(),
	subresource: fc.constantFrom('', '', 'status', 'proxy'),
});
/** By method: the endpoints of this test offer no PATCH and no deletion of a collection. */
function answersOf(isNamed: boolean, subresource: string, isEverywhere: boolean): Readonly<Record<string, number>> {
	if (!isNamed) return isEverywhere ? { GET: 200 } : { GET: 200, POST: 201 };
	return subresource === '' ? { GET: 200, PUT: 200, DELETE: 200 } : { GET: 200, PUT: 200 };
}
const anyPath = fc.record({
	method: fc.constantFrom('GET', 'POST'),
	path: fc.constantFrom('/version', '/healthz', '/nosuch'),
});

/** The world as the objects that the API server reads. */
function objectsOf({ roles, bindings }: World): RbacObjects {
	const group = 'rbac.authorization.k8s.io';
	const apiVersion = `${group}/v1`;
	const allRoles = roles.map(
		({ name, namespace, rules }): Role => ({
			apiVersion,
			kind: namespace === undefined ? 'ClusterRole' : 'Role',
			metadata: { name, namespace },
			rules: rules.flatMap(({ verbs, groups, resources: granted, names, paths }) => [
				{ verbs: [...verbs], apiGroups: [...groups], resources: [...granted], resourceNames: [...names] },
				...(paths.length === 0 || namespace !== undefined ? [] : [{ verbs: [...verbs], nonResourceURLs: [...paths] }]),
			]),
		}),
	);
	const subjectOf = (text: string): Subject => {
		const [kind, first = '', second = ''] = text.split(' ');
		if (kind === 'account') return { kind: 'ServiceAccount', namespace: first, name: second };
		return { kind: kind === 'user' ? 'User' : 'Group', apiGroup: group, name: first };
	};
	const allBindings = bindings.map(
		({ namespace, role, subjects }, index): RoleBinding => ({
			apiVersion,
			kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
			metadata: { name: `b${index}`, namespace },
			roleRef: { apiGroup: group, kind: role.isOfCluster ? 'ClusterRole' : 'Role', name: role.name },
			subjects: subjects.map(subjectOf),
		}),
	);
	return {
		clusterRoles: allRoles.filter(({ kind }) => kind === 'ClusterRole'),
		roles: allRoles.filter(({ kind }) => kind === 'Role'),
		clusterRoleBindings: allBindings.filter(({ kind }) => kind === 'ClusterRoleBinding'),
		roleBindings: allBindings.filter(({ kind }) => kind === 'RoleBinding'),
	};
}

/** `u1` may do everything in `ns1`: the first example, so that it is part of every run. */
const administered: World = {
	roles: [{ name: 'r1', rules: [{ verbs: ['*'], groups: ['*'], resources: ['*'], names: [], paths: ['*'] }] }],
	bindings: [{ namespace: 'ns1', role: { name: 'r1', isOfCluster: true }, subjects: ['user u1'] }],
};
/** `u1` may do everything, and act as any user. */
const unlimited: World = {
	...administered,
	bindings: [{ role: { name: 'r1', isOfCluster: true }, subjects: ['user u1'] }],
};
const everyRequest = {
	grpc: kinds
		.flatMap((kind) =>
			(Object.keys(grpcVerbs) as Method[]).map((method) => ({
				asked: { kind, namespace: 'ns1', name: 'a' as const, selected: '' as const },
				method,
			})),
		)
		.filter(isDeclared),
	rest: kinds.flatMap((kind) =>
		[true, false].map((isNamed) => ({
			asked: { kind, namespace: 'ns1', name: 'a' as const, selected: '' as const },
			...{ method: 'GET' as const, isNamed, subresource: '' as const },
		})),
	),
	paths: [{ method: 'GET' as const, path: '/version' as const }],
};

describe('both doors and RBAC, beside a naive model', () => {
	let doors: Doors;
	let world: World;
	let user: ModelUser;
	let wanted: Wanted;
	let reached: ApiRequest[];
	const seen = { allowed: 0, refused: 0, onlyInNamespace: 0, impersonated: 0, notImpersonated: 0 };
	const nobody: Wanted = { name: '', groups: [], uid: '' };

	before(async () => {
		const recording = recordingEndpoints();
		reached = recording.reached;
		doors = await openDoors({
			authenticate: async () => ({ username: user.name, groups: user.groups }),
			authorizer: { authorize: (asked) => createRbacAuthorizer(rbacSource(objectsOf(world))).authorize(asked) },
			endpoints: recording.endpoints,
		});
	});
	after(() => doors.close());

	/** A request that reached the storage must have been allowed at the scope of its kind. */
	function requireAllowed({ group, plural, isNamespaced }: Kind, acting: ModelUser): void {
		for (const { verb, subresource, namespace, name, fieldSelector, user: actual } of reached) {
			if (!isNamespaced) assert.equal(namespace, '');
			const selected = fieldSelector.find(({ field }) => field === 'metadata.name')?.value ?? '';
			const asked = { verb, group, resource: plural, subresource, namespace, name: name === '' ? selected : name };
			assert.ok(modelAllows(world, acting, asked), JSON.stringify(asked));
			assert.equal(actual.username, acting.name);
		}
	}
	/** Who the request runs as, or why it does not run. */
	function actingFor(question: Question): ModelUser | Refusal {
		const acting = modelActs(world, user, wanted, question.verb, (verb) =>
			modelAllows(world, user, { ...question, verb }),
		);
		if (wanted.name !== '') seen[typeof acting === 'string' ? 'notImpersonated' : 'impersonated']++;
		return acting;
	}
	const tally = (isAllowed: boolean, question: Question, acting: ModelUser) => {
		seen[isAllowed ? 'allowed' : 'refused']++;
		const isWider = namespaces.some((namespace) => modelAllows(world, acting, { ...question, namespace }));
		if (!isAllowed && question.namespace === '' && isWider) seen.onlyInNamespace++;
	};

	async function askGrpc({ asked: { kind, namespace, name, selected }, method }: Of<typeof anyGrpc>) {
		reached.length = 0;
		const [verb, subresource] = grpcVerbs[method];
		const isOfMany = verb === 'list' || verb === 'watch';
		const isWrite = verb === 'create' || verb === 'update';
		const fieldSelector = selected === '' ? '' : `metadata.name=${selected}`;
		const message = isWrite ? { metadata: { namespace, name } } : { namespace, name, fieldSelector };
		const question: Question = {
			verb,
			subresource,
			group: kind.group,
			resource: kind.plural,
			namespace: kind.isNamespaced ? namespace : '',
			name: isOfMany ? selected : verb === 'create' ? '' : name,
		};
		const acting = actingFor(question);
		const isAllowed = typeof acting !== 'string' && modelAllows(world, acting, question);
		if (typeof acting !== 'string') tally(isAllowed, question, acting);
		const headers = headersOf(wanted);
		const work =
			method === 'Watch' ? doors.watch(kind.row, message, headers) : doors.grpc(kind.row, method, message, headers);
		const ending = await work.then(
			() => 'answered',
			(error: unknown) => (error instanceof KubejoinError ? error.code : error),
		);
		const refusal = typeof acting === 'string' ? acting : 'API_FORBIDDEN';
		assert.equal(ending, isAllowed ? 'answered' : refusal, JSON.stringify([question, wanted]));
		assert.equal(reached.length, isAllowed ? 1 : 0);
		for (const { object } of reached)
			assert.equal(object?.metadata.namespace, isWrite && kind.isNamespaced ? namespace : undefined);
		if (typeof acting !== 'string') requireAllowed(kind, acting);
	}

	async function askRest(request: Of<typeof anyRest>) {
		reached.length = 0;
		const { asked, method, isNamed } = request;
		const { kind, namespace, name, selected } = asked;
		const subresource = isNamed ? request.subresource : '';
		const path = [
			kind.group === '' ? '/api/v1' : `/apis/${kind.group}/v1`,
			...(namespace === '' ? [] : ['namespaces', namespace]),
			kind.plural,
			...(isNamed ? [name] : []),
			...(subresource === '' ? [] : [subresource]),
		].join('/');
		const query = selected === '' ? '' : `?fieldSelector=metadata.name%3D${selected}`;
		const base = httpVerbs[method];
		const ofMany: Record<string, string> = { get: 'list', delete: 'deletecollection' };
		const verb = isNamed ? base : (ofMany[base] ?? base);
		// A path of the wrong scope is authorized as it is written and names nothing.
		const question: Question = {
			verb,
			subresource,
			group: kind.group,
			resource: kind.plural,
			namespace,
			name: isNamed ? name : verb === 'list' ? selected : '',
		};
		const acting = actingFor(question);
		const isAllowed = typeof acting !== 'string' && modelAllows(world, acting, question);
		if (typeof acting !== 'string') tally(isAllowed, question, acting);
		const isOfScope = kind.isNamespaced ? namespace !== '' || !isNamed : namespace === '';
		const isSubresource = kind.row.subresources.some(({ name: one }) => one === subresource && one !== 'proxy');
		const isThere = isOfScope && (subresource === '' || isSubresource);
		const metadata = kind.isNamespaced ? { name, namespace } : { name };
		const object = { apiVersion: apiVersionOf(kind.row), kind: kind.row.kind, metadata };
		const body = method === 'POST' || method === 'PUT' ? JSON.stringify(object) : '';
		const { status } = await doors.rest(method, `${path}${query}`, headersOf(wanted), body);
		const isEverywhere = kind.isNamespaced && namespace === '';
		const offered = answersOf(isNamed, subresource, isEverywhere)[method] ?? 405;
		const refusal = acting === 'API_BAD_REQUEST' ? 400 : 403;
		const answer = !isAllowed ? refusal : !isThere ? 404 : offered;
		assert.equal(status, answer, `${method} ${path}${query} ${JSON.stringify(wanted)}`);
		assert.equal(reached.length, answer < 300 ? 1 : 0);
		if (typeof acting !== 'string') requireAllowed(kind, acting);
	}

	async function askPath({ method, path }: Of<typeof anyPath>) {
		const verb = method.toLowerCase();
		const acting = modelActs(world, user, wanted, verb, (other) => modelAllowsPath(world, user, other, path));
		const { status } = await doors.rest(method, path, headersOf(wanted));
		if (acting === 'API_BAD_REQUEST') assert.equal(status, 400);
		const isAllowed = typeof acting !== 'string' && modelAllowsPath(world, acting, verb, path);
		assert.equal(status !== 403, isAllowed || acting === 'API_BAD_REQUEST', `${method} ${path}`);
	}

	it('allow the same and refuse the same', async () => {
		const requests = fc.record({
			grpc: fc.array(anyGrpc, { minLength: 4, maxLength: 8 }),
			rest: fc.array(anyRest, { minLength: 4, maxLength: 8 }),
			paths: fc.array(anyPath, { maxLength: 2 }),
		});
		await fc.assert(
			fc.asyncProperty(anyWorld, anyUser, anyWanted, requests, async (anyOfThem, who, whom, { grpc, rest, paths }) => {
				[world, user, wanted] = [anyOfThem, who, whom];
				for (const request of grpc) await askGrpc(request);
				for (const request of rest) await askRest(request);
				for (const request of paths) await askPath(request);
			}),
			{
				numRuns: 150,
				examples: [
					[administered, { name: 'u1', groups: [] }, nobody, everyRequest],
					[unlimited, { name: 'u1', groups: [] }, { ...nobody, name: 'u2' }, everyRequest],
				],
			},
		);
		// The worlds are not such that everything or nothing is allowed, and some users hold a right in a namespace alone.
		for (const count of Object.values(seen)) assert.ok(count > 20, JSON.stringify(seen));
	});
});
