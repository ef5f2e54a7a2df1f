/** The resources of the API, defined once. Authorization, storage, discovery and clients read this table. */

export interface ApiSubresource {
	readonly name: string;
	readonly verbs: readonly string[];
	/** Of the objects that it reads and writes; absent: those of the resource. */
	readonly group?: string;
	readonly version?: string;
	readonly kind?: string;
}

export interface ApiResource {
	readonly group: string;
	readonly version: string;
	/** Plural, as in paths and RBAC rules. */
	readonly resource: string;
	readonly singular: string;
	readonly kind: string;
	readonly namespaced: boolean;
	readonly shortNames: readonly string[];
	/** For example `all`. */
	readonly categories: readonly string[];
	readonly verbs: readonly string[];
	readonly subresources: readonly ApiSubresource[];
	/** In proto/kubejoin/apiserver-sim.proto, which is made from the rows. */
	readonly service: string;
}

const storedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const written = ['get', 'patch', 'update'];
const streamed = ['create', 'get'];
const status: ApiSubresource = { name: 'status', verbs: written };

type Row = Omit<ApiResource, 'service'>;
type More = Partial<Omit<Row, 'group' | 'version' | 'resource' | 'kind' | 'namespaced'>>;

const row = (namespaced: boolean, group: string, resource: string, kind: string, more: More): Row => ({
	group,
	version: 'v1',
	resource,
	singular: kind.toLowerCase(),
	kind,
	namespaced,
	shortNames: [],
	categories: [],
	verbs: storedVerbs,
	subresources: [],
	...more,
});
const inNamespace = (group: string, resource: string, kind: string, more: More = {}): Row =>
	row(true, group, resource, kind, more);
const inCluster = (group: string, resource: string, kind: string, more: More = {}): Row =>
	row(false, group, resource, kind, more);

const createOnly = { verbs: ['create'] };
const extension = { categories: ['api-extensions'] };
const admission = 'admissionregistration.k8s.io';
const authentication = 'authentication.k8s.io';
const authorization = 'authorization.k8s.io';
const certificates = 'certificates.k8s.io';
const rbac = 'rbac.authorization.k8s.io';
const storage = 'storage.k8s.io';

/**
 * An empty list, and no kind that a client can discover: kubectl reads it before it creates an object of a kind without
 * PATCH, for example a TokenReview.
 *
 * @source k8s.io/cli-runtime/pkg/resource/crd_finder.go
 */
export const customResourceDefinitions: ApiResource = {
	...inCluster('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition', { verbs: ['list'] }),
	service: '',
};

