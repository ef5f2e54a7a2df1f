/**
 * The objects that each node needs for the pods that are bound to it: a node may read these and no others.
 * @source plugin/pkg/auth/authorizer/node/{graph,graph_populator}.go, pkg/api/v1/pod/util.go, release 1.37
 * @differs there are no persistent volumes, volume attachments, resource slices and pod certificate requests, so no
 *   node is related to one
 */
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { NodeGraph, RelatedResource } from './node.ts';

interface Reference {
	readonly name?: string;
}
interface ContainerParts {
	readonly env?: readonly {
		readonly valueFrom?: { readonly secretKeyRef?: Reference; readonly configMapKeyRef?: Reference };
	}[];
	readonly envFrom?: readonly { readonly secretRef?: Reference; readonly configMapRef?: Reference }[];
}
interface ProjectedSource {
	readonly secret?: Reference;
	readonly configMap?: Reference;
}
interface SecretVolume {
	readonly secretName?: string;
	readonly secretRef?: Reference;
	readonly nodePublishSecretRef?: Reference;
}
interface VolumeParts {
	readonly name?: string;
	readonly configMap?: Reference;
	readonly projected?: { readonly sources?: readonly ProjectedSource[] };
	readonly persistentVolumeClaim?: { readonly claimName?: string };
	readonly ephemeral?: object;
	/** The other sources; some name a Secret. */
	readonly [source: string]: unknown;
}
/** The fields of a Pod that name other objects. They are read from the store, so each may be null. */
interface PodParts extends KubeObject {
	readonly spec?: {
		readonly nodeName?: string;
		readonly serviceAccountName?: string;
		readonly imagePullSecrets?: readonly Reference[];
		readonly containers?: readonly ContainerParts[];
		readonly initContainers?: readonly ContainerParts[];
		readonly ephemeralContainers?: readonly ContainerParts[];
		readonly volumes?: readonly VolumeParts[];
		readonly resourceClaims?: readonly { readonly name?: string; readonly resourceClaimName?: string }[];
	};
	readonly status?: {
		readonly resourceClaimStatuses?: readonly { readonly name?: string; readonly resourceClaimName?: string }[];
		readonly extendedResourceClaimStatus?: { readonly resourceClaimName?: string };
	};
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';
/** The sources of a volume that name a Secret which the kubelet reads. @source VisitPodSecretNames */
const secretSources = [
	...['azureFile', 'cephfs', 'cinder', 'flexVolume', 'rbd', 'secret', 'scaleIO', 'iscsi', 'storageos', 'csi'],
];

export class PodGraph implements NodeGraph {
	readonly #pods = new Map<string, { readonly node: string; readonly related: readonly string[] }>();
	/** How many pods of each node need an object. */
	readonly #nodesOf = new Map<string, Map<string, number>>();

	related(node: string, resource: RelatedResource, namespace: string, name: string): boolean {
		return this.#nodesOf.get(keyOf(resource, namespace, name))?.has(node) ?? false;
	}

	set(key: string, pod: KubeObject): void {
		this.delete(key);
		const node = (pod as PodParts).spec?.nodeName ?? '';
		if (node === '') return;
		const related = [...new Set(relatedTo(pod as PodParts))];
		this.#pods.set(key, { node, related });
		for (const object of related) {
			const nodes = this.#nodesOf.get(object) ?? new Map<string, number>();
			this.#nodesOf.set(object, nodes.set(node, (nodes.get(node) ?? 0) + 1));
		}
	}

	delete(key: string): void {
		const { node = '', related = [] } = this.#pods.get(key) ?? {};
		this.#pods.delete(key);
		for (const object of related) {
			const nodes = this.#nodesOf.get(object);
			const count = (nodes?.get(node) ?? 1) - 1;
			if (count > 0) nodes?.set(node, count);
			else nodes?.delete(node);
			if (nodes?.size === 0) this.#nodesOf.delete(object);
		}
	}

	clear(): void {
		this.#pods.clear();
		this.#nodesOf.clear();
	}
}

/** No name of Kubernetes contains a space. */
const keyOf = (resource: RelatedResource, namespace: string, name: string) => `${resource} ${namespace} ${name}`;

function relatedTo(pod: PodParts): string[] {
	const { namespace = '', name = '', annotations } = pod.metadata;
	const own = keyOf('pods', namespace, name);
	// A node creates its mirror pods itself, so they must not relate it to anything.
	if (annotations !== undefined && Object.hasOwn(annotations, mirrorAnnotation)) return [own];
	const all: [RelatedResource, readonly (string | undefined)[]][] = [
		['serviceaccounts', [pod.spec?.serviceAccountName]],
		['secrets', secretNames(pod)],
		['configmaps', configMapNames(pod)],
		['persistentvolumeclaims', claimNames(pod)],
		['resourceclaims', resourceClaimNames(pod)],
	];
	return [own, ...all.flatMap(([resource, names]) => filled(names).map((one) => keyOf(resource, namespace, one)))];
}

const filled = (names: readonly (string | undefined)[]): string[] =>
	names.flatMap((name) => (typeof name === 'string' && name !== '' ? [name] : []));

const containersOf = ({ spec }: PodParts): readonly ContainerParts[] => [
	...(spec?.initContainers ?? []),
	...(spec?.containers ?? []),
	...(spec?.ephemeralContainers ?? []),
];
const sourcesOf = ({ projected }: VolumeParts): readonly ProjectedSource[] => projected?.sources ?? [];

function secretNames(pod: PodParts): (string | undefined)[] {
	const { imagePullSecrets, volumes } = pod.spec ?? {};
	return [
		...(imagePullSecrets ?? []).map(({ name }) => name),
		...containersOf(pod).flatMap(({ env, envFrom }) => [
			...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
			...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
		]),
		...(volumes ?? []).flatMap((volume) => [
			...sourcesOf(volume).map(({ secret }) => secret?.name),
			...secretSources.flatMap((source) => secretsOf(volume[source] as SecretVolume | undefined)),
		]),
	];
}
const secretsOf = (source: SecretVolume | null | undefined): (string | undefined)[] => [
	source?.secretName,
	source?.secretRef?.name,
	source?.nodePublishSecretRef?.name,
];

const configMapNames = (pod: PodParts): (string | undefined)[] => [
	...containersOf(pod).flatMap(({ env, envFrom }) => [
		...(envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
		...(env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
	]),
	...(pod.spec?.volumes ?? []).flatMap((volume) => [
		volume.configMap?.name,
		...sourcesOf(volume).map(({ configMap }) => configMap?.name),
	]),
];

/** The claim of an ephemeral volume is named after the pod and the volume. */
const claimNames = ({ metadata, spec }: PodParts): (string | undefined)[] =>
	(spec?.volumes ?? []).map(({ name = '', persistentVolumeClaim, ephemeral }) =>
		persistentVolumeClaim ? persistentVolumeClaim.claimName : ephemeral ? `${metadata.name}-${name}` : undefined,
	);

/** @source k8s.io/dynamic-resource-allocation/resourceclaim PodClaims */
function resourceClaimNames({ spec, status }: PodParts): (string | undefined)[] {
	const created = status?.resourceClaimStatuses ?? [];
	return [
		...(spec?.resourceClaims ?? []).map(
			(claim) => claim.resourceClaimName ?? created.find(({ name }) => name === claim.name)?.resourceClaimName,
		),
		status?.extendedResourceClaimStatus?.resourceClaimName,
	];
}
