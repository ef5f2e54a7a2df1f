/**
 * The parts of the Kubernetes types that kubejoin uses, in their JSON shape: Time is RFC 3339, bytes are base64.
 * Inside the project an object always has this shape; only the wire differs.
 * @source k8s.io/api and k8s.io/apimachinery, release 1.32
 */

import type { ResourceList } from './resource-list.ts';

export interface OwnerReference {
	apiVersion: string;
	kind: string;
	name: string;
	uid: string;
	controller?: boolean;
	blockOwnerDeletion?: boolean;
}
export interface ObjectMeta {
	name?: string;
	generateName?: string;
	namespace?: string;
	uid?: string;
	resourceVersion?: string;
	generation?: number;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	deletionGracePeriodSeconds?: number;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	ownerReferences?: OwnerReference[];
	finalizers?: string[];
}
export interface KubeObject {
	apiVersion: string;
	kind: string;
	metadata: ObjectMeta;
}
export interface KubeList<T extends KubeObject> {
	apiVersion: string;
	kind: string;
	metadata: { resourceVersion: string };
	items: T[];
}
export interface WatchEvent<T extends KubeObject> {
	type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
	object: T;
}

export interface ConfigMap extends KubeObject {
	readonly immutable?: boolean;
	data?: Record<string, string>;
	/** The values are in base64. */
	binaryData?: Record<string, string>;
}
export interface Secret extends KubeObject {
	type?: string;
	/** The values are in base64. */
	data?: Record<string, string>;
	/** Of a request only: texts that the API server puts into `data`. */
	stringData?: Record<string, string>;
	immutable?: boolean;
}
export interface Namespace extends KubeObject {
	spec?: { finalizers?: string[] };
	status?: { phase?: string };
}

export interface ServiceAccount extends KubeObject {
	automountServiceAccountToken?: boolean;
	secrets?: { name?: string }[];
	imagePullSecrets?: { name?: string }[];
}
export interface LimitRangeItem {
	/** Container, Pod or PersistentVolumeClaim. */
	type?: string;
	max?: ResourceList;
	min?: ResourceList;
	default?: ResourceList;
	defaultRequest?: ResourceList;
	maxLimitRequestRatio?: ResourceList;
}
export interface LimitRange extends KubeObject {
	spec?: { limits?: LimitRangeItem[] };
}
export interface ScopeRequirement {
	scopeName?: string;
	operator?: string;
	values?: string[];
}
export interface ResourceQuota extends KubeObject {
	spec?: { hard?: ResourceList; scopes?: string[]; scopeSelector?: { matchExpressions?: ScopeRequirement[] } };
	status?: { hard?: ResourceList; used?: ResourceList };
}

export interface CertificateSigningRequestCondition {
	/** Approved, Denied or Failed. */
	type: string;
	status: string;
	reason?: string;
	message?: string;
	lastUpdateTime?: string;
	lastTransitionTime?: string;
}
export interface CertificateSigningRequest extends KubeObject {
	spec: {
		/** The PKCS#10 request: the base64 of its PEM text. */
		request: string;
		signerName: string;
		expirationSeconds?: number;
		usages: string[];
		username?: string;
		uid?: string;
		groups?: string[];
		extra?: Record<string, string[]>;
	};
	status?: {
		conditions?: CertificateSigningRequestCondition[];
		/** The issued chain: the base64 of its PEM text. */
		certificate?: string;
	};
}

export interface Taint {
	key: string;
	value?: string;
	effect: string;
	timeAdded?: string;
}
export interface NodeCondition {
	type: string;
	status: string;
	lastHeartbeatTime?: string;
	lastTransitionTime?: string;
	reason?: string;
	message?: string;
}
export interface NodeSystemInfo {
	machineID: string;
	systemUUID: string;
	bootID: string;
	kernelVersion: string;
	osImage: string;
	containerRuntimeVersion: string;
	kubeletVersion: string;
	kubeProxyVersion: string;
	operatingSystem: string;
	architecture: string;
}
export interface Node extends KubeObject {
	spec?: { podCIDR?: string; podCIDRs?: string[]; providerID?: string; unschedulable?: boolean; taints?: Taint[] };
	status?: {
		capacity?: Record<string, string>;
		allocatable?: Record<string, string>;
		phase?: string;
		conditions?: NodeCondition[];
		addresses?: { type: string; address: string }[];
		daemonEndpoints?: { kubeletEndpoint?: { Port: number } };
		nodeInfo?: NodeSystemInfo;
	};
}

export interface Lease extends KubeObject {
	spec?: {
		holderIdentity?: string;
		leaseDurationSeconds?: number;
		/** `metav1.MicroTime` */
		acquireTime?: string;
		/** `metav1.MicroTime` */
		renewTime?: string;
		leaseTransitions?: number;
	};
}

