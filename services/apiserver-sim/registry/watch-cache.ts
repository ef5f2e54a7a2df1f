/**
 * The stored objects in memory, kept up by one watch of the whole store. Lists and watches share one decoded value of
 * each object. Because every revision of the store is a change that this watch reports, the cache knows exactly which
 * state it has.
 *
 * @source apiserver/pkg/storage/cacher
 */
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { withPartsOf } from '../../../lib/json-object.ts';
import { approximateBytes, approximateMemory } from '../../../lib/kube/json-depth.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { unmarshalProblem } from '../../../lib/kube/unmarshal.ts';
import { limits } from '../../../lib/limits.ts';
import { errorFields, type Log } from '../../../lib/log.ts';
import type { Store, StoredItem, StoreEvent } from '../../../lib/store/store.ts';
import { printable } from '../../../lib/text.ts';
import { type CachedObject, CachedObjects, compareKeys } from './cached-objects.ts';
import { CacheEvent, EventLog } from './event-log.ts';
import { storePrefix } from './strategy.ts';
import { type Backlog, Subscription } from './subscription.ts';

type Retry = 'soon' | 'never';

export interface WatchCacheOptions {
	readonly signal: AbortSignal;
	readonly log: Pick<Log, 'warn' | 'error'>;
	/** How many changes are kept for lists of older versions and for watches that resume. */
	readonly historyLength?: number;
	/** How far a watcher may be behind. */
	readonly backlog?: Backlog;
	/** Bytes that all objects together may take in memory. */
	readonly maxMemory?: number;
}

/** Keys that start with a prefix, or the one key. */
export interface Place {
	readonly prefix: string;
	readonly isOneKey: boolean;
}

export interface Snapshot {
	/** In the order of their keys. */
	readonly objects: readonly CachedObject[];
	readonly revision: number;
}

const RETRY_MS = 500;
const HISTORY_LENGTH = 5000;
const HISTORY_BYTES = 32 * 1024 * 1024;
/** How long the snapshot of a list is kept that has begun and not ended. */
const SNAPSHOT_MS = 60_000;
const SNAPSHOT_OVERHEAD_BYTES = 1024;
/** So many changes are read before other work runs. */
const CHANGES_PER_TURN = 100;
const ITEMS_PER_TURN = 50;
/** Of V8's heap, which is small in a container. The text of an object and the copies of a write need the rest. */
const PART_OF_HEAP = 1 / 4;
const BACKLOG: Backlog = { changes: limits.watchBacklog.value, bytes: limits.watchBacklogBytes.value };
/** A larger object is not compared with the one before it. */
const MAX_COMPARED_BYTES = 16 * 1024;

const byPrefix: ReadonlyMap<string, ApiResource> = new Map(
	Object.values(resources).map((resource) => [storePrefix(resource, ''), resource]),
);
const prefixOf = (key: string): string => key.slice(0, key.indexOf('/') + 1);

/** @param heapLimit  bytes */
export const maxMemoryOf = (heapLimit: number): number =>
	Math.min(limits.storedBytes.value, Math.floor(heapLimit * PART_OF_HEAP));

