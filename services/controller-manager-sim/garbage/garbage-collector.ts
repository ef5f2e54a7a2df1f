/**
 * Deletes objects whose owners are gone, and completes deletions with the policies Foreground and Orphan. The graph
 * decides which objects to look at; the API server confirms each decision.
 *
 * @source pkg/controller/garbagecollector/garbagecollector.go
 */
import { isDeepStrictEqual } from 'node:util';
import { hasCode, ignoring } from '../../../lib/errors.ts';
import type { ResourceClient } from '../../../lib/kube/client.ts';
import type { RecordEvent } from '../../../lib/kube/event-recorder.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, OwnerReference } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { DependencyGraph, FOREGROUND, type GraphNode, type Identity, identityOf, ORPHAN } from './graph.ts';

/** Until an owner is looked at again that exists and that no watch has reported yet. */
const UNCONFIRMED_WAIT_MS = 10_000;

type Policy = 'Orphan' | 'Background' | 'Foreground';
type Found = Pick<KubeObject, 'metadata'>;
type Client = Pick<ResourceClient<KubeObject>, 'get' | 'patch' | 'delete'>;

export interface GarbageCollectorOptions {
	readonly api: { readonly of: (resource: ApiResource) => Client };
	readonly recordEvent: RecordEvent;
	/** Resolves once the graph has all objects. */
	readonly synced: () => Promise<void>;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

export interface GarbageCollector extends Pick<WorkQueue, 'close'> {
	/** A watch reports a change of an object, with the object before. */
	readonly observe: (resource: ApiResource, current: KubeObject | undefined, previous: KubeObject | undefined) => void;
}

/**
 * Every kind that can be deleted, listed and watched, without events, which come and go by themselves.
 *
 * @source GetDeletableResources, DefaultIgnoredResources
 */
export const collectedResources: readonly ApiResource[] = Object.values(resources).filter(
	(row) => ['delete', 'list', 'watch'].every((verb) => row.verbs.includes(verb)) && row.resource !== 'events',
);

const typeKey = (apiVersion: string, kind: string): string => `${apiVersion}/${kind}`;
const rowsByType: ReadonlyMap<string, ApiResource> = new Map(
	Object.values(resources)
		.filter(({ verbs }) => verbs.includes('get'))
		.map((row) => [typeKey(apiVersionOf(row), row.kind), row]),
);
const rowOf = ({ apiVersion, kind }: Pick<Identity, 'apiVersion' | 'kind'>): ApiResource | undefined =>
	rowsByType.get(typeKey(apiVersion, kind));

/** The owners of an object by their state. */
interface Classified {
	readonly solid: readonly OwnerReference[];
	readonly dangling: readonly OwnerReference[];
	/** The owner exists, and is deleted after its dependents. */
	readonly waiting: readonly OwnerReference[];
}

export class Collector {
	readonly graph: DependencyGraph;
	readonly #options: GarbageCollectorOptions;
	readonly #queues: Queues;

	constructor(options: GarbageCollectorOptions, queues: Queues) {
		this.#options = options;
		this.#queues = queues;
		this.graph = new DependencyGraph({
			attemptToDelete: queues.delete,
			attemptToOrphan: queues.orphan,
			onInvalidNamespace: (dependent, owner) => this.#reportNamespace(dependent, owner),
		});
	}

	/**
	 * Deletes the object if its owners are gone, or completes its own deletion.
	 *
	 * @returns milliseconds until it is looked at again
	 */
	async attemptToDelete(uid: string): Promise<number | undefined> {
		const node = this.graph.get(uid);
		if (node === undefined || (node.isBeingDeleted && node.waiting !== 'Foreground')) return undefined;
		if (node.isConfirmed && node.owners.length === 0 && node.waiting === undefined) return undefined;
		const { identity } = node;
		const latest = await this.#find(identity);
		if (latest === 'unknown kind') return undefined;
		if (latest === undefined) {
			this.graph.forgetAbsent(identity);
			return undefined;
		}
		if (node.waiting === 'Foreground') await this.#deleteDependents(node);
		else await this.#deleteWithoutOwner(node, latest);
		return node.isConfirmed ? undefined : UNCONFIRMED_WAIT_MS;
	}

	/** Removes the object from the owners of its dependents, and then the finalizer that kept it. */
	async attemptToOrphan(uid: string): Promise<void> {
		const node = this.graph.get(uid);
		if (node?.waiting !== 'Orphan') return;
		for (const { identity } of node.dependents)
			await this.#patchOwners(identity, [{ $patch: 'delete', uid }]).catch(ignoring('API_NOT_FOUND'));
		await this.#removeFinalizer(node.identity, ORPHAN);
	}

