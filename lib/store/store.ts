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

export interface PageOptions {
	/** At most so many items; a page of large values is shorter, and holds one item at least. */
	readonly limit: number;
	/** Only keys after this one. */
	readonly after?: string;
	/** Of the first page: the later ones are of the latest revision, and a watch from this one tells what changed meanwhile. */
	readonly revision?: number;
}
export interface Listed<V extends StoredValue = StoredValue> {
	readonly items: readonly StoredItem<V>[];
	/** At which this was true. */
	readonly revision: number;
	/** How many items follow after this page; 0 when all were asked for. */
	readonly remaining: number;
	/** Of the values, as JSON. */
	readonly bytes: number;
}

export interface Store {
	/** For messages; no credentials in it: `redis://host:6379` or `lmdb:/path`. */
	readonly name: string;

	/** @throws STORE_KEY_EXISTS, STORE_KEY_INVALID, STORE_VALUE_TOO_LARGE, STORE_UNAVAILABLE */
	create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>>;
	/** @throws STORE_UNAVAILABLE */
	get<V extends StoredValue>(key: string): Promise<StoredItem<V> | undefined>;
	/**
	 * The items whose key starts with the prefix, by key: all, or one page of them.
	 *
	 * @throws STORE_COMPACTED  changes since the revision of the first page are no longer kept, so that a watch could not make up for them
	 * @throws STORE_UNAVAILABLE
	 */
	list<V extends StoredValue>(prefix: string, page?: PageOptions): Promise<Listed<V>>;
	/**
	 * All items of a prefix, page by page; other work has its turn between them. Watch from the revision, which is that of the first page, to see
	 * what changed meanwhile; items of later pages can be newer.
	 *
	 * @param limit  of each page; default 500
	 * @throws STORE_COMPACTED  so much changed meanwhile that a watch could not make up for it: begin again
	 * @throws STORE_UNAVAILABLE
	 */
	pages<V extends StoredValue>(prefix: string, limit?: number): AsyncIterable<Listed<V>>;
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
