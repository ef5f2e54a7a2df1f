/**
 * The permissions of upstream's controllers, each for a service account in kube-system. One row for each rule: verbs,
 * API groups, resources, names.
 * @source plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go, release 1.37
 */
import { type Role, type RoleBinding, wellKnown } from '../../../lib/kube/types.ts';
import { clusterRole, clusterRoleBinding, rule, serviceAccount } from './rbac-objects.ts';

type Row = Parameters<typeof rule>;

const rowsOf: Readonly<Record<string, readonly Row[]>> = {
	'attachdetach-controller': [
		['list watch', '', 'persistentvolumeclaims persistentvolumes'],
		['get list watch', '', 'nodes'],
		['update patch', '', 'nodes/status'],
		['list watch', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
		['get list watch create delete', 'storage.k8s.io', 'volumeattachments'],
		['get list watch', 'storage.k8s.io', 'csidrivers'],
		['get list watch', 'storage.k8s.io', 'csinodes'],
	],
	'certificate-controller': [
		['get list watch delete', 'certificates.k8s.io', 'certificatesigningrequests'],
		['update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'],
		['approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'],
		[
			'sign',
			'certificates.k8s.io',
			'signers',
			'kubernetes.io/kube-apiserver-client',
			'kubernetes.io/kube-apiserver-client-kubelet',
			'kubernetes.io/kubelet-serving',
			'kubernetes.io/legacy-unknown',
		],
		['create', 'authorization.k8s.io', 'subjectaccessreviews'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'clusterrole-aggregation-controller': [
		['get list watch update patch escalate', 'rbac.authorization.k8s.io', 'clusterroles'],
	],
	'cronjob-controller': [
		['get list watch update', 'batch', 'cronjobs'],
		['get list watch create update patch delete', 'batch', 'jobs'],
		['update', 'batch', 'cronjobs/status'],
		['update', 'batch', 'cronjobs/finalizers'],
		['list watch delete', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'daemon-set-controller': [
		['get list watch', ['apps', 'extensions'], 'daemonsets'],
		['update', ['apps', 'extensions'], 'daemonsets/status'],
		['update', ['apps', 'extensions'], 'daemonsets/finalizers'],
		['list watch', '', 'nodes'],
		['list watch create patch delete', '', 'pods'],
		['create', '', 'pods/binding'],
		['get list watch create update patch delete', 'apps', 'controllerrevisions'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'deployment-controller': [
		['get list watch update', ['apps', 'extensions'], 'deployments'],
		['update', ['apps', 'extensions'], 'deployments/status'],
		['update', ['apps', 'extensions'], 'deployments/finalizers'],
		['get list watch create update patch delete', ['apps', 'extensions'], 'replicasets'],
		['get list watch update', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'device-taint-eviction-controller': [
		['get list watch delete', '', 'pods'],
		['update patch', '', 'pods/status'],
		['get list watch', 'resource.k8s.io', 'resourceclaims'],
		['get list watch', 'resource.k8s.io', 'resourceslices'],
		['get list watch', 'resource.k8s.io', 'deviceclasses'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
		['update patch', 'resource.k8s.io', 'devicetaintrules/status'],
		['get list watch', 'resource.k8s.io', 'devicetaintrules'],
	],
	'disruption-controller': [
		['get list watch', ['apps', 'extensions'], 'deployments'],
		['get list watch', ['apps', 'extensions'], 'replicasets'],
		['get list watch', '', 'replicationcontrollers'],
		['get list watch', 'policy', 'poddisruptionbudgets'],
		['get list watch', 'apps', 'statefulsets'],
		['update', 'policy', 'poddisruptionbudgets/status'],
		['update patch', '', 'pods/status'],
		['get', '*', '*/scale'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'endpoint-controller': [
		['get list watch', '', 'pods services'],
		['get list watch create update delete', '', 'endpoints'],
		['create', '', 'endpoints/restricted'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'endpointslice-controller': [
		['get list watch', '', 'nodes pods services'],
		['update', '', 'services/finalizers'],
		['get list watch create update delete', 'discovery.k8s.io', 'endpointslices'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'endpointslicemirroring-controller': [
		['get list watch', '', 'endpoints services'],
		['update', '', 'services/finalizers'],
		['update', '', 'endpoints/finalizers'],
		['get list watch create update delete', 'discovery.k8s.io', 'endpointslices'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'ephemeral-volume-controller': [
		['get list watch', '', 'pods'],
		['update', '', 'pods/finalizers'],
		['get list watch create', '', 'persistentvolumeclaims'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'expand-controller': [
		['get list watch update patch', '', 'persistentvolumes'],
		['update patch', '', 'persistentvolumeclaims/status'],
		['get list watch', '', 'persistentvolumeclaims'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'generic-garbage-collector': [
		['get list watch update patch delete', '*', '*'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'horizontal-pod-autoscaler': [
		['get list watch', 'autoscaling', 'horizontalpodautoscalers'],
		['update', 'autoscaling', 'horizontalpodautoscalers/status'],
		['get update', '*', '*/scale'],
		['list watch', '', 'pods'],
		['list watch', 'metrics.k8s.io', 'pods'],
		['get list watch', 'custom.metrics.k8s.io', '*'],
		['get list watch', 'external.metrics.k8s.io', '*'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'job-controller': [
		['get list watch update patch', 'batch', 'jobs'],
		['update', 'batch', 'jobs/status'],
		['update', 'batch', 'jobs/finalizers'],
		['list watch create patch delete', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'kube-apiserver-serving-clustertrustbundle-publisher': [
		['attest', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-serving'],
		['list watch create update delete', 'certificates.k8s.io', 'clustertrustbundles'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'legacy-service-account-token-cleaner': [
		['get', '', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'],
		['patch delete', '', 'secrets'],
	],
	'namespace-controller': [
		['get list watch delete', '', 'namespaces'],
		['update', '', 'namespaces/finalize namespaces/status'],
		['get list watch delete deletecollection', '*', '*'],
	],
	'node-controller': [
		['get list watch update patch delete', '', 'nodes'],
		['update patch', '', 'nodes/status'],
		['update patch', '', 'pods/status'],
		['get list watch delete', '', 'pods'],
		['get list watch', 'coordination.k8s.io', 'leases'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'persistent-volume-binder': [
		['get list watch create update delete', '', 'persistentvolumes'],
		['update', '', 'persistentvolumes/status'],
		['get list watch update', '', 'persistentvolumeclaims'],
		['update', '', 'persistentvolumeclaims/status'],
		['get list watch create delete', '', 'pods'],
		['get list watch', 'storage.k8s.io', 'storageclasses'],
		['list watch', '', 'nodes'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
		['watch', '', 'events'],
	],
	'pod-garbage-collector': [
		['list watch delete', '', 'pods'],
		['get list watch', '', 'nodes'],
		['patch', '', 'pods/status'],
	],
	podcertificaterequestcleaner: [['get list watch delete', 'certificates.k8s.io', 'podcertificaterequests']],
	'pv-protection-controller': [
		['get list watch update', '', 'persistentvolumes'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'pvc-protection-controller': [
		['get list watch update', '', 'persistentvolumeclaims'],
		['update', '', 'persistentvolumeclaims/status'],
		['get list watch', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'replicaset-controller': [
		['get list watch update', ['apps', 'extensions'], 'replicasets'],
		['update', ['apps', 'extensions'], 'replicasets/status'],
		['update', ['apps', 'extensions'], 'replicasets/finalizers'],
		['list watch create patch delete', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'replication-controller': [
		['get list watch update', '', 'replicationcontrollers'],
		['update', '', 'replicationcontrollers/status'],
		['update', '', 'replicationcontrollers/finalizers'],
		['list watch create patch delete', '', 'pods'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'resource-claim-controller': [
		['get list watch', '', 'pods'],
		['update', '', 'pods/finalizers'],
		['get list watch create delete', 'resource.k8s.io', 'resourceclaims'],
		['update patch', 'resource.k8s.io', 'resourceclaims resourceclaims/status'],
		['update patch', '', 'pods/status'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
		['update patch', 'resource.k8s.io', 'resourceclaims/binding'],
	],
	'resourcequota-controller': [
		['list watch', '*', '*'],
		['update', '', 'resourcequotas/status'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'root-ca-cert-publisher': [
		['create update', '', 'configmaps'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'route-controller': [
		['list watch', '', 'nodes'],
		['patch', '', 'nodes/status'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'selinux-warning-controller': [
		['create update patch', ['', 'events.k8s.io'], 'events'],
		['get list watch', '', 'persistentvolumes'],
		['get list watch', '', 'persistentvolumeclaims'],
		['get list watch', '', 'pods'],
		['get list watch', 'storage.k8s.io', 'csidrivers'],
	],
	'service-account-controller': [
		['create', '', 'serviceaccounts'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'service-cidrs-controller': [
		['get list watch update patch', 'networking.k8s.io', 'servicecidrs'],
		['update patch', 'networking.k8s.io', 'servicecidrs/finalizers'],
		['update patch', 'networking.k8s.io', 'servicecidrs/status'],
		['get list watch', 'networking.k8s.io', 'ipaddresses'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'service-controller': [
		['get list watch', '', 'services'],
		['update patch', '', 'services/status'],
		['list watch', '', 'nodes'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'statefulset-controller': [
		['list watch', '', 'pods'],
		['get list watch', 'apps', 'statefulsets'],
		['update', 'apps', 'statefulsets/status'],
		['update', 'apps', 'statefulsets/finalizers'],
		['get create update patch delete', '', 'pods'],
		['get list watch create update patch delete', 'apps', 'controllerrevisions'],
		['get list watch create', '', 'persistentvolumeclaims'],
		['update delete', '', 'persistentvolumeclaims'],
		['update', '', 'pods/finalizers'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'storage-version-migrator-controller': [
		['list patch', '*', '*'],
		['get', 'apiextensions.k8s.io', 'customresourcedefinitions'],
		['patch', 'apiextensions.k8s.io', 'customresourcedefinitions/status'],
		['update', 'storagemigration.k8s.io', 'storageversionmigrations/status'],
	],
	'ttl-after-finished-controller': [
		['get list watch delete', 'batch', 'jobs'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'ttl-controller': [
		['list watch update patch', '', 'nodes'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'validatingadmissionpolicy-status-controller': [
		['get list watch', 'admissionregistration.k8s.io', 'validatingadmissionpolicies'],
		['get update patch', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
	'volumeattributesclass-protection-controller': [
		['get list watch', '', 'persistentvolumeclaims'],
		['get list watch', '', 'persistentvolumes'],
		['get list watch update', 'storage.k8s.io', 'volumeattributesclasses'],
		['create update patch', ['', 'events.k8s.io'], 'events'],
	],
};

const nameOf = (controller: string) => `system:controller:${controller}`;

export const controllerRoles = (): Role[] =>
	Object.entries(rowsOf).map(([controller, rows]) =>
		clusterRole(nameOf(controller), ...rows.map((row) => rule(...row))),
	);

export const controllerRoleBindings = (): RoleBinding[] =>
	Object.keys(rowsOf).map((controller) =>
		clusterRoleBinding(nameOf(controller), nameOf(controller), serviceAccount(wellKnown.kubeSystem, controller)),
	);