/** @source the discovery document of kube-apiserver 1.37.2 */
export const resources = withServices({
	bindings: inNamespace('', 'bindings', 'Binding', createOnly),
	configMaps: inNamespace('', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
	events: inNamespace('', 'events', 'Event', { shortNames: ['ev'] }),
	limitRanges: inNamespace('', 'limitranges', 'LimitRange', { shortNames: ['limits'] }),
	namespaces: inCluster('', 'namespaces', 'Namespace', {
		shortNames: ['ns'],
		verbs: storedVerbs.filter((verb) => verb !== 'deletecollection'),
		subresources: [{ name: 'finalize', verbs: ['update'] }, status],
	}),
	nodes: inCluster('', 'nodes', 'Node', {
		shortNames: ['no'],
		subresources: [{ name: 'proxy', verbs: ['create', 'delete', ...written], kind: 'NodeProxyOptions' }, status],
	}),
	pods: inNamespace('', 'pods', 'Pod', {
		shortNames: ['po'],
		categories: ['all'],
		subresources: [
			{ name: 'attach', verbs: streamed, kind: 'PodAttachOptions' },
			{ name: 'binding', verbs: ['create'], kind: 'Binding' },
			{ name: 'ephemeralcontainers', verbs: written },
			{ name: 'eviction', verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' },
			{ name: 'exec', verbs: streamed, kind: 'PodExecOptions' },
			{ name: 'log', verbs: ['get'] },
			{ name: 'portforward', verbs: streamed, kind: 'PodPortForwardOptions' },
			{ name: 'resize', verbs: written },
			status,
		],
	}),
	podTemplates: inNamespace('', 'podtemplates', 'PodTemplate'),
	resourceQuotas: inNamespace('', 'resourcequotas', 'ResourceQuota', { shortNames: ['quota'], subresources: [status] }),
	secrets: inNamespace('', 'secrets', 'Secret'),
	serviceAccounts: inNamespace('', 'serviceaccounts', 'ServiceAccount', {
		shortNames: ['sa'],
		subresources: [{ name: 'token', verbs: ['create'], group: authentication, version: 'v1', kind: 'TokenRequest' }],
	}),
	services: inNamespace('', 'services', 'Service', {
		shortNames: ['svc'],
		categories: ['all'],
		subresources: [status],
	}),
	groupEvents: inNamespace('events.k8s.io', 'events', 'Event', { shortNames: ['ev'] }),
	selfSubjectReviews: inCluster(authentication, 'selfsubjectreviews', 'SelfSubjectReview', {
		...createOnly,
	}),
	tokenReviews: inCluster(authentication, 'tokenreviews', 'TokenReview', createOnly),
	localSubjectAccessReviews: inNamespace(
		authorization,
		'localsubjectaccessreviews',
		'LocalSubjectAccessReview',
		createOnly,
	),
	selfSubjectAccessReviews: inCluster(authorization, 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', {
		...createOnly,
	}),
	selfSubjectRulesReviews: inCluster(authorization, 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', createOnly),
	subjectAccessReviews: inCluster(authorization, 'subjectaccessreviews', 'SubjectAccessReview', {
		...createOnly,
	}),
	certificateSigningRequests: inCluster(certificates, 'certificatesigningrequests', 'CertificateSigningRequest', {
		shortNames: ['csr'],
		subresources: [{ name: 'approval', verbs: written }, status],
	}),
	clusterTrustBundles: inCluster(certificates, 'clustertrustbundles', 'ClusterTrustBundle'),
	clusterRoleBindings: inCluster(rbac, 'clusterrolebindings', 'ClusterRoleBinding'),
	clusterRoles: inCluster(rbac, 'clusterroles', 'ClusterRole'),
	roleBindings: inNamespace(rbac, 'rolebindings', 'RoleBinding'),
	roles: inNamespace(rbac, 'roles', 'Role'),
	csiDrivers: inCluster(storage, 'csidrivers', 'CSIDriver'),
	csiNodes: inCluster(storage, 'csinodes', 'CSINode', { subresources: [status] }),
	mutatingAdmissionPolicies: inCluster(admission, 'mutatingadmissionpolicies', 'MutatingAdmissionPolicy', extension),
	mutatingAdmissionPolicyBindings: inCluster(
		admission,
		'mutatingadmissionpolicybindings',
		'MutatingAdmissionPolicyBinding',
		extension,
	),
	mutatingWebhookConfigurations: inCluster(
		admission,
		'mutatingwebhookconfigurations',
		'MutatingWebhookConfiguration',
		extension,
	),
	validatingAdmissionPolicies: inCluster(admission, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', {
		...extension,
		subresources: [status],
	}),
	validatingAdmissionPolicyBindings: inCluster(
		admission,
		'validatingadmissionpolicybindings',
		'ValidatingAdmissionPolicyBinding',
		extension,
	),
	validatingWebhookConfigurations: inCluster(
		admission,
		'validatingwebhookconfigurations',
		'ValidatingWebhookConfiguration',
		extension,
	),
	priorityClasses: inCluster('scheduling.k8s.io', 'priorityclasses', 'PriorityClass', { shortNames: ['pc'] }),
	leases: inNamespace('coordination.k8s.io', 'leases', 'Lease'),
	runtimeClasses: inCluster('node.k8s.io', 'runtimeclasses', 'RuntimeClass'),
	endpointSlices: inNamespace('discovery.k8s.io', 'endpointslices', 'EndpointSlice'),
});

/** The service of a row has the name of the row: `configMaps` is served by `ConfigMaps`. */
function withServices<K extends string>(rows: Readonly<Record<K, Row>>): Readonly<Record<K, ApiResource>> {
	const named = Object.entries<Row>(rows).map(([name, row]) => {
		const service = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
		return [name, { ...row, service }];
	});
	return Object.fromEntries(named);
}

/** `v1` or `group/v1`. */
export const apiVersionOf = ({ group, version }: Pick<ApiResource, 'group' | 'version'>): string =>
	group === '' ? version : `${group}/${version}`;
