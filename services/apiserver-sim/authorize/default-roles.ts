/**
 * The roles and bindings that an API server has from its first start. What kubeadm adds is in kubeadm-rbac.ts.
 * @source plugin/pkg/auth/authorizer/rbac/bootstrappolicy, release 1.37 with its default feature gates
 */
import { type KubeObject, type PolicyRule, type Role, type RoleBinding, wellKnown } from '../../../lib/kube/types.ts';
import { controllerRoleBindings, controllerRoles } from './controller-roles.ts';
import { nodeRules } from './node-rules.ts';
import type { RbacObjects } from './rbac-objects.ts';
import {
	clusterRole,
	clusterRoleBinding,
	group,
	pathRule,
	role,
	roleBinding,
	rule,
	serviceAccount,
	user,
} from './rbac-objects.ts';
import { userFacingRoles } from './user-facing-roles.ts';

const { kubePublic, kubeSystem, groups, signers } = wellKnown;
const certificates = 'certificates.k8s.io';
const coordination = 'coordination.k8s.io';
const storage = 'storage.k8s.io';
/** Dynamic resource allocation. */
const dynamic = 'resource.k8s.io';
const csrRole = 'system:certificates.k8s.io:certificatesigningrequests';
const controller = 'system:controller';
const controllerManager = 'system:kube-controller-manager';
const scheduler = 'system:kube-scheduler';

const read = 'get list watch';
const readUpdate = `${read} update patch`;
const readWrite = `${read} create update patch delete deletecollection`;

const eventsRule = () => rule('create update patch', ['', 'events.k8s.io'], 'events');
const reviewRules = () => [
	rule('create', 'authentication.k8s.io', 'tokenreviews'),
	rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];

/** For every client of the API server. */
const discoveryRoles = (): Role[] => [
	clusterRole('cluster-admin', rule('*', '*', '*'), pathRule('*', '*')),
	clusterRole(
		'system:discovery',
		pathRule('get', '/livez /readyz /healthz /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*'),
	),
	clusterRole(
		'system:monitoring',
		pathRule('get', '/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/* /flagz /statusz'),
		rule('get', '', 'nodes/metrics'),
	),
	clusterRole(
		'system:basic-user',
		rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
		rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
	),
	clusterRole('system:public-info-viewer', pathRule('get', '/livez /readyz /healthz /version /version/')),
	clusterRole(
		'system:service-account-issuer-discovery',
		pathRule(
			'get',
			'/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
		),
	),
	clusterRole('system:cluster-trust-bundle-discovery', rule(read, certificates, 'clustertrustbundles')),
];

/** For nodes and the workloads on them. */
const nodeRoles = (): Role[] => [
	clusterRole('system:node', ...nodeRules()),
	clusterRole('system:node-bootstrapper', rule('create get list watch', certificates, 'certificatesigningrequests')),
	clusterRole(
		'system:node-problem-detector',
		rule('get', '', 'nodes'),
		rule('patch', '', 'nodes/status'),
		eventsRule(),
	),
	clusterRole(
		'system:node-proxier',
		rule('list watch', '', 'services endpoints'),
		rule(read, '', 'nodes'),
		eventsRule(),
		rule('list watch', 'networking.k8s.io', 'servicecidrs'),
		rule('list watch', 'discovery.k8s.io', 'endpointslices'),
	),
	clusterRole(
		'system:kubelet-api-admin',
		rule(read, '', 'nodes'),
		rule('proxy', '', 'nodes'),
		rule('*', '', 'nodes/proxy nodes/metrics nodes/stats nodes/log'),
		rule('*', '', 'nodes/configz nodes/healthz nodes/pods'),
	),
];

const approver = (name: string, signer: string) =>
	clusterRole(`system:certificates.k8s.io:${name}-approver`, rule('approve', certificates, 'signers', signer));

/** Who is given a certificate, and who may say so. */
const certificateRoles = (): Role[] => [
	clusterRole(`${csrRole}:nodeclient`, rule('create', certificates, 'certificatesigningrequests/nodeclient')),
	clusterRole(`${csrRole}:selfnodeclient`, rule('create', certificates, 'certificatesigningrequests/selfnodeclient')),
	approver('legacy-unknown', signers.legacyUnknown),
	approver('kubelet-serving', signers.serving),
	approver('kube-apiserver-client', signers.client),
	approver('kube-apiserver-client-kubelet', signers.clientKubelet),
];

