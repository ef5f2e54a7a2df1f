/**
 * What every store offers: JSON objects under string keys, a single growing revision, and watches that resume, as etcd does.
 * Two backends, Redis and LMDB, keep the one contract in `store.contract.ts`. No backend is named outside `open.ts`.
 */

/** A JSON object; what is stored is what comes back, field order aside. */
export type StoredValue = object;

export interface StoredItem<V extends StoredValue = StoredValue> {
	readonly key: string;
	readonly value: V;
	/** The store's revision at the last write of this key; 1 or more. */
	readonly revision: number;
}

export interface StoreEvent<V extends StoredValue = StoredValue> {
	readonly type: 'created' | 'updated' | 'deleted';
	readonly key: string;
	/** After a deletion: the value that the key had last. */
	readonly value: V;
	readonly revision: number;
}

export interface Store {
	/** For messages; no credentials in it: `redis://host:6379` or `lmdb:/path`. */
	readonly name: string;

	/** @throws STORE_KEY_EXISTS, STORE_KEY_INVALID, STORE_VALUE_TOO_LARGE, STORE_UNAVAILABLE */
	create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>>;
	/** @throws STORE_UNAVAILABLE */
	get<V extends StoredValue>(key: string): Promise<StoredItem<V> | undefined>;
	/** All items whose key starts with the prefix, by key, and the revision at which that was true. @throws STORE_UNAVAILABLE */
	list<V extends StoredValue>(
		prefix: string,
	): Promise<{ readonly items: readonly StoredItem<V>[]; readonly revision: number }>;
	/** Replace a value if the key is still at that revision. @throws STORE_CONFLICT, STORE_KEY_MISSING, STORE_VALUE_TOO_LARGE, STORE_UNAVAILABLE */
	update<V extends StoredValue>(key: string, value: V, expectedRevision: number): Promise<StoredItem<V>>;
	/** Delete a key, optionally only at that revision; answers with the last value and the revision of the deletion. @throws STORE_CONFLICT, STORE_KEY_MISSING, STORE_UNAVAILABLE */
	delete<V extends StoredValue>(key: string, expectedRevision?: number): Promise<StoredItem<V>>;
	/**
	 * Every change after a revision of keys that start with the prefix, in order, none missing and none twice, until the signal aborts
	 * (then the iteration ends without an error).
	 *
	 * @throws STORE_COMPACTED  the revision is older than the history that is kept
	 * @throws STORE_UNAVAILABLE  the connection was lost; watch again from the last revision seen
	 */
	watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncIterable<StoreEvent<V>>;
	/** Answers when the store can be read; @throws STORE_UNAVAILABLE */
	ping(): Promise<void>;
	close(): Promise<void>;
}

/** Where a store is and how to open it. */
export interface StoreOptions {
	/** `redis://host:port[/db]`, `rediss://host:port[/db]`, or `lmdb:DIRECTORY`. */
	readonly url: string;
	/** What this service's keys start with in a shared store; Redis Cluster keeps them in one slot. For example `registry`. */
	readonly keyspace: string;
	/** How many changes are kept for watches that resume; default 10,000. */
	readonly historyLength?: number;
	/** Redis ACL user. */
	readonly username?: string;
	/** The password itself, read from a file by the caller. */
	readonly password?: string;
	/** PEM; for `rediss:` only. */
	readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}
