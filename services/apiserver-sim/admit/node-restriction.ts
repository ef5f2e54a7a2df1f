/**
 * The admission plug-in NodeRestriction: a node writes only objects that belong to it, and cannot attract the workloads
 * of others. The node authorizer lets a node write Nodes and pods; only this plug-in checks which. It does not restrict
 * other users.
 *
 * @source plugin/pkg/admission/noderestriction/admission.go, kubelet/pkg/apis/well_known_labels.go
 */
import { isDeepStrictEqual } from 'node:util';
import { resources } from '../../../lib/kube/resources.ts';
import {
	type CertificateSigningRequest,
	type KubeObject,
	type Node,
	type OwnerReference,
	type Taint,
	wellKnown,
} from '../../../lib/kube/types.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { quoted } from '../authorize/go-text.ts';
import { nodeNameOf } from '../authorize/node-identity.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { checkNodeToken, checkPod } from './node-restriction-pods.ts';

/** Why the write is refused; undefined if it is allowed. */
type Refusal = string | undefined;

/** Upstream's text for an absent object: no write is admitted unseen. */
const noObject = 'unexpected type <nil>';

type NodeWithConfigSource = Node & { spec?: { configSource?: unknown } };

const restricted = 'node-restriction.kubernetes.io';
const kubeletNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const kubeletLabels: ReadonlySet<string> = new Set([
	'kubernetes.io/hostname',
	'topology.kubernetes.io/zone',
	'topology.kubernetes.io/region',
	'failure-domain.beta.kubernetes.io/zone',
	'failure-domain.beta.kubernetes.io/region',
	'beta.kubernetes.io/instance-type',
	'node.kubernetes.io/instance-type',
	'kubernetes.io/os',
	'kubernetes.io/arch',
	'beta.kubernetes.io/os',
	'beta.kubernetes.io/arch',
]);

const isWithin = (namespace: string, domain: string) => namespace === domain || namespace.endsWith(`.${domain}`);

/** Whether a node may not set, change or remove a label of its own Node. */
export function isForbiddenLabel(key: string): boolean {
	const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
	if (isWithin(namespace, restricted)) return true;
	if (!isWithin(namespace, 'kubernetes.io') && !isWithin(namespace, 'k8s.io')) return false;
	return !kubeletLabels.has(key) && !kubeletNamespaces.some((allowed) => isWithin(namespace, allowed));
}

/** Forbidden labels that two versions of a Node differ in, sorted. */
function forbiddenChanges(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
	const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
	const isSame = (key: string) => Object.hasOwn(before, key) && Object.hasOwn(after, key) && before[key] === after[key];
	return [...keys].filter((key) => !isSame(key) && isForbiddenLabel(key)).toSorted();
}

/** A list that is null in JSON is an empty one. */
const sameTaints = (a: readonly Taint[] | null | undefined, b: readonly Taint[] | null | undefined) => {
	const fields = (t: Taint) => [t.key, t.value ?? '', t.effect, t.timeAdded ?? ''];
	return isDeepStrictEqual(a?.map(fields) ?? [], b?.map(fields) ?? []);
};
const sameOwners = (
	a: readonly OwnerReference[] | null | undefined,
	b: readonly OwnerReference[] | null | undefined,
) => {
	const fields = (o: OwnerReference) => [o.apiVersion, o.kind, o.name, o.uid, o.controller, o.blockOwnerDeletion];
	return isDeepStrictEqual(a?.map(fields) ?? [], b?.map(fields) ?? []);
};

function checkNodeCreate(node: string, created: NodeWithConfigSource): Refusal {
	if ((created.spec?.configSource ?? null) !== null)
		return `node ${quoted(node)} is not allowed to create pods with a non-nil configSource`;
	const labels = forbiddenChanges({}, created.metadata.labels ?? {});
	return labels.length === 0
		? undefined
		: `node ${quoted(node)} is not allowed to set the following labels: ${labels.join(', ')}`;
}

function checkNodeUpdate(node: string, before: NodeWithConfigSource, after: NodeWithConfigSource): Refusal {
	const configSource = after.spec?.configSource ?? null;
	if (configSource !== null && !isDeepStrictEqual(configSource, before.spec?.configSource)) {
		return `node ${quoted(node)} is not allowed to update configSource to a new non-nil configSource`;
	}
	if (!sameTaints(before.spec?.taints, after.spec?.taints))
		return `node ${quoted(node)} is not allowed to modify taints`;
	if (!sameOwners(before.metadata.ownerReferences, after.metadata.ownerReferences))
		return `node ${quoted(node)} is not allowed to modify ownerReferences`;
	const labels = forbiddenChanges(before.metadata.labels ?? {}, after.metadata.labels ?? {});
	return labels.length === 0 ? undefined : `is not allowed to modify labels: ${labels.join(', ')}`;
}

