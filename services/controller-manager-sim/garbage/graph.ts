/**
 * The graph of owners and dependents. An owner that no watch has reported is in the graph as an unconfirmed node, under
 * the identity by which a dependent names it. Pure, apart from its callbacks.
 *
 * @source pkg/controller/garbagecollector/graph_builder.go
 */
import { LRUCache } from 'lru-cache';
import type { ObjectMeta, OwnerReference } from '../../../lib/kube/types.ts';

export interface Identity {
	readonly apiVersion: string;
	readonly kind: string;
	readonly name: string;
	readonly uid: string;
	/** Empty for an object of the cluster. */
	readonly namespace: string;
}

/** The policy by which an object is being deleted, as its finalizers state it. */
export type Waiting = 'Orphan' | 'Foreground' | undefined;
type Metadata = Pick<ObjectMeta, 'ownerReferences' | 'finalizers' | 'deletionTimestamp'>;

export interface GraphNode {
	readonly identity: Identity;
	readonly owners: readonly OwnerReference[];
	/** Objects that name this one as an owner. */
	readonly dependents: ReadonlySet<GraphNode>;
	/** A watch has reported the object. */
	readonly isConfirmed: boolean;
	readonly isBeingDeleted: boolean;
	readonly waiting: Waiting;
}

class Node implements GraphNode {
	identity: Identity;
	owners: readonly OwnerReference[] = [];
	dependents = new Set<Node>();
	isConfirmed: boolean;
	isBeingDeleted = false;
	waiting: Waiting;

	constructor(identity: Identity, isConfirmed: boolean) {
		this.identity = identity;
		this.isConfirmed = isConfirmed;
	}
}

export interface GraphCallbacks {
	/** The object may have to be deleted. */
	readonly attemptToDelete: (uid: string) => void;
	/** The dependents of the object lose it as an owner. */
	readonly attemptToOrphan: (uid: string) => void;
	/** The dependent names an owner in another namespace. */
	readonly onInvalidNamespace: (dependent: Identity, owner: OwnerReference) => void;
}

/** @source pkg/controller/garbagecollector NewGarbageCollector */
const MAX_ABSENT_OWNERS = 500;
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export class DependencyGraph {
	readonly #nodes = new Map<string, Node>();
	readonly #absent = new LRUCache<string, true>({ max: MAX_ABSENT_OWNERS });
	readonly #callbacks: GraphCallbacks;

	constructor(callbacks: GraphCallbacks) {
		this.#callbacks = callbacks;
	}

	get size(): number {
		return this.#nodes.size;
	}
	get(uid: string): GraphNode | undefined {
		return this.#nodes.get(uid);
	}
	/** Whether the API server has confirmed that there is no such object. */
	isAbsent(identity: Identity): boolean {
		return this.#absent.has(absentKey(identity));
	}
	addAbsent(identity: Identity): void {
		this.#absent.set(absentKey(identity), true);
	}

	/** A watch reports that the object is new or has changed. */
	observe(identity: Identity, metadata: Metadata): void {
		const found = this.#nodes.get(identity.uid);
		const owners = metadata.ownerReferences ?? [];
		const node = found ?? new Node(identity, true);
		if (found === undefined) {
			this.#nodes.set(identity.uid, node);
			node.owners = owners;
			this.#link(node, owners);
		} else {
			if (!found.isConfirmed) this.#confirm(found, identity);
			this.#changeOwners(node, owners);
		}
		this.#follow(node, metadata);
	}

	/** A watch reports that the object is deleted. */
	forget(uid: string): void {
		const node = this.#nodes.get(uid);
		if (node !== undefined) this.#remove(node, node.identity);
	}

	/** The API server answers that there is no object with this identity. */
	forgetAbsent(identity: Identity): void {
		const node = this.#nodes.get(identity.uid);
		if (node === undefined) return;
		const [matching, others] = partition(node.dependents, identity);
		const isSame = sameIdentity(node.identity, identity);
		const mustStay = node.isConfirmed ? !isSame : others.length > 0;
		if (!mustStay) {
			this.#remove(node, identity);
			return;
		}
		if (matching.length > 0) this.addAbsent(identity);
		for (const dependent of matching) this.#delete(dependent);
		if (node.isConfirmed || !isSame) return;
		const alternative = alternativeIdentity(others, identity);
		if (alternative === undefined) return;
		node.identity = alternative;
		this.#delete(node);
	}

	#confirm(node: Node, identity: Identity): void {
		if (!sameIdentity(node.identity, identity)) {
			const [, others] = partition(node.dependents, identity);
			for (const dependent of others) {
				if (identity.namespace !== '' && dependent.identity.namespace !== identity.namespace)
					this.#reportNamespace(dependent, identity.uid);
				this.#delete(dependent);
			}
			node.identity = identity;
		}
		node.isConfirmed = true;
	}

	#changeOwners(node: Node, owners: readonly OwnerReference[]): void {
		const before = new Map(node.owners.map((owner) => [owner.uid, owner]));
		const after = new Map(owners.map((owner) => [owner.uid, owner]));
		for (const [uid, owner] of before) {
			const isUnblocked = owner.blockOwnerDeletion === true && after.get(uid)?.blockOwnerDeletion !== true;
			if (isUnblocked && this.#nodes.has(uid)) this.#callbacks.attemptToDelete(uid);
		}
		node.owners = owners;
		this.#link(
			node,
			owners.filter(({ uid }) => !before.has(uid)),
		);
		for (const uid of before.keys()) if (!after.has(uid)) this.#nodes.get(uid)?.dependents.delete(node);
	}

	/** Adds the node to the dependents of its owners. */
	#link(node: Node, owners: readonly OwnerReference[]): void {
		let isDoubtful = false;
		for (const owner of owners) {
			const found = this.#nodes.get(owner.uid);
			const ownerNode = found ?? new Node(identityOf(owner, node.identity.namespace), false);
			ownerNode.dependents.add(node);
			if (found === undefined) {
				this.#nodes.set(owner.uid, ownerNode);
				this.#delete(ownerNode);
			} else if (!isDoubtful) isDoubtful = this.#isDoubtful(node, owner, found);
		}
		if (isDoubtful) this.#delete(node);
	}

	/** Whether the reference may not refer to the owner with its uid. */
	#isDoubtful(node: Node, owner: OwnerReference, ownerNode: Node): boolean {
		const { namespace } = ownerNode.identity;
		const isElsewhere = namespace !== node.identity.namespace;
		if (isElsewhere && namespace !== '') {
			if (ownerNode.isConfirmed) this.#reportNamespace(node, owner.uid);
			return true;
		}
		return !matches(owner, ownerNode.identity) || (isElsewhere && !ownerNode.isConfirmed);
	}

	/** Records how the object is deleted. */
	#follow(node: Node, { deletionTimestamp, finalizers = [] }: Metadata): void {
		const before = node.waiting;
		node.isBeingDeleted = deletionTimestamp !== undefined;
		node.waiting = node.isBeingDeleted ? waitingFor(finalizers) : undefined;
		if (node.waiting === undefined || node.waiting === before) return;
		if (node.waiting === 'Orphan') {
			this.#callbacks.attemptToOrphan(node.identity.uid);
			return;
		}
		for (const dependent of node.dependents) this.#delete(dependent);
		this.#delete(node);
	}

	#remove(node: Node, identity: Identity): void {
		this.#nodes.delete(node.identity.uid);
		for (const { uid } of node.owners) this.#nodes.get(uid)?.dependents.delete(node);
		if (node.dependents.size > 0) this.addAbsent(identity);
		for (const dependent of node.dependents) this.#delete(dependent);
		for (const { uid } of node.owners) {
			const owner = this.#nodes.get(uid);
			if (owner?.waiting === 'Foreground') this.#delete(owner);
		}
	}

	#delete({ identity }: Node): void {
		this.#callbacks.attemptToDelete(identity.uid);
	}
	#reportNamespace({ identity, owners }: Node, uid: string): void {
		const owner = owners.find((one) => one.uid === uid);
		if (owner !== undefined) this.#callbacks.onInvalidNamespace(identity, owner);
	}
}