export interface PolicyRule {
	verbs: string[];
	apiGroups?: string[];
	resources?: string[];
	resourceNames?: string[];
	nonResourceURLs?: string[];
}
export interface Subject {
	kind: 'User' | 'Group' | 'ServiceAccount';
	apiGroup?: string;
	name: string;
	namespace?: string;
}
export interface RoleRef {
	apiGroup: string;
	kind: 'Role' | 'ClusterRole';
	name: string;
}
export interface Role extends KubeObject {
	rules?: PolicyRule[];
	/** Of a ClusterRole: which others it is made of. */
	aggregationRule?: { clusterRoleSelectors?: { matchLabels?: Record<string, string> }[] };
}
/** RoleBinding and ClusterRoleBinding. */
export interface RoleBinding extends KubeObject {
	subjects?: Subject[];
	roleRef: RoleRef;
}

export interface ResourceAttributes {
	namespace?: string;
	verb?: string;
	group?: string;
	version?: string;
	resource?: string;
	subresource?: string;
	name?: string;
	fieldSelector?: SelectorAttributes;
	labelSelector?: SelectorAttributes;
}
/** @source apimachinery meta/v1 FieldSelectorRequirement, LabelSelectorRequirement */
export interface SelectorRequirement {
	key?: string;
	operator?: string;
	values?: string[] | null;
}
/** @source k8s.io/api/authorization/v1 FieldSelectorAttributes, LabelSelectorAttributes */
export interface SelectorAttributes {
	rawSelector?: string;
	requirements?: SelectorRequirement[] | null;
}
export interface NonResourceAttributes {
	path?: string;
	verb?: string;
}
export interface SubjectAccessReviewStatus {
	allowed: boolean;
	denied?: boolean;
	reason?: string;
	evaluationError?: string;
}
export interface SelfSubjectAccessReview extends KubeObject {
	spec: { resourceAttributes?: ResourceAttributes; nonResourceAttributes?: NonResourceAttributes };
	status?: SubjectAccessReviewStatus;
}
export interface SubjectAccessReview extends KubeObject {
	spec: {
		resourceAttributes?: ResourceAttributes;
		nonResourceAttributes?: NonResourceAttributes;
		user?: string;
		groups?: string[];
		extra?: Record<string, string[]>;
		uid?: string;
	};
	status?: SubjectAccessReviewStatus;
}
/** Who a request comes from, as authentication established it. @source k8s.io/api/authentication/v1 UserInfo */
export interface UserInfo {
	username: string;
	uid?: string;
	groups: string[];
	extra?: Record<string, string[]>;
}
export interface SelfSubjectReview extends KubeObject {
	status?: { userInfo: UserInfo };
}

/** @source k8s.io/api/core/v1 ObjectReference */
export interface ObjectReference {
	kind?: string;
	namespace?: string;
	name?: string;
	uid?: string;
	apiVersion?: string;
	resourceVersion?: string;
	fieldPath?: string;
}
export interface Event extends KubeObject {
	involvedObject?: ObjectReference;
	reason?: string;
	message?: string;
	source?: { component?: string; host?: string };
	firstTimestamp?: string | null;
	lastTimestamp?: string | null;
	count?: number;
	type?: string;
	eventTime?: string | null;
	series?: { count?: number; lastObservedTime?: string };
	action?: string;
	related?: ObjectReference;
	reportingComponent?: string;
	reportingInstance?: string;
}
/** @source k8s.io/api/authentication/v1 BoundObjectReference */
export interface BoundObjectReference {
	kind?: string;
	apiVersion?: string;
	name?: string;
	uid?: string;
}
export interface TokenRequest extends KubeObject {
	spec: {
		audiences?: string[] | null;
		expirationSeconds?: number | null;
		boundObjectRef?: BoundObjectReference | null;
		attestations?: Record<string, string[]>;
	};
	status?: { token: string; expirationTimestamp: string };
}
export interface TokenReview extends KubeObject {
	spec: { token?: string; audiences?: string[] };
	status?: { authenticated?: boolean; user?: Partial<UserInfo>; audiences?: string[]; error?: string };
}

/** The well-known names that several services use. */
export const wellKnown = {
	kubePublic: 'kube-public',
	kubeSystem: 'kube-system',
	kubeNodeLease: 'kube-node-lease',
	clusterInfo: 'cluster-info',
	signers: {
		client: 'kubernetes.io/kube-apiserver-client',
		clientKubelet: 'kubernetes.io/kube-apiserver-client-kubelet',
		serving: 'kubernetes.io/kubelet-serving',
		legacyUnknown: 'kubernetes.io/legacy-unknown',
	},
	groups: {
		nodes: 'system:nodes',
		masters: 'system:masters',
		authenticated: 'system:authenticated',
		unauthenticated: 'system:unauthenticated',
		bootstrappers: 'system:bootstrappers',
		serviceAccounts: 'system:serviceaccounts',
		defaultNodeToken: 'system:bootstrappers:kubeadm:default-node-token',
	},
	anonymous: 'system:anonymous',
	nodeUserPrefix: 'system:node:',
	serviceAccountUserPrefix: 'system:serviceaccount:',
	bootstrapUserPrefix: 'system:bootstrap:',
	bootstrapSecretType: 'bootstrap.kubernetes.io/token',
	bootstrapSecretPrefix: 'bootstrap-token-',
} as const;
