/**
 * Keeps a copy of the objects of one resource: read once, then changed by every event of the store. A copy keeps its
 * objects while the store is unavailable.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../../lib/errors.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { errorFields, type Log } from '../../../lib/log.ts';
import type { Store, StoredItem } from '../../../lib/store/store.ts';
import { storePrefix } from './strategy.ts';

/** A copy of objects by their key in the store. */
export interface Replica<T extends KubeObject> {
	readonly set: (key: string, object: T) => void;
	readonly delete: (key: string) => void;
	readonly clear: () => void;
}

export interface Follower {
	/** Resolves once the first list is in, or the signal has aborted. */
	readonly synced: Promise<void>;
	/** Throws until the first list is in. */
	readonly ready: () => void;
	readonly done: Promise<void>;
}

const RETRY_MS = 500;

/** Follows until the signal aborts. */
export function followObjects<T extends KubeObject>(
	store: Store,
	resource: ApiResource,
	replica: Replica<T>,
	signal: AbortSignal,
	log: Log,
): Follower {
	const follower = new ObjectFollower(store, resource, replica, signal);
	const onError = (error: unknown) =>
		log.warn({ resource: resource.resource, ...errorFields(error) }, 'waiting for the store: a watch of objects ended');
	return {
		synced: follower.synced,
		ready: () => follower.requireSynced(),
		done: follower.run(onError),
	};
}

class ObjectFollower<T extends KubeObject> {
	readonly #store: Store;
	readonly #resource: ApiResource;
	readonly #replica: Replica<T>;
	readonly #signal: AbortSignal;
	readonly synced: Promise<void>;
	#markSynced: () => void = () => undefined;
	/** The revision up to which the replica has every change; undefined before the first list. */
	#after: number | undefined;
	/** Objects that were read at a later revision than the watch began. */
	readonly #newer = new Map<string, number>();

	constructor(store: Store, resource: ApiResource, replica: Replica<T>, signal: AbortSignal) {
		this.#store = store;
		this.#resource = resource;
		this.#replica = replica;
		this.#signal = signal;
		this.synced = new Promise((resolve) => {
			this.#markSynced = resolve;
			signal.addEventListener('abort', () => resolve());
		});
	}

	requireSynced(): void {
		if (this.#after === undefined) throw new Error(`${this.#resource.resource} are not read yet`);
	}

	async run(onError: (error: unknown) => void): Promise<void> {
		while (!this.#signal.aborted) {
			await this.#follow().catch((error: unknown) => {
				if (hasCode(error, 'STORE_COMPACTED')) this.#after = undefined;
				onError(error);
			});
			await delay(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
		}
	}

	async #follow(): Promise<void> {
		const prefix = storePrefix(this.#resource, '');
		this.#after ??= await this.#read(prefix);
		this.#markSynced();
		for await (const { type, key, value, revision } of this.#store.watch<T>(prefix, this.#after, this.#signal)) {
			this.#after = revision;
			if (revision <= (this.#newer.get(key) ?? 0)) continue;
			if (type === 'deleted') this.#replica.delete(key);
			else this.#replica.set(key, value);
		}
	}

	async #read(prefix: string): Promise<number> {
		const read: StoredItem<T>[] = [];
		let revision = 0;
		for await (const page of this.#store.pages<T>(prefix)) {
			read.push(...page.items);
			revision = page.revision;
		}
		this.#replica.clear();
		this.#newer.clear();
		for (const item of read) {
			this.#replica.set(item.key, item.value);
			if (item.revision > revision) this.#newer.set(item.key, item.revision);
		}
		return revision;
	}
}
