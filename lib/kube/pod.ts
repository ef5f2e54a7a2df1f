/** The parts of a Pod that kubejoin reads. An object of the store may have null for any of them. */
import type { ResourceList } from './resource-list.ts';
import type { KubeObject } from './types.ts';

export interface ResourceRequirements {
	readonly limits?: ResourceList;
	readonly requests?: ResourceList;
}
export interface NamedReference {
	readonly name?: string;
}
interface FieldReference {
	readonly apiVersion?: string;
	readonly fieldPath?: string;
}
interface EnvironmentVariable {
	readonly name?: string;
	readonly valueFrom?: {
		readonly secretKeyRef?: NamedReference;
		readonly configMapKeyRef?: NamedReference;
		readonly fieldRef?: FieldReference;
	};
}
export interface VolumeMount {
	readonly name?: string;
	readonly mountPath?: string;
	readonly readOnly?: boolean;
}
export interface Container {
	readonly name?: string;
	readonly image?: string;
	readonly ports?: readonly { readonly containerPort?: number; readonly protocol?: string }[];
	readonly env?: readonly EnvironmentVariable[];
	readonly envFrom?: readonly { readonly secretRef?: NamedReference; readonly configMapRef?: NamedReference }[];
	readonly volumeMounts?: readonly VolumeMount[];
	readonly resources?: ResourceRequirements;
	/** Of an init container: `Always` for one that keeps running beside the others. */
	readonly restartPolicy?: string;
	readonly [field: string]: unknown;
}
export interface ProjectedSource {
	readonly secret?: NamedReference;
	readonly configMap?: NamedReference & { readonly items?: readonly object[] };
	readonly serviceAccountToken?: {
		readonly audience?: string;
		readonly expirationSeconds?: number;
		readonly path?: string;
	};
	readonly downwardAPI?: {
		readonly items?: readonly { readonly path?: string; readonly fieldRef?: FieldReference }[];
	};
	readonly [source: string]: unknown;
}
export interface Volume {
	readonly name?: string;
	readonly secret?: { readonly secretName?: string };
	readonly configMap?: NamedReference;
	readonly projected?: { readonly sources?: readonly ProjectedSource[]; readonly defaultMode?: number };
	readonly persistentVolumeClaim?: { readonly claimName?: string };
	readonly ephemeral?: object;
	readonly csi?: { readonly driver?: string };
	readonly [source: string]: unknown;
}
export interface Toleration {
	readonly key?: string;
	readonly operator?: string;
	readonly value?: string;
	readonly effect?: string;
	readonly tolerationSeconds?: number;
}
interface PodAffinity {
	readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
	readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly podAffinityTerm?: PodAffinityTerm }[];
}
export interface PodAffinityTerm {
	readonly namespaces?: readonly string[];
	readonly namespaceSelector?: object;
}
export interface PodSpec {
	readonly containers?: readonly Container[];
	readonly initContainers?: readonly Container[];
	readonly ephemeralContainers?: readonly Container[];
	readonly volumes?: readonly Volume[];
	readonly nodeName?: string;
	readonly nodeSelector?: Readonly<Record<string, string>>;
	readonly serviceAccountName?: string;
	/** The former name of serviceAccountName. */
	readonly serviceAccount?: string;
	readonly automountServiceAccountToken?: boolean;
	readonly imagePullSecrets?: readonly NamedReference[];
	readonly restartPolicy?: string;
	readonly schedulerName?: string;
	readonly terminationGracePeriodSeconds?: number;
	readonly activeDeadlineSeconds?: number;
	readonly priorityClassName?: string;
	readonly priority?: number;
	readonly preemptionPolicy?: string;
	readonly runtimeClassName?: string;
	readonly overhead?: ResourceList;
	/** For all containers together. */
	readonly resources?: ResourceRequirements;
	readonly tolerations?: readonly Toleration[];
	readonly affinity?: { readonly podAffinity?: PodAffinity; readonly podAntiAffinity?: PodAffinity };
	readonly hostNetwork?: boolean;
	readonly schedulingGates?: readonly { readonly name?: string }[];
	readonly readinessGates?: readonly { readonly conditionType: string }[];
	readonly resourceClaims?: readonly { readonly name?: string; readonly resourceClaimName?: string }[];
	readonly [field: string]: unknown;
}

export interface TerminatedState {
	readonly exitCode?: number;
	readonly signal?: number;
	readonly reason?: string;
	readonly finishedAt?: string;
}
export interface ContainerState {
	readonly waiting?: { readonly reason?: string };
	readonly running?: object;
	readonly terminated?: TerminatedState;
}
export interface ContainerStatus {
	readonly name: string;
	readonly ready?: boolean;
	readonly started?: boolean;
	readonly restartCount?: number;
	readonly state?: ContainerState;
	readonly lastState?: ContainerState;
	readonly resources?: ResourceRequirements;
	readonly allocatedResources?: ResourceList;
}
export interface PodCondition {
	readonly type: string;
	readonly status?: string;
	readonly reason?: string;
	readonly lastTransitionTime?: string;
}
export interface PodStatus {
	readonly phase?: string;
	readonly reason?: string;
	readonly conditions?: readonly PodCondition[];
	readonly initContainerStatuses?: readonly ContainerStatus[];
	readonly containerStatuses?: readonly ContainerStatus[];
	readonly podIPs?: readonly { readonly ip?: string }[];
	readonly nominatedNodeName?: string;
	readonly resourceClaimStatuses?: readonly { readonly name?: string; readonly resourceClaimName?: string }[];
	readonly extendedResourceClaimStatus?: { readonly resourceClaimName?: string };
	readonly [field: string]: unknown;
}
export interface Pod extends KubeObject {
	readonly spec?: PodSpec;
	readonly status?: PodStatus;
}

export interface PodTemplate extends KubeObject {
	readonly template?: {
		readonly metadata?: Pick<KubeObject['metadata'], 'labels' | 'annotations'>;
		readonly spec?: PodSpec;
	};
}

/** Its value identifies a static pod, which a kubelet reads from a file and mirrors to the API. */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
export const isMirrorPod = ({ metadata }: KubeObject): boolean =>
	Object.hasOwn(metadata.annotations ?? {}, MIRROR_ANNOTATION);

/** Init containers that keep running beside the others. */
export const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';