const waitingFor = (finalizers: readonly string[]): Waiting => {
	if (finalizers.includes(ORPHAN)) return 'Orphan';
	return finalizers.includes(FOREGROUND) ? 'Foreground' : undefined;
};

/** The owner of an object in a namespace, as the reference names it. */
export const identityOf = ({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Identity => ({
	...{ apiVersion, kind, name, uid, namespace },
});

const matches = (owner: OwnerReference, identity: Identity): boolean =>
	owner.uid === identity.uid &&
	owner.name === identity.name &&
	owner.kind === identity.kind &&
	owner.apiVersion === identity.apiVersion;

const sameIdentity = (left: Identity, right: Identity): boolean => compareIdentities(left, right) === 0;

const absentKey = ({ apiVersion, kind, namespace, name, uid }: Identity): string =>
	JSON.stringify([apiVersion, kind, namespace, name, uid]);

/** The dependents that name the owner by this identity, and those that name it by another; one can be in both. */
function partition(dependents: ReadonlySet<Node>, identity: Identity): [Node[], Node[]] {
	const matching: Node[] = [];
	const others: Node[] = [];
	for (const dependent of dependents) {
		const isElsewhere = identity.namespace !== '' && identity.namespace !== dependent.identity.namespace;
		const references = dependent.owners.filter(({ uid }) => uid === identity.uid);
		if (!isElsewhere && references.some((owner) => matches(owner, identity))) matching.push(dependent);
		if (isElsewhere || references.some((owner) => !matches(owner, identity))) others.push(dependent);
	}
	return [matching, others];
}

/** @source referenceLessThan */
function compareIdentities(left: Identity, right: Identity): number {
	for (const field of ['kind', 'apiVersion', 'namespace', 'name', 'uid'] as const) {
		if (left[field] !== right[field]) return left[field] < right[field] ? -1 : 1;
	}
	return 0;
}

/** Another identity by which dependents name the owner: the next one in order, so that each is tried. */
function alternativeIdentity(dependents: readonly Node[], absent: Identity): Identity | undefined {
	const alternatives = dependents.flatMap(({ owners, identity }) =>
		owners
			.filter(({ uid }) => uid === absent.uid)
			.map((owner) => {
				const isOfCluster =
					absent.namespace === '' && owner.apiVersion === absent.apiVersion && owner.kind === absent.kind;
				return identityOf(owner, isOfCluster ? '' : identity.namespace);
			}),
	);
	const sorted = alternatives.filter((one) => !sameIdentity(one, absent)).sort(compareIdentities);
	return sorted.find((one) => compareIdentities(absent, one) < 0) ?? sorted[0];
}
