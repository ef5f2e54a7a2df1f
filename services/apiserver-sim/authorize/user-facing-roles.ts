/**
 * The ClusterRoles that a cluster admin binds to people: admin, edit, view. Each is made of the roles that carry its
 * label.
 * @source plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, release 1.37
 */
import type { PolicyRule, Role } from '../../../lib/kube/types.ts';
import { clusterRole, rule } from './rbac-objects.ts';

const read = 'get list watch';
const write = 'create update patch delete deletecollection';

const adminRules = (): PolicyRule[] => [
	rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
	rule(`${read} ${write}`, 'rbac.authorization.k8s.io', 'roles rolebindings'),
];

const editRules = (): PolicyRule[] => [
	rule(read, '', 'pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy'),
	rule('impersonate', '', 'serviceaccounts'),
	rule(write, '', 'pods pods/attach pods/proxy pods/exec pods/portforward'),
	rule('create', '', 'pods/eviction'),
	rule(
		write,
		'',
		'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy ' +
			'persistentvolumeclaims configmaps secrets',
	),
	rule('create', '', 'serviceaccounts/token'),
	rule(write, ['', 'events.k8s.io'], 'events'),
	rule(
		write,
		'apps',
		'statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback replicasets ' +
			'replicasets/scale',
	),
	rule(write, 'autoscaling', 'horizontalpodautoscalers'),
	rule(write, 'batch', 'jobs cronjobs'),
	rule(
		write,
		'extensions',
		'daemonsets deployments deployments/scale deployments/rollback ingresses replicasets replicasets/scale ' +
			'replicationcontrollers/scale networkpolicies',
	),
	rule(write, 'policy', 'poddisruptionbudgets'),
	rule(write, 'networking.k8s.io', 'networkpolicies ingresses'),
	rule(`${read} ${write}`, 'coordination.k8s.io', 'leases'),
	rule(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const viewRules = (): PolicyRule[] => [
	rule(
		read,
		'',
		'pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status ' +
			'endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps',
	),
	rule(
		read,
		'',
		'limitranges resourcequotas bindings pods/status resourcequotas/status namespaces/status ' +
			'replicationcontrollers/status pods/log',
	),
	rule(read, '', 'namespaces'),
	rule(read, ['', 'events.k8s.io'], 'events'),
	rule(read, 'discovery.k8s.io', 'endpointslices'),
	rule(
		read,
		'apps',
		'controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status ' +
			'deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale',
	),
	rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
	rule(read, 'batch', 'jobs cronjobs cronjobs/status jobs/status'),
	rule(
		read,
		'extensions',
		'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status ' +
			'replicasets replicasets/scale replicasets/status replicationcontrollers/scale networkpolicies',
	),
	rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
	rule(read, 'networking.k8s.io', 'networkpolicies ingresses ingresses/status'),
	rule(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const label = (target: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${target}`]: 'true' });

function labelled(target: string, labelledRole: Role): Role {
	return { ...labelledRole, metadata: { ...labelledRole.metadata, labels: label(target) } };
}
/** A ClusterRole whose rules are those of the roles that its label selects. */
function aggregate(name: string, ...rules: PolicyRule[]): Role {
	return { ...clusterRole(name, ...rules), aggregationRule: { clusterRoleSelectors: [{ matchLabels: label(name) }] } };
}

/**
 * admin, edit and view, and the roles that they are made of.
 * @differs upstream starts them empty and a controller fills them; here they are filled at once, in the order in which
 *   it would, and a role that is labelled later is not added
 */
export function userFacingRoles(): Role[] {
	const editAndView = [...editRules(), ...viewRules()];
	return [
		aggregate('admin', ...editAndView, ...adminRules()),
		labelled('admin', aggregate('edit', ...editAndView)),
		labelled('edit', aggregate('view', ...viewRules())),
		labelled('admin', clusterRole('system:aggregate-to-admin', ...adminRules())),
		labelled('edit', clusterRole('system:aggregate-to-edit', ...editRules())),
		labelled('view', clusterRole('system:aggregate-to-view', ...viewRules())),
	];
}