function checkNode(node: string, { operation, name, object, previous }: AdmissionAttributes): Refusal {
	if (name !== node) return `node ${quoted(node)} is not allowed to modify node ${quoted(name)}`;
	if (operation === 'DELETE') return undefined;
	if (object === undefined) return noObject;
	if (operation === 'CREATE') return checkNodeCreate(node, object);
	return previous === undefined ? noObject : checkNodeUpdate(node, previous, object);
}

function checkLease(node: string, { namespace, name }: AdmissionAttributes): Refusal {
	if (namespace !== wellKnown.kubeNodeLease)
		return `can only access leases in the ${quoted(wellKnown.kubeNodeLease)} system namespace`;
	return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

type WithSpec = KubeObject & { readonly spec?: unknown };

function checkCsiNode(node: string, { name, subresource, object, previous }: AdmissionAttributes): Refusal {
	if (name !== node) return 'can only access CSINode with the same name as the requesting node';
	if (subresource !== 'status') return undefined;
	if (object === undefined || previous === undefined) return noObject;
	return isDeepStrictEqual((object as WithSpec).spec, (previous as WithSpec).spec)
		? undefined
		: `node ${quoted(node)} is not allowed to modify CSINode spec via status`;
}

const isCsr = (object: KubeObject | undefined): object is CertificateSigningRequest =>
	object !== undefined && 'spec' in object;

function checkCsr(node: string, { operation, object }: AdmissionAttributes, readCsr: ReadCsr): Refusal {
	if (operation !== 'CREATE') return undefined;
	if (!isCsr(object)) return noObject;
	const { signerName } = object.spec;
	if (signerName !== wellKnown.signers.serving && signerName !== wellKnown.signers.clientKubelet) return undefined;
	const read = readCertificateRequest(object, readCsr);
	if ('problem' in read) return `unable to parse csr: ${read.problem}`;
	const wanted = `${wellKnown.nodeUserPrefix}${node}`;
	return read.csr.subject.commonName === wanted ? undefined : `can only create a node CSR with CN=${wanted}`;
}

/**
 * @param objects     the stored pods, nodes and CSIDrivers
 * @param authorizer  decides about audiences that no volume of the pod names
 */
export const nodeRestriction = (objects: ObjectReader, authorizer: Authorizer, readCsr: ReadCsr): AdmissionPlugin => ({
	name: 'NodeRestriction',
	mutate: when(
		({ user }) => nodeNameOf(user) !== undefined,
		(attributes) => {
			const { user } = attributes;
			const node = nodeNameOf(user);
			if (node === undefined) return undefined;
			if (node === '') throw notAdmitted(attributes, `could not determine node from user ${quoted(user.username)}`);
			const refuse = (refusal: Refusal): undefined => {
				if (refusal !== undefined) throw notAdmitted(attributes, refusal);
			};
			const refusal = refusalOf(node, attributes, { objects, authorizer, readCsr });
			return refusal instanceof Promise ? refusal.then(refuse) : refuse(refusal);
		},
	),
});

interface Readers {
	readonly objects: ObjectReader;
	readonly authorizer: Authorizer;
	readonly readCsr: ReadCsr;
}

/** @throws API_NOT_FOUND  a pod or node that the write depends on */
function refusalOf(
	node: string,
	attributes: AdmissionAttributes,
	{ objects, authorizer, readCsr }: Readers,
): Promise<Refusal> | Refusal {
	if (isOf(attributes, resources.nodes)) return checkNode(node, attributes);
	if (isOf(attributes, resources.leases)) return checkLease(node, attributes);
	if (isOf(attributes, resources.csiNodes)) return checkCsiNode(node, attributes);
	if (isOf(attributes, resources.certificateSigningRequests)) return checkCsr(node, attributes, readCsr);
	if (isOf(attributes, resources.pods)) return checkPod(node, attributes, objects);
	if (isOf(attributes, resources.serviceAccounts)) return checkNodeToken(node, attributes, objects, authorizer);
	return undefined;
}
