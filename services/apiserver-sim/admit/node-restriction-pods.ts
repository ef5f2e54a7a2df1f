/**
 * NodeRestriction of pods and of the tokens that kubelets request for them: a node creates only mirror pods of its own,
 * and writes, evicts and deletes only pods that are bound to it.
 *
 * @source plugin/pkg/admission/noderestriction/admission.go, pkg/api/pod/util.go HasAPIObjectReference
 * @differs the audiences of CSI drivers behind PersistentVolumeClaims do not count, because claims are not served
 */
import { isDeepStrictEqual } from 'node:util';
import { KubejoinError } from '../../../lib/errors.ts';
import { isMirrorPod, MIRROR_ANNOTATION, type Pod, type Volume } from '../../../lib/kube/pod.ts';
import { configMapNamesOf, secretNamesOf } from '../../../lib/kube/pod-references.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { quoted } from '../authorize/go-text.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import type { AdmissionAttributes } from './admission.ts';

type Refusal = string | undefined;

interface TokenSource {
	readonly audience?: string;
}

/** @throws API_NOT_FOUND */
export async function checkPod(node: string, attributes: AdmissionAttributes, objects: ObjectReader): Promise<Refusal> {
	const { subresource, operation } = attributes;
	const previous = attributes.previous as Pod | undefined;
	if (subresource === 'status') {
		if (operation !== 'UPDATE') return `unexpected operation ${quoted(operation)}`;
		return checkPodStatus(node, previous, attributes.object as Pod | undefined);
	}
	if (subresource === 'eviction') return checkEviction(node, attributes, objects);
	if (subresource !== '')
		return `unexpected pod subresource ${quoted(subresource)}, only 'status' and 'eviction' are allowed`;
	if (operation === 'CREATE') return checkPodCreate(node, attributes.object as Pod, objects);
	if (operation === 'DELETE')
		return previous?.spec?.nodeName === node
			? undefined
			: `node ${quoted(node)} can only delete pods with spec.nodeName set to itself`;
	return `unexpected operation ${quoted(operation)}, node ${quoted(node)} can only create and delete mirror pods`;
}

function checkPodStatus(node: string, previous: Pod | undefined, next: Pod | undefined): Refusal {
	if (previous === undefined || next === undefined) return 'unexpected type <nil>';
	const by = `node ${quoted(node)}`;
	if (previous.spec?.nodeName !== node)
		return `${by} can only update pod status for pods with spec.nodeName set to itself`;
	if (!isDeepStrictEqual(previous.metadata.labels ?? {}, next.metadata.labels ?? {}))
		return `${by} cannot update labels through pod status`;
	const isSame = (field: string) => isDeepStrictEqual(previous.status?.[field] ?? [], next.status?.[field] ?? []);
	if (!isSame('resourceClaimStatuses')) return `${by} cannot update resource claim statues`;
	if (!isSame('extendedResourceClaimStatus')) return `${by} cannot update extended resource claim status`;
	if (!isSame('nodeAllocatableResourceClaimStatuses'))
		return `${by} cannot update node allocatable resource claim statuses`;
	return undefined;
}

async function checkEviction(
	node: string,
	{ operation, namespace, name }: AdmissionAttributes,
	objects: ObjectReader,
): Promise<Refusal> {
	if (operation !== 'CREATE') return `unexpected operation ${operation}`;
	if (name === '') return 'could not determine pod from request data';
	const pod = await stored<Pod>(objects, resources.pods, namespace, name);
	return pod.spec?.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
}

async function checkPodCreate(node: string, pod: Pod, objects: ObjectReader): Promise<Refusal> {
	const by = `node ${quoted(node)}`;
	if (!isMirrorPod(pod))
		return `pod does not have ${quoted(MIRROR_ANNOTATION)} annotation, ${by} can only create mirror pods`;
	if (pod.spec?.nodeName !== node) return `${by} can only create pods with spec.nodeName set to itself`;
	const [owner, ...others] = pod.metadata.ownerReferences ?? [];
	if (others.length > 0) return `${by} can only create pods with a single owner reference set to itself`;
	if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
		return `${by} can only create pods with an owner reference set to itself`;
	if (owner.controller !== true) return `${by} can only create pods with a controller owner reference set to itself`;
	if (owner.blockOwnerDeletion === true) return `${by} must not set blockOwnerDeletion on an owner reference`;
	const { uid = '' } = (await stored(objects, resources.nodes, '', node)).metadata;
	if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
	const reference = apiReference(pod);
	if (reference === undefined) return undefined;
	return 'problem' in reference
		? `error checking mirror pod for API references: ${reference.problem}`
		: `${by} can not create pods that reference ${reference.to}`;
}

/** @throws API_NOT_FOUND */
async function stored<T extends KubeObject>(
	objects: ObjectReader,
	resource: ApiResource,
	namespace: string,
	name: string,
): Promise<T> {
	const found = await objects.get<T>(resource, namespace, name);
	if (found !== undefined) return found;
	throw new KubejoinError('API_NOT_FOUND', { resource: resource.resource, group: resource.group, name });
}

type Reference = { readonly to: string } | { readonly problem: string };

