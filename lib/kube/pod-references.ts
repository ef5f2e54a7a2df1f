/**
 * The names of the objects that a pod refers to.
 *
 * @source pkg/api/v1/pod/util.go VisitPodSecretNames, VisitPodConfigmapNames
 */
import type { Container, NamedReference, Pod, ProjectedSource, Volume } from './pod.ts';

/** The names that are there: a reference may be null, or have no name. */
const filled = (names: readonly (string | null | undefined)[]): string[] =>
	names.flatMap((name) => (typeof name === 'string' && name !== '' ? [name] : []));

const containersOf = ({ spec }: Pick<Pod, 'spec'>): readonly Container[] => [
	...(spec?.initContainers ?? []),
	...(spec?.containers ?? []),
	...(spec?.ephemeralContainers ?? []),
];
const sourcesOf = ({ projected }: Volume): readonly ProjectedSource[] => projected?.sources ?? [];

/** The sources of a volume that name a Secret which the kubelet reads. */
const secretSources = [
	...['azureFile', 'cephfs', 'cinder', 'flexVolume', 'rbd', 'secret', 'scaleIO', 'iscsi', 'storageos', 'csi'],
];
interface SecretSource {
	readonly secretName?: string;
	readonly secretRef?: NamedReference;
	readonly nodePublishSecretRef?: NamedReference;
}
const secretsOf = (source: SecretSource | null | undefined): (string | undefined)[] => [
	source?.secretName,
	source?.secretRef?.name,
	source?.nodePublishSecretRef?.name,
];

const containerSecretNames = ({ env, envFrom }: Container): string[] =>
	filled([
		...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
		...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
	]);

export function secretNamesOf(pod: Pod): string[] {
	const { imagePullSecrets, volumes } = pod.spec ?? {};
	return [
		...filled((imagePullSecrets ?? []).map(({ name }) => name)),
		...containersOf(pod).flatMap(containerSecretNames),
		...filled(
			(volumes ?? []).flatMap((volume) => [
				...sourcesOf(volume).map(({ secret }) => secret?.name),
				...secretSources.flatMap((source) => secretsOf(volume[source] as SecretSource | undefined)),
			]),
		),
	];
}

export const configMapNamesOf = (pod: Pod): string[] =>
	filled([
		...containersOf(pod).flatMap(({ env, envFrom }) => [
			...(envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
			...(env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
		]),
		...(pod.spec?.volumes ?? []).flatMap((volume) => [
			volume.configMap?.name,
			...sourcesOf(volume).map(({ configMap }) => configMap?.name),
		]),
	]);

/** The claim of an ephemeral volume is named after the pod and the volume. */
export const claimNamesOf = ({ metadata, spec }: Pod): string[] =>
	filled(
		(spec?.volumes ?? []).map(({ name = '', persistentVolumeClaim, ephemeral }) =>
			persistentVolumeClaim ? persistentVolumeClaim.claimName : ephemeral ? `${metadata.name}-${name}` : undefined,
		),
	);

/** @source k8s.io/dynamic-resource-allocation/resourceclaim PodClaims */
export function resourceClaimNamesOf({ spec, status }: Pod): string[] {
	const created = status?.resourceClaimStatuses ?? [];
	return filled([
		...(spec?.resourceClaims ?? []).map(
			(claim) => claim.resourceClaimName ?? created.find(({ name }) => name === claim.name)?.resourceClaimName,
		),
		status?.extendedResourceClaimStatus?.resourceClaimName,
	]);
}