const controllerManagerRules = (): PolicyRule[] => [
	eventsRule(),
	rule('create', coordination, 'leases'),
	rule('get update', coordination, 'leases', 'kube-controller-manager'),
	rule('create', '', 'secrets serviceaccounts'),
	rule('delete', '', 'secrets'),
	rule('get', '', 'namespaces secrets serviceaccounts configmaps'),
	rule('update', '', 'secrets serviceaccounts'),
	...reviewRules(),
	rule('list watch', '*', '*'),
	rule('create', '', 'serviceaccounts/token'),
];

const schedulerRules = (): PolicyRule[] => [
	eventsRule(),
	rule('create', coordination, 'leases'),
	rule('get update list watch', coordination, 'leases', 'kube-scheduler'),
	rule(readWrite, coordination, 'leasecandidates'),
	rule(read, '', 'nodes'),
	rule(`${read} delete`, '', 'pods'),
	rule('create', '', 'pods/binding bindings'),
	rule('patch update', '', 'pods/status'),
	rule(read, '', 'services replicationcontrollers'),
	rule(read, ['apps', 'extensions'], 'replicasets'),
	rule(read, 'apps', 'statefulsets'),
	rule(read, 'policy', 'poddisruptionbudgets'),
	rule(read, '', 'persistentvolumeclaims persistentvolumes'),
	...reviewRules(),
	rule(read, storage, 'csinodes'),
	rule(read, storage, 'volumeattachments'),
	rule(read, '', 'namespaces'),
	rule(read, storage, 'csidrivers'),
	rule(read, storage, 'csistoragecapacities'),
	rule(read, dynamic, 'deviceclasses'),
	rule(readUpdate, dynamic, 'resourceclaims'),
	rule(readUpdate, dynamic, 'resourceclaims/status'),
	rule('update', '', 'pods/finalizers'),
	rule(read, dynamic, 'resourceslices'),
	rule('create delete', dynamic, 'resourceclaims'),
	rule(read, dynamic, 'devicetaintrules'),
	rule('update patch', dynamic, 'resourceclaims/binding'),
];

/** For the components of the control plane and for add-ons. */
const componentRoles = (): Role[] => [
	clusterRole('system:auth-delegator', ...reviewRules()),
	clusterRole(
		'system:heapster',
		rule(read, '', 'events pods nodes namespaces'),
		rule(read, 'extensions', 'deployments'),
	),
	clusterRole('system:kube-aggregator', rule(read, '', 'services endpoints')),
	clusterRole(controllerManager, ...controllerManagerRules()),
	clusterRole('system:kube-dns', rule('list watch', '', 'endpoints services')),
	clusterRole(scheduler, ...schedulerRules()),
	clusterRole(
		'system:persistent-volume-provisioner',
		rule(`${read} create delete`, '', 'persistentvolumes'),
		rule(`${read} update`, '', 'persistentvolumeclaims'),
		rule(read, storage, 'storageclasses'),
		rule('watch', '', 'events'),
		eventsRule(),
	),
	clusterRole(
		'system:volume-scheduler',
		rule(readUpdate, '', 'persistentvolumes'),
		rule(read, storage, 'storageclasses'),
		rule(readUpdate, '', 'persistentvolumeclaims'),
	),
];

