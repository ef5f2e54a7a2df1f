/**
 * The admission plugin NodeRestriction: a node writes only objects that belong to it, and cannot attract the workloads
 * of others. The node authorizer lets a node write Nodes; only this file checks which. It does not restrict other
 * users.
 * @source plugin/pkg/admission/noderestriction/admission.go, kubelet/pkg/apis/well_known_labels.go, release 1.32
 */
import { isDeepStrictEqual } from 'node:util';
import {
	type CertificateSigningRequest,
	type KubeObject,
	type Node,
	type OwnerReference,
	type Taint,
	wellKnown,
} from '../../../lib/kube/types.ts';
import type { ResourceRequest } from './attributes.ts';
import { quoted } from './go-text.ts';
import { nodeNameOf } from './node-identity.ts';

/** A write, before it is stored. */
export interface NodeWrite extends ResourceRequest {
	/** What would be stored; absent for a deletion. */
	readonly object?: KubeObject;
	/** The stored object; undefined for a creation. */
	readonly oldObject?: KubeObject;
	/** The common name in the certificate request that a CertificateSigningRequest holds. */
	readonly csrCommonName?: string;
}
/** Why the write is refused; undefined if it is allowed. */
type Refusal = string | undefined;

/** What upstream says of an object that is not there; so that nothing is admitted unseen. */
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

/** The name that a write is about; a creation has it in the object only. */
const nameOf = ({ name, object }: NodeWrite) => name || (object?.metadata.name ?? '');

function checkNode(node: string, write: NodeWrite): Refusal {
	const name = nameOf(write);
	if (name !== node) return `node ${quoted(node)} is not allowed to modify node ${quoted(name)}`;
	if (write.verb === 'delete') return undefined;
	if (write.object === undefined) return noObject;
	if (write.verb === 'create') return checkNodeCreate(node, write.object);
	return write.oldObject === undefined ? noObject : checkNodeUpdate(node, write.oldObject, write.object);
}

function checkLease(node: string, write: NodeWrite): Refusal {
	if (write.namespace !== wellKnown.kubeNodeLease)
		return `can only access leases in the ${quoted(wellKnown.kubeNodeLease)} system namespace`;
	const name = write.verb === 'create' ? (write.object?.metadata.name ?? '') : write.name;
	return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

const isCsr = (object: KubeObject | undefined): object is CertificateSigningRequest =>
	object !== undefined && 'spec' in object;

function checkCsr(node: string, write: NodeWrite): Refusal {
	if (write.verb !== 'create') return undefined;
	if (!isCsr(write.object)) return noObject;
	const { signerName } = write.object.spec;
	if (signerName !== wellKnown.signers.serving && signerName !== wellKnown.signers.clientKubelet) return undefined;
	const wanted = `${wellKnown.nodeUserPrefix}${node}`;
	return write.csrCommonName === wanted ? undefined : `can only create a node CSR with CN=${wanted}`;
}

const checks: ReadonlyMap<string, (node: string, write: NodeWrite) => Refusal> = new Map([
	['/nodes', checkNode],
	['coordination.k8s.io/leases', checkLease],
	['certificates.k8s.io/certificatesigningrequests', checkCsr],
]);

/**
 * Why a write by a node is refused, in upstream's words; undefined if it is allowed, and for users that are not nodes.
 * For create, update, patch and delete, with the object as it would be stored.
 *
 * @differs pods, claims, service-account tokens, CSINodes and ResourceSlices are not restricted, because the simulator
 *   stores none
 */
export function checkNodeRestriction(write: NodeWrite): string | undefined {
	const node = nodeNameOf(write.user);
	if (node === undefined) return undefined;
	if (node === '') return `could not determine node from user ${quoted(write.user.username)}`;
	return checks.get(`${write.apiGroup}/${write.resource}`)?.(node, write);
}
