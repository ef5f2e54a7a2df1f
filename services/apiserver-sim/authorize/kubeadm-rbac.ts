/**
 * The roles and bindings that `kubeadm init` adds to the defaults, and the few that kubejoin adds to those. With them a
 * bootstrap token has exactly the permissions that a joining node needs.
 * @source cmd/kubeadm/app/phases: bootstraptoken, uploadconfig, kubelet, addons/proxy and kubeconfig, release 1.37
 */
import { type Role, type RoleBinding, wellKnown } from '../../../lib/kube/types.ts';
import type { RbacObjects } from './rbac-objects.ts';
import {
	clusterRole,
	clusterRoleBinding,
	group,
	role,
	roleBinding,
	rule,
	serviceAccount,
	user,
} from './rbac-objects.ts';

const { kubePublic, kubeSystem, groups } = wellKnown;
const csrRole = 'system:certificates.k8s.io:certificatesigningrequests';
const controllerManager = 'system:kube-controller-manager';

const joining = () => group(groups.defaultNodeToken);
const nodes = () => group(groups.nodes);

const clusterRoleBindings = (): RoleBinding[] => [
	clusterRoleBinding('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
	clusterRoleBinding(
		'kubeadm:apiserver-kubelet-client',
		'system:kubelet-api-admin',
		user('kube-apiserver-kubelet-client'),
	),
	clusterRoleBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joining()),
	clusterRoleBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', joining()),
	clusterRoleBinding('kubeadm:node-autoapprove-bootstrap', `${csrRole}:nodeclient`, joining()),
	clusterRoleBinding('kubeadm:node-autoapprove-certificate-rotation', `${csrRole}:selfnodeclient`, nodes()),
	clusterRoleBinding('kubeadm:node-proxier', 'system:node-proxier', serviceAccount(kubeSystem, 'kube-proxy')),
];

const readConfigMap = (namespace: string, roleName: string, configMap: string): Role =>
	role(namespace, roleName, rule('get', '', 'configmaps', configMap));

const roles = (): Role[] => [
	readConfigMap(kubeSystem, 'kubeadm:nodes-kubeadm-config', 'kubeadm-config'),
	readConfigMap(kubeSystem, 'kubeadm:kubelet-config', 'kubelet-config'),
	readConfigMap(kubeSystem, 'kube-proxy', 'kube-proxy'),
	readConfigMap(kubePublic, 'kubeadm:bootstrap-signer-clusterinfo', wellKnown.clusterInfo),
];

const roleBindings = (): RoleBinding[] => [
	roleBinding(kubeSystem, 'kubeadm:nodes-kubeadm-config', 'kubeadm:nodes-kubeadm-config', joining(), nodes()),
	roleBinding(kubeSystem, 'kubeadm:kubelet-config', 'kubeadm:kubelet-config', nodes(), joining()),
	roleBinding(kubeSystem, 'kube-proxy', 'kube-proxy', joining()),
	// The user, not the group of the unauthenticated: cluster-info is public, nothing else is.
	roleBinding(
		kubePublic,
		'kubeadm:bootstrap-signer-clusterinfo',
		'kubeadm:bootstrap-signer-clusterinfo',
		user(wellKnown.anonymous),
	),
];

const controllerBindingName = (controller: string) => `kubejoin:controller-manager:${controller}`;

const controllersOfMesh = [
	'certificate-controller',
	'node-controller',
	'namespace-controller',
	'service-account-controller',
	'root-ca-cert-publisher',
	'generic-garbage-collector',
	'pod-garbage-collector',
	'resourcequota-controller',
];

const controllerClusterRoleBindings = (): RoleBinding[] =>
	controllersOfMesh.map((controller) =>
		clusterRoleBinding(controllerBindingName(controller), `system:controller:${controller}`, user(controllerManager)),
	);

const controllerRoleBinding = (namespace: string, controller: string): RoleBinding =>
	roleBinding(namespace, controllerBindingName(controller), `system:controller:${controller}`, user(controllerManager));

/** What kubeadm adds. New objects on every call. */
export const kubeadmRbac = (): RbacObjects => ({
	clusterRoles: [clusterRole('kubeadm:get-nodes', rule('get', '', 'nodes'))],
	clusterRoleBindings: clusterRoleBindings(),
	roles: roles(),
	roleBindings: roleBindings(),
});

/**
 * The bindings named `kubejoin:controller-manager:…`. New objects on every call.
 *
 * @differs upstream's controllers each act as a service account of their own; here all act as User
 *   system:kube-controller-manager, which is therefore bound to the roles of the controllers that exist
 */
export const controllerRbac = (): RbacObjects => ({
	clusterRoles: [],
	clusterRoleBindings: controllerClusterRoleBindings(),
	roles: [],
	roleBindings: [
		controllerRoleBinding(kubeSystem, 'bootstrap-signer'),
		controllerRoleBinding(kubePublic, 'bootstrap-signer'),
		controllerRoleBinding(kubeSystem, 'token-cleaner'),
	],
});