/** Volumes that need no object of the API. */
const localVolumes: ReadonlySet<string> = new Set(
	(
		'awsElasticBlockStore azureDisk cephfs cinder downwardAPI emptyDir fc flexVolume flocker gcePersistentDisk ' +
		'gitRepo hostPath image iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume'
	).split(' '),
);
const volumeReferences: Readonly<Record<string, string>> = {
	configMap: 'configmaps (via configmap volumes)',
	secret: 'secrets (via secret volumes)',
	csi: 'csidrivers (via CSI volumes)',
	glusterfs: 'endpoints (via glusterFS volumes)',
	persistentVolumeClaim: 'persistentvolumeclaims',
	ephemeral: 'persistentvolumeclaims (via ephemeral volumes)',
	azureFile: 'secrets (via azureFile volumes)',
};
const sourceReferences: Readonly<Record<string, string>> = {
	configMap: 'configmaps (via projected volumes)',
	secret: 'secrets (via projected volumes)',
	serviceAccountToken: 'serviceaccounts (via projected volumes)',
	clusterTrustBundle: 'clustertrustbundles',
	podCertificate: 'podcertificates',
};
function apiReference(pod: Pod): Reference | undefined {
	const { spec = {} } = pod;
	if (spec.serviceAccountName) return { to: 'serviceaccounts' };
	if (secretNamesOf(pod).length > 0) return { to: 'secrets' };
	if (configMapNamesOf(pod).length > 0) return { to: 'configmaps' };
	if ((spec.resourceClaims ?? []).length > 0) return { to: 'resourceclaims' };
	for (const volume of spec.volumes ?? []) {
		const reference = volumeReference(volume);
		if (reference !== undefined) return reference;
	}
	return undefined;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

function volumeReference(volume: Volume): Reference | undefined {
	const { name = '', ...sources } = volume;
	const kind = Object.keys(sources).find((key) => isSet(sources[key])) ?? '';
	if (localVolumes.has(kind)) return undefined;
	const to = volumeReferences[kind];
	if (to !== undefined) return { to };
	if (kind !== 'projected') return { problem: `unknown volume type for volume  ${quoted(name)}` };
	for (const source of volume.projected?.sources ?? []) {
		const sourceKind = Object.keys(source).find((key) => isSet(source[key])) ?? '';
		if (sourceKind === 'downwardAPI') continue;
		const referenced = sourceReferences[sourceKind];
		if (referenced === undefined) return { problem: `unknown source for projected volume ${quoted(name)}` };
		return { to: referenced };
	}
	return undefined;
}

interface TokenRequest extends KubeObject {
	readonly spec?: {
		readonly audiences?: readonly string[];
		readonly boundObjectRef?: {
			readonly apiVersion?: string;
			readonly kind?: string;
			readonly name?: string;
			readonly uid?: string;
		};
	};
}
interface CsiDriver extends KubeObject {
	readonly spec?: { readonly tokenRequests?: readonly TokenSource[] };
}

/** A kubelet requests tokens only for pods that are bound to it. @throws API_NOT_FOUND */
export async function checkNodeToken(
	node: string,
	attributes: AdmissionAttributes,
	objects: ObjectReader,
	authorizer: Authorizer,
): Promise<Refusal> {
	const { operation, subresource, namespace } = attributes;
	if (operation !== 'CREATE' || subresource !== 'token') return undefined;
	const { boundObjectRef: bound, audiences = [] } = (attributes.object as TokenRequest).spec ?? {};
	if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name)
		return 'node requested token not bound to a pod';
	if (!bound.uid) return 'node requested token with a pod binding without a uid';
	const pod = await stored<Pod>(objects, resources.pods, namespace, bound.name);
	if (bound.uid !== pod.metadata.uid)
		return (
			`the UID in the bound object reference (${bound.uid}) does not match the UID in record. ` +
			'The object might have been deleted and then recreated'
		);
	if (pod.spec?.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node';
	if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
	const [audience = ''] = audiences;
	if (await podNamesAudience(pod, audience, objects)) return undefined;
	return authorizeAudience(attributes, audience, authorizer);
}

async function podNamesAudience(pod: Pod, audience: string, objects: ObjectReader): Promise<boolean> {
	const names = ({ audience: named = '' }: TokenSource) => named === audience;
	for (const { projected, csi } of pod.spec?.volumes ?? []) {
		const tokens = (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) => token ?? []);
		if (tokens.some(names)) return true;
		const driver = csi?.driver ? await objects.get<CsiDriver>(resources.csiDrivers, '', csi.driver) : undefined;
		if (driver?.spec?.tokenRequests?.some(names)) return true;
	}
	return false;
}

function authorizeAudience(
	{ user, resource, namespace, name }: AdmissionAttributes,
	audience: string,
	authorizer: Authorizer,
): Refusal {
	const { decision, error } = authorizer.authorize({
		resourceRequest: true,
		user,
		verb: 'request-serviceaccounts-token-audience',
		apiGroup: resource.group,
		apiVersion: resource.version,
		resource: audience,
		subresource: '',
		namespace,
		name,
	});
	if (decision === 'Allow') return undefined;
	return error === undefined
		? `${user.username} is not authorized to request tokens for audience ${quoted(audience)}`
		: `error authorizing ${user.username} to request tokens for audience ${quoted(audience)}: ${error}`;
}
