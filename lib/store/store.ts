/**
 * The contract of every store: JSON objects under string keys, a single growing revision, and watches that resume, as
 * etcd has. Two backends, Redis and LMDB, keep the one contract in `store.contract.ts`. No backend is named outside
 * `open.ts`.
 */
import type { Attributes } from '../trace.ts';

/** A JSON object. A store returns the same object, apart from the order of its fields. */
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
	/**
	 * Of the first page. Later pages are of the latest revision; a watch from this revision reports the changes since
	 * then.
	 */
	readonly revision?: number;
}
export interface Listed<V extends StoredValue = StoredValue> {
	readonly items: readonly StoredItem<V>[];
	/** The revision of this state. */
	readonly revision: number;
	/** How many items follow after this page; 0 when all were asked for. */
	readonly remaining: number;
	readonly bytes: number;
}

export interface Store {
	/** For messages; no credentials in it: `redis://host:6379` or `lmdb:/path`. */
	readonly name: string;
	/** Of its connection, for spans; absent: no command leaves the program. */
	readonly connection?: () => Attributes;

	/** @throws STORE_KEY_EXISTS, STORE_KEY_INVALID, STORE_VALUE_TOO_LARGE, STORE_UNAVAILABLE */
	create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>>;
	/**
	 * @param known  returned as it is if the key is still at its revision, because reading a value costs more than
	 *   comparing its revision
	 * @throws STORE_UNAVAILABLE
	 */
	get<V extends StoredValue>(key: string, known?: StoredItem<V>): Promise<StoredItem<V> | undefined>;
	/**
	 * The items whose key starts with the prefix, by key: all, or one page of them.
	 *
	 * @throws STORE_COMPACTED  changes since the revision of the first page are gone, so a watch from there would be
	 *   incomplete
	 * @throws STORE_UNAVAILABLE
	 */
	list<V extends StoredValue>(prefix: string, page?: PageOptions): Promise<Listed<V>>;
	/**
	 * All items of a prefix, page by page; other work runs between the pages. Watch from the revision, which is that of
	 * the first page, to receive the changes since then; items of later pages can be newer.
	 *
	 * @param limit  of each page; default 500
	 * @throws STORE_COMPACTED  a watch from there would be incomplete: list again
	 * @throws STORE_UNAVAILABLE
	 */
	pages<V extends StoredValue>(prefix: string, limit?: number): AsyncIterable<Listed<V>>;
	/**
	 * Replace a value if the key is still at that revision.
	 *
	 * @throws STORE_CONFLICT, STORE_KEY_MISSING, STORE_VALUE_TOO_LARGE, STORE_UNAVAILABLE
	 */
	update<V extends StoredValue>(key: string, value: V, expectedRevision: number): Promise<StoredItem<V>>;
	/**
	 * Deletes a key, optionally only at that revision; returns the last value and the revision of the deletion.
	 *
	 * @throws STORE_CONFLICT, STORE_KEY_MISSING, STORE_UNAVAILABLE
	 */
	delete<V extends StoredValue>(key: string, expectedRevision?: number): Promise<StoredItem<V>>;
	/**
	 * Every change after a revision of keys that start with the prefix, in order, none missing and none twice, until the
	 * signal aborts (then the iteration ends without an error).
	 *
	 * @throws STORE_COMPACTED  the revision is older than the history that is kept
	 * @throws STORE_UNAVAILABLE  the connection was lost; watch again from the last revision seen
	 */
	watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncIterable<StoreEvent<V>>;
	/** That of the last change; 0 before the first. @throws STORE_UNAVAILABLE */
	revision(): Promise<number>;
	/** Answers when the store can be read; @throws STORE_UNAVAILABLE */
	ping(): Promise<void>;
	close(): Promise<void>;
}

/** Where a store is and how to open it. */
export interface StoreOptions {
	/** `redis://host:port[/db]`, `rediss://host:port[/db]`, or `lmdb:DIRECTORY`. */
	readonly url: string;
	/** Prefix of this service's keys in a shared store, for example `registry`. Redis Cluster keeps them in one slot. */
	readonly keyspace: string;
	/** How many changes are kept for watches that resume; default 10,000. */
	readonly historyLength?: number;
	readonly username?: string;
	/** The password itself, read from a file by the caller. */
	readonly password?: string;
	/** PEM; for `rediss:` only. */
	readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}
