/** The default roles as a whole, and the permissions that they give to the kinds of callers in a join. */
import { strict as assert } from 'node:assert';
import { type UserInfo, wellKnown } from '../../../lib/kube/types.ts';
import type { Attributes } from './attributes.ts';
import { defaultRbac } from './default-roles.ts';
import { node, pathRequest, rbacSource, resourceRequest, userNamed } from './fixtures.test.ts';
import { controllerRbac, kubeadmRbac } from './kubeadm-rbac.ts';
import { createRbacAuthorizer } from './rbac.ts';
import type { RbacObjects } from './rbac-objects.ts';

const both = [defaultRbac(), kubeadmRbac(), controllerRbac()];
const everything = (objects: RbacObjects) => [
	...objects.clusterRoles,
	...objects.clusterRoleBindings,
	...objects.roles,
	...objects.roleBindings,
];
const source = rbacSource(...both);

describe('defaultRbac', () => {
	it('marks every object as a default that a reconcile updates', () => {
		for (const { metadata } of everything(defaultRbac())) {
			assert.equal(metadata.labels?.['kubernetes.io/bootstrapping'], 'rbac-defaults');
			assert.equal(metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'], 'true');
		}
	});
	it('names every object once, together with what kubeadm adds', () => {
		const keys = both
			.flatMap(everything)
			.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
		assert.equal(new Set(keys).size, keys.length);
	});
	it('binds only roles that exist', () => {
		for (const { roleRef, metadata } of both.flatMap((o) => [...o.clusterRoleBindings, ...o.roleBindings])) {
			const found =
				roleRef.kind === 'Role'
					? source.role(metadata.namespace ?? '', roleRef.name)
					: source.clusterRole(roleRef.name);
			assert.ok(found, `${metadata.name} -> ${roleRef.name}`);
		}
	});
	it('makes edit of view and more, and admin of edit and more', () => {
		const rulesOf = (name: string) => source.clusterRole(name)?.rules ?? [];
		assert.deepEqual(rulesOf('view'), rulesOf('system:aggregate-to-view'));
		assert.deepEqual(rulesOf('edit'), [...rulesOf('system:aggregate-to-edit'), ...rulesOf('view')]);
		assert.deepEqual(rulesOf('admin'), [...rulesOf('edit'), ...rulesOf('system:aggregate-to-admin')]);
	});
	it('binds system:node to no subject', () => {
		assert.equal(
			source.clusterRoleBindings(anonymous).find((b) => b.metadata.name === 'system:node')?.subjects,
			undefined,
		);
	});
});

const anonymous = userNamed(wellKnown.anonymous, wellKnown.groups.unauthenticated);
const token = userNamed(
	'system:bootstrap:abcdef',
	wellKnown.groups.bootstrappers,
	wellKnown.groups.defaultNodeToken,
	wellKnown.groups.authenticated,
);
const manager = userNamed('system:kube-controller-manager', wellKnown.groups.authenticated);
const admin = userNamed('kubernetes-admin', 'kubeadm:cluster-admins', wellKnown.groups.authenticated);
const certificates = { apiGroup: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const configMap = (namespace: string, name: string) => ({ resource: 'configmaps', namespace, name });

const may = (user: UserInfo, verb: string, given: Parameters<typeof resourceRequest>[0]): Attributes =>
	resourceRequest({ user, verb, ...given });
const allowed: [string, Attributes][] = [
	['anonymous reads cluster-info', may(anonymous, 'get', configMap('kube-public', 'cluster-info'))],
	['anonymous reads /healthz', pathRequest(anonymous, 'get', '/healthz')],
	['a token reads kubeadm-config', may(token, 'get', configMap('kube-system', 'kubeadm-config'))],
	['a token reads kubelet-config', may(token, 'get', configMap('kube-system', 'kubelet-config'))],
	['a token reads kube-proxy', may(token, 'get', configMap('kube-system', 'kube-proxy'))],
	['a token gets a node', may(token, 'get', { resource: 'nodes', name: 'a' })],
	['a token asks for a certificate', may(token, 'create', certificates)],
	['a token watches its request', may(token, 'watch', { ...certificates, name: 'x' })],
	['a token has its first certificate approved', may(token, 'create', { ...certificates, subresource: 'nodeclient' })],
	['a node has its rotation approved', may(node('a'), 'create', { ...certificates, subresource: 'selfnodeclient' })],
	['a node reads kubelet-config', may(node('a'), 'get', configMap('kube-system', 'kubelet-config'))],
	[
		'every authenticated user asks for its own permissions',
		may(token, 'create', { apiGroup: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }),
	],
	['an admin does anything', may(admin, 'delete', { resource: 'nodes', name: 'a' })],
	['an admin reads any path', pathRequest(admin, 'get', '/metrics')],
	['the manager lists requests', may(manager, 'list', certificates)],
	['the manager watches requests', may(manager, 'watch', certificates)],
	['the manager updates approval', may(manager, 'update', { ...certificates, name: 'x', subresource: 'approval' })],
	['the manager updates status', may(manager, 'update', { ...certificates, name: 'x', subresource: 'status' })],
	['the manager deletes requests', may(manager, 'delete', { ...certificates, name: 'x' })],
	[
		'the manager approves kubelets',
		may(manager, 'approve', { ...certificates, resource: 'signers', name: wellKnown.signers.clientKubelet }),
	],
	...Object.values(wellKnown.signers).map((name): [string, Attributes] => [
		`the manager signs for ${name}`,
		may(manager, 'sign', { ...certificates, resource: 'signers', name }),
	]),
	[
		'the manager asks for the permissions of others',
		may(manager, 'create', { apiGroup: 'authorization.k8s.io', resource: 'subjectaccessreviews' }),
	],
	['the manager reads cluster-info', may(manager, 'get', configMap('kube-public', 'cluster-info'))],
	['the manager watches cluster-info', may(manager, 'watch', configMap('kube-public', 'cluster-info'))],
	['the manager updates cluster-info', may(manager, 'update', configMap('kube-public', 'cluster-info'))],
	['the manager gets tokens', may(manager, 'get', { resource: 'secrets', namespace: 'kube-system', name: 'x' })],
	['the manager watches tokens', may(manager, 'watch', { resource: 'secrets', namespace: 'kube-system' })],
	['the manager deletes tokens', may(manager, 'delete', { resource: 'secrets', namespace: 'kube-system', name: 'x' })],
	['the manager watches nodes', may(manager, 'watch', { resource: 'nodes' })],
	['the manager updates nodes', may(manager, 'update', { resource: 'nodes', name: 'a' })],
	['the manager patches node status', may(manager, 'patch', { resource: 'nodes', subresource: 'status', name: 'a' })],
	[
		'the manager lists heartbeats',
		may(manager, 'list', { apiGroup: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' }),
	],
	['the manager collects garbage', may(manager, 'patch', configMap('kube-system', 'kubeadm-config'))],
	['the manager writes events', may(manager, 'create', { resource: 'events', namespace: 'default' })],
];
const refused: [string, Attributes][] = [
	['anonymous lists ConfigMaps', may(anonymous, 'list', { resource: 'configmaps', namespace: 'kube-public' })],
	['anonymous reads kubeadm-config', may(anonymous, 'get', configMap('kube-system', 'kubeadm-config'))],
	['anonymous asks for a certificate', may(anonymous, 'create', certificates)],
	['anonymous discovers the API', pathRequest(anonymous, 'get', '/apis')],
	['a token reads Secrets', may(token, 'get', { resource: 'secrets', namespace: 'kube-system', name: 'x' })],
	['a token creates a node', may(token, 'create', { resource: 'nodes' })],
	['a token lists nodes', may(token, 'list', { resource: 'nodes' })],
	['a token approves its request', may(token, 'update', { ...certificates, name: 'x', subresource: 'approval' })],
	['a token rotates', may(token, 'create', { ...certificates, subresource: 'selfnodeclient' })],
	['a node reads kube-proxy by RBAC', may(node('a'), 'get', configMap('kube-system', 'kube-proxy'))],
	[
		'the manager approves serving certificates',
		may(manager, 'approve', { ...certificates, resource: 'signers', name: wellKnown.signers.serving }),
	],
	[
		'the manager grants rights',
		may(manager, 'escalate', { apiGroup: 'rbac.authorization.k8s.io', resource: 'clusterroles', name: 'x' }),
	],
	['the manager creates pods', may(manager, 'create', { resource: 'pods', namespace: 'default' })],
	['the manager creates requests', may(manager, 'create', certificates)],
];

describe('default and kubeadm RBAC together', () => {
	const { authorize } = createRbacAuthorizer(source);
	for (const [title, attributes] of allowed)
		it(`allow: ${title}`, () => assert.equal(authorize(attributes).decision, 'Allow'));
	for (const [title, attributes] of refused)
		it(`do not allow: ${title}`, () => assert.deepEqual(authorize(attributes), { decision: 'NoOpinion', reason: '' }));
	it('name what kubejoin adds', () => {
		const added = both
			.flatMap((o) => [...o.clusterRoleBindings, ...o.roleBindings])
			.filter((b) => b.metadata.name?.startsWith('kubejoin:'));
		assert.deepEqual(
			added.map(({ metadata: { name, namespace } }) => `${namespace ?? ''}/${name}`),
			[
				'/kubejoin:controller-manager:certificate-controller',
				'/kubejoin:controller-manager:node-controller',
				'/kubejoin:controller-manager:namespace-controller',
				'/kubejoin:controller-manager:service-account-controller',
				'/kubejoin:controller-manager:root-ca-cert-publisher',
				'/kubejoin:controller-manager:generic-garbage-collector',
				'/kubejoin:controller-manager:pod-garbage-collector',
				'/kubejoin:controller-manager:resourcequota-controller',
				'kube-system/kubejoin:controller-manager:bootstrap-signer',
				'kube-public/kubejoin:controller-manager:bootstrap-signer',
				'kube-system/kubejoin:controller-manager:token-cleaner',
			],
		);
	});
});