	async #deleteWithoutOwner(node: GraphNode, latest: Found): Promise<void> {
		const { identity } = node;
		const classified = await this.#classify(node, latest.metadata.ownerReferences ?? []);
		if (classified === undefined) return;
		const { solid, dangling, waiting } = classified;
		const ended = [...dangling, ...waiting];
		if (ended.length === 0) return;
		if (solid.length > 0) {
			const removed = ended.map(({ uid }) => ({ $patch: 'delete', uid }));
			await this.#patchOwners(identity, removed).catch(ignoring('API_NOT_FOUND'));
			return;
		}
		if (waiting.length === 0 || node.dependents.size === 0) {
			await this.#delete(identity, latest, policyOf(latest));
			return;
		}
		// Two objects that each wait for the other would wait for ever.
		const isCircular = [...node.dependents].some((dependent) => dependent.waiting === 'Foreground');
		await this.#delete(identity, isCircular ? await this.#unblocked(node, latest) : latest, 'Foreground');
	}

	async #deleteDependents({ identity, dependents }: GraphNode): Promise<void> {
		const blocking = [...dependents].filter(({ owners }) =>
			owners.some(({ uid, blockOwnerDeletion }) => uid === identity.uid && blockOwnerDeletion === true),
		);
		if (blocking.length === 0) await this.#removeFinalizer(identity, FOREGROUND);
		for (const dependent of blocking)
			if (dependent.waiting !== 'Foreground') this.#queues.delete(dependent.identity.uid);
	}

	async #unblocked({ identity, owners }: GraphNode, latest: Found): Promise<Found> {
		const blocking = owners.filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true);
		if (blocking.length === 0) return latest;
		return this.#patchOwners(
			identity,
			blocking.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
		);
	}

	/** @returns undefined if an owner cannot be found out about, which no retry changes */
	async #classify(node: GraphNode, owners: readonly OwnerReference[]): Promise<Classified | undefined> {
		const solid: OwnerReference[] = [];
		const dangling: OwnerReference[] = [];
		const waiting: OwnerReference[] = [];
		for (const reference of owners) {
			const owner = await this.#ownerOf(node.identity, reference);
			if (owner === 'unknown kind') return undefined;
			if (owner === undefined) dangling.push(reference);
			else if (isWaiting(owner)) waiting.push(reference);
			else solid.push(reference);
		}
		return { solid, dangling, waiting };
	}

	async #ownerOf({ namespace }: Identity, reference: OwnerReference): Promise<Found | 'unknown kind' | undefined> {
		const candidates = ['', namespace].map((one) => identityOf(reference, one));
		if (candidates.some((identity) => this.graph.isAbsent(identity))) return undefined;
		const row = rowOf(reference);
		if (row === undefined || (row.namespaced && namespace === '')) return 'unknown kind';
		const identity = identityOf(reference, row.namespaced ? namespace : '');
		const owner = await this.#find(identity);
		if (owner === undefined) this.graph.addAbsent(identity);
		return owner;
	}

	/** The object with that name and uid. */
	async #find(identity: Identity): Promise<Found | 'unknown kind' | undefined> {
		const row = rowOf(identity);
		if (row === undefined) return 'unknown kind';
		// Only an object of the cluster can name an owner without its namespace, and it cannot have such an owner.
		if (row.namespaced && identity.namespace === '') return undefined;
		try {
			const found = await this.#client(row).get(identity.name, row.namespaced ? identity.namespace : '', {
				metadataOnly: true,
				expects: ['API_NOT_FOUND'],
			});
			return found.metadata.uid === identity.uid ? found : undefined;
		} catch (error) {
			if (hasCode(error, 'API_NOT_FOUND')) return undefined;
			throw error;
		}
	}

	/** @throws API_CONFLICT  the owners have changed meanwhile */
	async #delete(identity: Identity, latest: Found, propagationPolicy: Policy): Promise<void> {
		const { uid, name } = identity;
		const { resourceVersion = '', ownerReferences } = latest.metadata;
		const send = (preconditions: object) =>
			this.#clientOf(identity).delete(name, { ...namespaceOf(identity), propagationPolicy, preconditions });
		try {
			await send({ uid, resourceVersion }).catch(async (error: unknown) => {
				if (!hasCode(error, 'API_CONFLICT')) throw error;
				const now = await this.#find(identity);
				const isSame = typeof now === 'object' && isDeepStrictEqual(now.metadata.ownerReferences, ownerReferences);
				if (!isSame) throw error;
				await send({ uid });
			});
			this.#options.log.info({ propagationPolicy }, `deleted ${shown(identity)}: its owner is gone`);
		} catch (error) {
			if (!hasCode(error, 'API_NOT_FOUND')) throw error;
			this.graph.forgetAbsent(identity);
		}
	}

	async #removeFinalizer(identity: Identity, finalizer: string): Promise<void> {
		const found = await this.#find(identity);
		if (typeof found !== 'object' || !(found.metadata.finalizers ?? []).includes(finalizer)) return;
		const { resourceVersion, finalizers = [] } = found.metadata;
		const kept = finalizers.filter((one) => one !== finalizer);
		const document = { metadata: { resourceVersion, finalizers: kept.length === 0 ? null : kept } };
		await this.#clientOf(identity)
			.patch(identity.name, document, { ...namespaceOf(identity), type: 'merge' })
			.catch(ignoring('API_NOT_FOUND'));
		this.#options.log.info(`removed the finalizer ${finalizer} of ${shown(identity)}`);
	}

	/** @param ownerReferences  entries of a strategic merge patch */
	#patchOwners(identity: Identity, ownerReferences: readonly object[]): Promise<Found> {
		const { uid, name } = identity;
		const document = { metadata: { uid, ownerReferences } };
		return this.#clientOf(identity).patch(name, document, { ...namespaceOf(identity), type: 'strategic' });
	}

	#client(row: ApiResource): Client {
		return this.#options.api.of(row);
	}
	/** Of an object that a watch has reported, so that its kind is known. */
	#clientOf(identity: Identity): Client {
		const row = rowOf(identity);
		if (row === undefined) throw new TypeError(`no resource for ${shown(identity)}`);
		return this.#client(row);
	}
	#reportNamespace(dependent: Identity, { apiVersion, kind, name, uid }: OwnerReference): void {
		const { namespace } = dependent;
		const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
		const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
		this.#options.recordEvent(dependent, 'Warning', 'OwnerRefInvalidNamespace', message);
	}
}

