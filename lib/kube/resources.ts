/** The resources of the API, defined once. Authorization, storage and clients read this table. */

export interface ApiResource {
	readonly group: string;
	readonly version: string;
	/** Plural, as in paths and RBAC rules. */
	readonly resource: string;
	readonly kind: string;
	readonly namespaced: boolean;
	/** Service in proto/kubejoin/apiserver-sim.proto; absent where only the server itself keeps the objects. */
	readonly service?: string;
}

const resource = (group: string, name: string, kind: string, namespaced: boolean, service?: string): ApiResource => ({
	group,
	version: 'v1',
	resource: name,
	kind,
	namespaced,
	...(service === undefined ? {} : { service }),
});

const rbac = 'rbac.authorization.k8s.io';

export const resources = {
	namespaces: resource('', 'namespaces', 'Namespace', false),
	configMaps: resource('', 'configmaps', 'ConfigMap', true, 'ConfigMaps'),
	secrets: resource('', 'secrets', 'Secret', true, 'Secrets'),
	nodes: resource('', 'nodes', 'Node', false, 'Nodes'),
	leases: resource('coordination.k8s.io', 'leases', 'Lease', true, 'Leases'),
	certificateSigningRequests: resource(
		'certificates.k8s.io',
		'certificatesigningrequests',
		'CertificateSigningRequest',
		false,
		'CertificateSigningRequests',
	),
	subjectAccessReviews: resource(
		'authorization.k8s.io',
		'subjectaccessreviews',
		'SubjectAccessReview',
		false,
		'SubjectAccessReviews',
	),
	selfSubjectAccessReviews: resource(
		'authorization.k8s.io',
		'selfsubjectaccessreviews',
		'SelfSubjectAccessReview',
		false,
		'SelfSubjectAccessReviews',
	),
	selfSubjectReviews: resource(
		'authentication.k8s.io',
		'selfsubjectreviews',
		'SelfSubjectReview',
		false,
		'SelfSubjectReviews',
	),
	clusterRoles: resource(rbac, 'clusterroles', 'ClusterRole', false, 'ClusterRoles'),
	clusterRoleBindings: resource(rbac, 'clusterrolebindings', 'ClusterRoleBinding', false, 'ClusterRoleBindings'),
	roles: resource(rbac, 'roles', 'Role', true, 'Roles'),
	roleBindings: resource(rbac, 'rolebindings', 'RoleBinding', true, 'RoleBindings'),
} as const;

/** `v1` or `group/v1`. */
export const apiVersionOf = ({ group, version }: Pick<ApiResource, 'group' | 'version'>): string =>
	group === '' ? version : `${group}/${version}`;