export class WatchCache {
	readonly #store: Store;
	readonly #options: WatchCacheOptions;
	readonly #log: EventLog;
	readonly #backlog: Backlog;
	readonly #kept = new LRUCache<string, Snapshot>({
		maxSize: limits.listSnapshotBytes.value,
		sizeCalculation: ({ objects }) => objects.reduce((sum, { bytes }) => sum + bytes, SNAPSHOT_OVERHEAD_BYTES),
		ttl: SNAPSHOT_MS,
		ttlAutopurge: true,
	});
	#objects = new Map<string, CachedObjects>();
	/** Revisions of objects that were read later than the load began. */
	#newer = new Map<string, number>();
	/** Watchers by the prefix or key that they watch. */
	readonly #watchers = new Map<string, Set<Subscription>>();
	#revision: number | undefined;
	readonly #waiting = new Set<{ readonly resolve: () => void; readonly reject: (error: unknown) => void }>();
	/** Bytes that all objects together may take in memory. */
	readonly maxMemory: number;
	readonly done: Promise<void>;

	/** Follows the store until the signal aborts. */
	constructor(store: Store, options: WatchCacheOptions) {
		this.#store = store;
		this.#options = options;
		this.#log = new EventLog(options.historyLength ?? HISTORY_LENGTH, HISTORY_BYTES);
		this.#backlog = options.backlog ?? BACKLOG;
		this.maxMemory = options.maxMemory ?? maxMemoryOf(getHeapStatistics().heap_size_limit);
		this.done = this.#run();
	}

	/** @throws an error until the objects are read */
	ready(): void {
		if (this.#revision === undefined) throw new Error('the stored objects are not read yet');
	}
	/** Whether all objects together have reached the limit. */
	get isFull(): boolean {
		let memory = 0;
		for (const objects of this.#objects.values()) memory += objects.memory;
		return memory >= this.maxMemory;
	}
	/** Of the state in the cache; undefined before the first. */
	get revision(): number | undefined {
		return this.#revision;
	}

	/**
	 * Resolves when the cache holds the latest state, or one that is no older than a revision.
	 *
	 * @param notOlderThan  undefined for the latest state; 0 for any
	 * @param retry  whether a caller with a version that is to come shall ask again
	 * @throws API_VERSION_TOO_LARGE, STORE_UNAVAILABLE
	 */
	async fresh(notOlderThan: number | undefined, retry: Retry = 'soon'): Promise<void> {
		await this.requireReached(notOlderThan, retry);
		const wanted = notOlderThan ?? (await this.#store.revision());
		while (this.#revision === undefined || this.#revision < wanted) {
			if (this.#options.signal.aborted) throw this.#closed();
			await new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
		}
	}

	/**
	 * Refuses a version that is to come.
	 *
	 * @throws API_VERSION_TOO_LARGE
	 * @differs upstream waits three seconds for it, and a watch without initial events waits without an end
	 */
	async requireReached(wanted = 0, retry: Retry = 'soon'): Promise<void> {
		if (wanted <= (this.#revision ?? 0)) return;
		const current = await this.#store.revision();
		if (wanted <= current) return;
		throw new KubejoinError('API_VERSION_TOO_LARGE', {
			requested: String(wanted),
			current: String(current),
			causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
			...(retry === 'soon' ? { retryAfterSeconds: 1 } : {}),
		});
	}

	get({ prefix }: Pick<Place, 'prefix'>): CachedObject | undefined {
		return this.#objects.get(prefixOf(prefix))?.get(prefix);
	}

	/**
	 * @param revision  undefined for that of the cache
	 * @returns undefined  the changes since the revision are not all known
	 */
	snapshot(place: Place, revision = this.#revision): Snapshot | undefined {
		if (revision === undefined || this.#revision === undefined || revision > this.#revision) return undefined;
		const known = this.#kept.get(nameOf(place, revision));
		if (known !== undefined) return known;
		const current = this.#currentOf(place);
		if (revision === this.#revision) return { objects: current, revision };
		if (revision < this.#log.start) return undefined;
		const before = new Map<string, CachedObject | undefined>();
		for (const event of this.#log.since(revision)) {
			if (!isWithin(place, event.key) || before.has(event.key)) continue;
			if (!event.isPreviousKnown) return undefined;
			before.set(event.key, event.previous);
		}
		const kept = current.filter(({ key }) => !before.has(key));
		const restored = [...before.values()].filter((object) => object !== undefined);
		return { objects: [...kept, ...restored].toSorted((a, b) => compareKeys(a.key, b.key)), revision };
	}

	/** Keeps a snapshot for the next pages of its list: to make it again takes time, and the changes since it. */
	keep(place: Place, snapshot: Snapshot): void {
		const name = nameOf(place, snapshot.revision);
		if (!this.#kept.has(name)) this.#kept.set(name, snapshot);
	}
	/** The list has ended. Another list of this version makes its snapshot again. */
	release(place: Place, { revision }: Snapshot): void {
		this.#kept.delete(nameOf(place, revision));
	}

	/**
	 * Every change after the revision of a snapshot that was taken in the same turn, or after an older one.
	 *
	 * @throws STORE_COMPACTED, STORE_UNAVAILABLE
	 */
	async subscribe(place: Place, after: number, signal: AbortSignal): Promise<Subscription> {
		const missed = after < this.#log.start ? await this.#olderChanges(place, after, signal) : [];
		return this.subscribeNow(place, Math.max(after, missed.at(-1)?.revision ?? 0, 0), signal, missed);
	}

	/** Like `subscribe`, from a revision that is not before the history in memory. */
	subscribeNow(place: Place, after: number, signal: AbortSignal, missed: readonly CacheEvent[] = []): Subscription {
		const subscription = new Subscription(this.#backlog, signal, (one) => {
			const watchers = this.#watchers.get(place.prefix);
			watchers?.delete(one);
			if (watchers?.size === 0) this.#watchers.delete(place.prefix);
		});
		const recent = this.#log.since(Math.max(after, this.#log.start)).filter(({ key }) => isWithin(place, key));
		subscription.offer([...missed, ...recent]);
		const watchers = this.#watchers.get(place.prefix) ?? new Set();
		this.#watchers.set(place.prefix, watchers.add(subscription));
		return subscription;
	}

	#currentOf({ prefix, isOneKey }: Place): CachedObject[] {
		const objects = this.#objects.get(prefixOf(prefix));
		if (objects === undefined) return [];
		if (!isOneKey) return objects.withPrefix(prefix);
		const one = objects.get(prefix);
		return one === undefined ? [] : [one];
	}

	/**
	 * Changes that the store still has and the memory does not; they have no known previous value.
	 *
	 * @throws STORE_COMPACTED  also for changes that are too large to be read again, of whatever place
	 */
	async #olderChanges(place: Place, after: number, signal: AbortSignal): Promise<CacheEvent[]> {
		const found: CacheEvent[] = [];
		const until = this.#log.start;
		let seen = after;
		let bytes = 0;
		for await (const event of this.#store.watch<KubeObject>('', after, signal)) {
			if (event.revision > until) break;
			seen = event.revision;
			bytes += approximateBytes(event.value);
			if (bytes > this.#backlog.bytes) throw new KubejoinError('STORE_COMPACTED', { requested: after, oldest: seen });
			if (isWithin(place, event.key)) found.push(this.#eventOf(event, undefined, false));
			if (seen === until) break;
			if (seen % CHANGES_PER_TURN === 0) await turn();
		}
		return this.#log.start > until ? [...found, ...(await this.#olderChanges(place, seen, signal))] : found;
	}

	async #run(): Promise<void> {
		const { signal, log } = this.#options;
		while (!signal.aborted) {
			await this.#follow().catch((error: unknown) => {
				this.#fail(error);
				if (hasCode(error, 'STORE_COMPACTED')) this.#revision = undefined;
				if (!signal.aborted) log.warn(errorFields(error), 'waiting for the store: the watch of its objects ended');
			});
			await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
		}
		this.#fail(this.#closed());
	}

	/** Ends all watchers, and all that wait unless the objects are only read again. */
	#fail(error: unknown): void {
		for (const watchers of [...this.#watchers.values()]) for (const watcher of [...watchers]) watcher.fail(error);
		if (hasCode(error, 'STORE_COMPACTED')) return;
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		for (const { reject } of waiting) reject(error);
	}

	#wake(): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		for (const { resolve } of waiting) resolve();
	}

	#closed(): KubejoinError {
		return new KubejoinError('STORE_UNAVAILABLE', { store: this.#store.name, problem: 'it is closed' });
	}

	async #follow(): Promise<void> {
		if (this.#revision === undefined) await this.#load();
		let changes = 0;
		for await (const event of this.#store.watch<KubeObject>('', this.#revision ?? 0, this.#options.signal)) {
			this.#apply(event);
			changes++;
			if (changes % CHANGES_PER_TURN === 0) await turn();
		}
	}

	async #load(): Promise<void> {
		const objects = new Map<string, CachedObjects>();
		const newer = new Map<string, number>();
		let revision = 0;
		for await (const page of this.#store.pages<KubeObject>('')) {
			revision = page.revision;
			for (const [index, item] of page.items.entries()) {
				if (index % ITEMS_PER_TURN === 0) await turn();
				if (item.revision > revision) newer.set(item.key, item.revision);
				const cached = this.#cachedOf(item);
				if (cached !== undefined) objectsAt(objects, item.key).set(cached);
			}
		}
		[this.#objects, this.#newer] = [objects, newer];
		this.#log.restart(revision);
		this.#revision = revision;
		this.#wake();
	}

	#apply(event: StoreEvent<KubeObject>): void {
		const { key, revision } = event;
		const objects = objectsAt(this.#objects, key);
		const isInLoad = revision <= (this.#newer.get(key) ?? 0);
		const change = this.#eventOf(event, isInLoad ? undefined : objects.get(key), !isInLoad);
		if (!isInLoad) {
			this.#newer.delete(key);
			if (change.current === undefined) objects.delete(key);
			else objects.set(change.current);
		}
		this.#log.push(change);
		this.#revision = revision;
		for (const prefix of placesOf(key)) for (const watcher of this.#watchers.get(prefix) ?? []) watcher.offer([change]);
		this.#wake();
	}

	#eventOf(event: StoreEvent<KubeObject>, previous: CachedObject | undefined, isKnown: boolean): CacheEvent {
		const { type, key, revision } = event;
		const value = this.#cachedOf(event, previous);
		const isDeleted = type === 'deleted';
		const isPreviousKnown = isKnown || isDeleted || type === 'created';
		return new CacheEvent(
			{
				revision,
				key,
				current: isDeleted ? undefined : value,
				previous: previous ?? (isDeleted ? value : undefined),
			},
			{ isPreviousKnown },
		);
	}

	/** Undefined for an object that no encoder can write: lists and watches leave it out. */
	#cachedOf(
		{ key, value, revision }: Pick<StoredItem<KubeObject>, 'key' | 'value' | 'revision'>,
		previous?: CachedObject,
	): CachedObject | undefined {
		const resource = byPrefix.get(prefixOf(key));
		const problem = resource === undefined ? undefined : unmarshalProblem(resource, value);
		if (problem !== undefined) {
			const advice = 'a stored object cannot be read and is left out of lists; delete it';
			this.#options.log.error({ key: printable(key, { maxLength: 256 }), problem }, advice);
			return undefined;
		}
		const bytes = approximateBytes(value);
		// A Lease lives for ten seconds until it is renewed, and the garbage collector copies its new parts.
		if (previous !== undefined && bytes <= MAX_COMPARED_BYTES) withPartsOf(previous.object, value);
		const object = { ...value, metadata: { ...value.metadata, resourceVersion: String(revision) } };
		return { key, object, revision, bytes, memory: approximateMemory(value, bytes) };
	}
}

const nameOf = ({ prefix, isOneKey }: Place, revision: number): string =>
	`${revision} ${isOneKey ? 'key' : 'prefix'} ${prefix}`;

const isWithin = ({ prefix, isOneKey }: Place, key: string): boolean =>
	isOneKey ? key === prefix : key.startsWith(prefix);

/** `a/b/c` -> `a/`, `a/b/`, `a/b/c`: all that a watcher of the key can have named. */
function placesOf(key: string): string[] {
	const places = [key];
	for (let at = key.indexOf('/'); at !== -1; at = key.indexOf('/', at + 1)) places.push(key.slice(0, at + 1));
	return places;
}

function objectsAt(all: Map<string, CachedObjects>, key: string): CachedObjects {
	const prefix = prefixOf(key);
	const found = all.get(prefix) ?? new CachedObjects();
	all.set(prefix, found);
	return found;
}