interface Queues {
	readonly delete: (uid: string) => void;
	readonly orphan: (uid: string) => void;
}

const namespaceOf = ({ namespace }: Identity) => (namespace === '' ? {} : { namespace });
const shown = ({ kind, namespace, name }: Identity): string =>
	`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

const isWaiting = ({ metadata: { deletionTimestamp, finalizers = [] } }: Found): boolean =>
	deletionTimestamp !== undefined && finalizers.includes(FOREGROUND);

/** The policy that the object's own finalizers state. */
function policyOf({ metadata: { finalizers = [] } }: Found): Policy {
	if (finalizers.includes(ORPHAN)) return 'Orphan';
	return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

/** The part of an object that the graph needs. */
export const graphMetadata = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => {
	const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
	const kept = { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences };
	const present = Object.entries(kept).filter(([, value]) => value !== undefined);
	return { apiVersion, kind, metadata: Object.fromEntries(present) };
};

/** The queues begin once the graph has all objects, because an owner that it misses costs a request. */
export function startGarbageCollector(options: GarbageCollectorOptions): GarbageCollector {
	const { log, observeQueue, synced } = options;
	let begun: Promise<void> | undefined;
	const begin = (): Promise<void> => {
		begun ??= synced();
		return begun;
	};
	const attempt = async (uid: string) => {
		await begin();
		const againMs = await collector.attemptToDelete(uid);
		if (againMs !== undefined) deletions.add(uid, againMs);
	};
	const orphan = async (uid: string) => {
		await begin();
		await collector.attemptToOrphan(uid);
	};
	const deletions = startWorkQueue('garbage_collector_attempt_to_delete', attempt, log, observeQueue);
	const orphans = startWorkQueue('garbage_collector_attempt_to_orphan', orphan, log, observeQueue);
	const collector = new Collector(options, { delete: deletions.add, orphan: orphans.add });
	return {
		observe(resource, current, previous) {
			const before = previous?.metadata.uid;
			if (before !== undefined && before !== current?.metadata.uid) collector.graph.forget(before);
			if (current !== undefined) collector.graph.observe(identityOfObject(resource, current), current.metadata);
		},
		async close() {
			await Promise.all([deletions.close(), orphans.close()]);
		},
	};
}

const identityOfObject = (resource: ApiResource, { metadata }: KubeObject): Identity => ({
	apiVersion: apiVersionOf(resource),
	kind: resource.kind,
	name: metadata.name ?? '',
	uid: metadata.uid ?? '',
	namespace: metadata.namespace ?? '',
});
