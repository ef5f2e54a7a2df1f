import assert from 'node:assert/strict';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, Role, RoleBinding } from '../../../lib/kube/types.ts';
import { rbacSource, userNamed } from '../authorize/fixtures.test.ts';
import { createRbacAuthorizer } from '../authorize/rbac.ts';
import { clusterRole, clusterRoleBinding, rule, user } from '../authorize/rbac-objects.ts';
import { admin, refusalOf, registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createStorage, storeKey } from '../registry.ts';
import { roleBindings, roles } from './rbac.ts';

const group = 'rbac.authorization.k8s.io';
const clusterAdmin = { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' } as const;

describe('roles and bindings', () => {
	const store = storeOfEachTest();
	const source = rbacSource({
		clusterRoles: [clusterRole('writer', rule('*', group, '*')), clusterRole('cluster-admin', rule('*', '*', '*'))],
		clusterRoleBindings: [clusterRoleBinding('w', 'writer', user('writer'))],
	});
	const authorizer = createRbacAuthorizer(source);
	const writer = userNamed('writer');
	const guest = userNamed('guest');
	beforeEach(() => store().create(storeKey(resources.namespaces, '', 'ns'), {}));

	const on = (resource: ApiResource) =>
		resource.resource.endsWith('bindings')
			? createStorage(roleBindings(resource, authorizer, source), registryOn(store()))
			: createStorage(roles(resource, authorizer, source), registryOn(store()));
	const sent = (verb: 'create' | 'update', resource: ApiResource, object: object, who = admin) => {
		const typed = { apiVersion: '', kind: resource.kind, ...object } as KubeObject;
		const namespace = resource.namespaced ? 'ns' : '';
		return on(resource)[verb](
			request(verb, resource, { object: typed, name: verb === 'create' ? '' : 'x', namespace, user: who }),
		);
	};
	const { clusterRoles, clusterRoleBindings, roles: roleResource, roleBindings: bindingResource } = resources;

	it('are created, changed and deleted, with defaults filled in', async () => {
		const subjects = [{ kind: 'Group', name: 'g' }];
		const made = (await sent('create', clusterRoleBindings, {
			metadata: { name: 'x' },
			subjects,
			roleRef: { kind: 'ClusterRole', name: 'r' },
		})) as RoleBinding;
		assert.deepEqual(made.subjects, [{ kind: 'Group', name: 'g', apiGroup: group }]);
		assert.deepEqual(made.roleRef, { kind: 'ClusterRole', name: 'r', apiGroup: group });
		assert.equal(made.kind, 'ClusterRoleBinding');
		const changed = (await sent('update', clusterRoleBindings, { ...made, subjects: [] })) as RoleBinding;
		assert.deepEqual(changed.subjects, []);
		await on(clusterRoleBindings).delete(request('delete', clusterRoleBindings, { name: 'x' }));
		assert.match(
			await refusalOf(on(clusterRoleBindings).get(request('get', clusterRoleBindings, { name: 'x' }))),
			/^404 NotFound/,
		);
		assert.deepEqual(((await sent('create', roleResource, { metadata: { name: 'x' } })) as Role).rules, undefined);
	});

	it('422: a role with more combinations than can be compared with the rights of its writer', async () => {
		const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}`);
		const rules = [{ verbs: many(50), apiGroups: [''], resources: many(51) }];
		for (const who of [writer, admin])
			assert.match(
				await refusalOf(sent('create', clusterRoles, { metadata: { name: 'x' }, rules }, who)),
				/is invalid: rules: Too many: 2550: must have at most 2500 items$/,
			);
	});

	it('may have colons in their names', async () => {
		await sent('create', clusterRoles, { metadata: { name: 'system:node-bootstrapper' } });
		const of = async (name: string) =>
			(await refusalOf(sent('create', clusterRoles, { metadata: { name } }))).replace(/^.*: /, '');
		assert.equal(await of('a/b'), "may not contain '/'");
		assert.equal(await of('a%b'), "may not contain '%'");
		assert.equal(await of('..'), "may not be '..'");
	});

	it('422: rules that say too little or too much', async () => {
		const of = async (resource: ApiResource, one: object) =>
			(await refusalOf(sent('create', resource, { metadata: { name: 'x' }, rules: [one] }))).replace(
				/^422 Invalid: \S+ "x" is invalid: /,
				'',
			);
		assert.equal(
			await of(clusterRoles, {}),
			'[rules[0].apiGroups: Required value: resource rules must supply at least one api group, ' +
				'rules[0].resources: Required value: resource rules must supply at least one resource, ' +
				'rules[0].verbs: Required value]',
		);
		assert.equal(
			await of(clusterRoles, { verbs: ['get'], resources: ['nodes'], nonResourceURLs: ['/a', '/b'] }),
			'rules[0].nonResourceURLs: Invalid value: ["/a","/b"]: ' +
				'rules cannot apply to both regular resources and non-resource URLs',
		);
		assert.equal(
			await of(roleResource, { verbs: ['get'], nonResourceURLs: ['/a'] }),
			'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
		);
	});

	it('422: refuses an invalid role reference and invalid subjects', async () => {
		const of = async (resource: ApiResource, object: object) =>
			(await refusalOf(sent('create', resource, { metadata: { name: 'x' }, ...object }))).replace(
				/^422 Invalid: \S+ "x" is invalid: /,
				'',
			);
		assert.equal(
			await of(clusterRoleBindings, { roleRef: { kind: 'Role', name: '' } }),
			'[roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole", roleRef.name: Required value]',
		);
		assert.equal(
			await of(bindingResource, { roleRef: { kind: 'X', name: 'a' } }),
			'roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"',
		);
		const bind = (subject: object) => of(clusterRoleBindings, { roleRef: clusterAdmin, subjects: [subject] });
		assert.equal(await bind({ kind: 'ServiceAccount', name: 's' }), 'subjects[0].namespace: Required value');
		assert.equal(
			await bind({ kind: 'User', name: 'u', apiGroup: 'x' }),
			`subjects[0].apiGroup: Unsupported value: "x": supported values: "${group}"`,
		);
		assert.equal(
			await bind({ name: 'u' }),
			'subjects[0].kind: Unsupported value: "": supported values: "ServiceAccount", "User", "Group"',
		);
	});

	it('422: the role of a binding cannot be changed', async () => {
		await sent('create', clusterRoleBindings, { metadata: { name: 'x' }, roleRef: { kind: 'ClusterRole', name: 'r' } });
		assert.equal(
			await refusalOf(sent('update', clusterRoleBindings, { metadata: { name: 'x' }, roleRef: clusterAdmin })),
			`422 Invalid: ClusterRoleBinding.${group} "x" is invalid: roleRef: Invalid value: ` +
				`{"APIGroup":"${group}","Kind":"ClusterRole","Name":"cluster-admin"}: field is immutable`,
		);
	});

	it('compares no rights when an update changes only owner references and finalizers', async () => {
		const made = (await sent('create', roleResource, {
			metadata: { name: 'x', finalizers: ['example.com/f'] },
			rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
		})) as Role;
		const owned = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'u' }];
		const collected = { ...made, metadata: { ...made.metadata, finalizers: [], ownerReferences: owned } };
		const written = await sent('update', roleResource, collected, guest);
		assert.deepEqual(written?.metadata.ownerReferences, owned);
		const labelled = { ...made, metadata: { ...made.metadata, resourceVersion: '', labels: { a: 'b' } } };
		assert.match(await refusalOf(sent('update', roleResource, labelled, guest) ?? Promise.resolve()), /^403 /);
		const binding = await sent('create', clusterRoleBindings, { metadata: { name: 'x' }, roleRef: clusterAdmin });
		const ofBinding = { ...binding, metadata: { ...binding?.metadata, ownerReferences: owned } };
		assert.ok(await sent('update', clusterRoleBindings, ofBinding, guest));
	});

	it('403: a user cannot grant permissions that it does not hold', async () => {
		const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
		const because =
			'user "guest" (groups=[]) is attempting to grant RBAC permissions not currently held:\n' +
			'{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}';
		assert.equal(
			await refusalOf(sent('create', clusterRoles, { metadata: { name: 'x' }, rules }, guest)),
			`403 Forbidden: clusterroles.${group} "x" is forbidden: ${because}`,
		);
		assert.match(
			await refusalOf(sent('create', clusterRoleBindings, { metadata: { name: 'x' }, roleRef: clusterAdmin }, guest)),
			/^403 Forbidden: clusterrolebindings/,
		);
		await sent('create', clusterRoles, { metadata: { name: 'x' } }, guest);
		assert.match(
			await refusalOf(sent('update', clusterRoles, { metadata: { name: 'x' }, rules }, guest)),
			/^403 Forbidden: clusterroles/,
		);
		// The writer may do all with RBAC objects, so also escalate and bind.
		await sent('update', clusterRoles, { metadata: { name: 'x' }, rules }, writer);
		await sent('create', clusterRoleBindings, { metadata: { name: 'x' }, roleRef: clusterAdmin }, writer);
	});
});