const clusterRoleBindings = (): RoleBinding[] => [
	clusterRoleBinding('cluster-admin', 'cluster-admin', group(groups.masters)),
	clusterRoleBinding('system:monitoring', 'system:monitoring', group('system:monitoring')),
	clusterRoleBinding('system:discovery', 'system:discovery', group(groups.authenticated)),
	clusterRoleBinding('system:basic-user', 'system:basic-user', group(groups.authenticated)),
	clusterRoleBinding(
		'system:public-info-viewer',
		'system:public-info-viewer',
		group(groups.authenticated),
		group(groups.unauthenticated),
	),
	clusterRoleBinding('system:node-proxier', 'system:node-proxier', user('system:kube-proxy')),
	clusterRoleBinding(controllerManager, controllerManager, user(controllerManager)),
	clusterRoleBinding('system:kube-dns', 'system:kube-dns', serviceAccount(kubeSystem, 'kube-dns')),
	clusterRoleBinding(scheduler, scheduler, user(scheduler)),
	clusterRoleBinding('system:volume-scheduler', 'system:volume-scheduler', user(scheduler)),
	// Bound to no subject: the node authorizer replaced this binding, and reconciliation removes subjects that were
	// added.
	clusterRoleBinding('system:node', 'system:node'),
	clusterRoleBinding(
		'system:service-account-issuer-discovery',
		'system:service-account-issuer-discovery',
		group(groups.serviceAccounts),
	),
	clusterRoleBinding(
		'system:cluster-trust-bundle-discovery',
		'system:cluster-trust-bundle-discovery',
		group(groups.serviceAccounts),
	),
	...controllerRoleBindings(),
];

const leaderLocking = (component: string) =>
	role(
		kubeSystem,
		`system::leader-locking-${component}`,
		rule(`${read} create update`, coordination, 'leases'),
		rule(`${read} create update`, coordination, 'leasecandidates'),
	);

const roles = (): Role[] => [
	role(
		kubeSystem,
		'extension-apiserver-authentication-reader',
		rule(read, '', 'configmaps', 'extension-apiserver-authentication'),
	),
	role(kubeSystem, `${controller}:bootstrap-signer`, rule(read, '', 'secrets')),
	role(kubeSystem, `${controller}:cloud-provider`, rule(`${read} create`, '', 'configmaps')),
	role(kubeSystem, `${controller}:token-cleaner`, rule(`${read} delete`, '', 'secrets'), eventsRule()),
	leaderLocking('kube-controller-manager'),
	leaderLocking('kube-scheduler'),
	role(
		kubePublic,
		`${controller}:bootstrap-signer`,
		rule(read, '', 'configmaps'),
		rule('update', '', 'configmaps', wellKnown.clusterInfo),
		eventsRule(),
	),
];

const ofServiceAccount = (namespace: string, name: string) =>
	roleBinding(namespace, `${controller}:${name}`, `${controller}:${name}`, serviceAccount(kubeSystem, name));

const roleBindings = (): RoleBinding[] => [
	roleBinding(
		kubeSystem,
		'system::extension-apiserver-authentication-reader',
		'extension-apiserver-authentication-reader',
		user(controllerManager),
		user(scheduler),
	),
	roleBinding(
		kubeSystem,
		'system::leader-locking-kube-controller-manager',
		'system::leader-locking-kube-controller-manager',
		user(controllerManager),
		serviceAccount(kubeSystem, 'kube-controller-manager'),
		serviceAccount(kubeSystem, 'leader-election-controller'),
	),
	roleBinding(
		kubeSystem,
		'system::leader-locking-kube-scheduler',
		'system::leader-locking-kube-scheduler',
		user(scheduler),
		serviceAccount(kubeSystem, 'kube-scheduler'),
	),
	ofServiceAccount(kubeSystem, 'bootstrap-signer'),
	ofServiceAccount(kubeSystem, 'cloud-provider'),
	ofServiceAccount(kubeSystem, 'token-cleaner'),
	ofServiceAccount(kubePublic, 'bootstrap-signer'),
];

function asDefault<T extends KubeObject>(object: T): T {
	const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...object.metadata.labels };
	return {
		...object,
		metadata: { ...object.metadata, labels, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } },
	};
}

/** The defaults, each with the label and the annotation by which a reconcile knows them. New objects on every call. */
export function defaultRbac(): RbacObjects {
	const clusterRoles = [
		discoveryRoles,
		userFacingRoles,
		nodeRoles,
		certificateRoles,
		componentRoles,
		controllerRoles,
	].flatMap((make) => make());
	return {
		clusterRoles: clusterRoles.map(asDefault),
		clusterRoleBindings: clusterRoleBindings().map(asDefault),
		roles: roles().map(asDefault),
		roleBindings: roleBindings().map(asDefault),
	};
}
