/**
 * The store in a file, for one process: nothing to install and nothing to start. One file per keyspace, in a directory
 * of the owner's. A write is acknowledged only after it was committed and flushed. Two processes must never open the
 * same keyspace: their watchers would not hear of each other's changes.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { monotonicClock } from '../clock.ts';
import { causeText, KubejoinError } from '../errors.ts';
import { irregularity, isDiskFull, makeDirectories } from '../files.ts';
import { limits } from '../limits.ts';
import { CommitPace } from './commit-pace.ts';
import { checkKey, isStorable, parseStored, REVISION_AT, recordHead, valueText } from './keys.ts';
import { lmdbProblem } from './lmdb-check.ts';
import { pagesOf } from './pages.ts';
import type { Listed, PageOptions, Store, StoredItem, StoredValue, StoreEvent, StoreOptions } from './store.ts';
import { createWatchers, defaultHistoryLength, pageAfter, pageLength, type Watchers } from './watchers.ts';

interface ItemRecord {
	readonly revision: number;
	/** Parsed when it is needed: an update compares the revision only. */
	readonly value: () => StoredValue;
}
function readRecord(json: Uint8Array): ItemRecord {
	const text = Buffer.from(json).toString();
	const revision = Number.parseInt(text.slice(REVISION_AT), 10);
	return { revision, value: () => parseStored(text).v };
}
const itemOf = <V extends StoredValue>(key: Uint8Array, json: Uint8Array): StoredItem<V> => {
	const { revision, value } = readRecord(json);
	return { key: Buffer.from(key).toString(), value: value() as V, revision };
};

/** @param text  the JSON of the value, which the item has as well */
const eventText = (event: Omit<StoreEvent, 'value'>, text: string): string =>
	`${JSON.stringify(event).slice(0, -1)},"value":${text}}`;
const eventOf = (json: Uint8Array): StoreEvent => parseStored(Buffer.from(json).toString());

/** @param json  the shared buffer of LMDB, which can be longer than the record */
function isOfRevision(json: Uint8Array | undefined, revision: number): boolean {
	if (json === undefined) return false;
	const head = recordHead(revision);
	for (let at = 0; at < head.length; at++) if (json[at] !== head.charCodeAt(at)) return false;
	return true;
}

/** Of a record in the shared buffer of LMDB. */
function revisionIn(json: Uint8Array): number {
	let revision = 0;
	for (let at = REVISION_AT; isDigit(json[at]); at++) revision = revision * 10 + Number(json[at]) - ZERO;
	return revision;
}
const [ZERO, NINE] = [0x30, 0x39];
const isDigit = (code = 0): boolean => code >= ZERO && code <= NINE;

interface Databases {
	/** Holds the revision, under `revision`, and the name of the keyspace, under `keyspace`. */
	readonly root: RootDatabase<number | string, string>;
	/**
	 * Keys as UTF-8, so that they are listed in the same order as in Redis; each record as JSON, whose length is known
	 * before it is parsed.
	 */
	readonly items: Database<Buffer, Uint8Array>;
	/** The last changes by revision, as JSON. */
	readonly history: Database<Uint8Array, number>;
}

/** Create a file that only the owner can read, or check that the existing one can be opened. @throws STORE_DAMAGED */
function prepareFile(path: string): void {
	const problem = irregularity(path);
	if (problem !== undefined) throw new KubejoinError('STORE_DAMAGED', { path, problem });
	closeSync(openSync(path, 'a+', 0o600));
}

/** @throws STORE_DAMAGED  LMDB itself would end the process by a signal */
function requireWhole(path: string): void {
	const problem = lmdbProblem(path);
	if (problem !== undefined) throw new KubejoinError('STORE_DAMAGED', { path, problem });
}

/**
 * Without overlappingSync a commit is acknowledged after the flush to disk, not before; noSync and its like would leave
 * the flush out; with eventTurnBatching a full disk would end the process by a rejection that cannot be caught.
 */
export const durability = {
	overlappingSync: false,
	eventTurnBatching: false,
	noSync: false,
	noMetaSync: false,
} as const;

function openDatabases(directory: string, keyspace: string, historyLength: number): Databases {
	makeDirectories(directory);
	const path = join(directory, `${keyspace}.mdb`);
	prepareFile(path);
	prepareFile(`${path}-lock`);
	requireWhole(path);
	const root = open<number | string, string>({ path, noSubdir: true, encoding: 'json', ...durability });
	const items = root.openDB<Buffer, Uint8Array>({ name: 'items', encoding: 'binary', keyEncoding: 'binary' });
	const history = root.openDB<Uint8Array, number>({ name: 'history', encoding: 'binary' });
	// Each write drops one old change; more are dropped here if fewer are to be kept than before.
	const surplus = Array.from(history.getKeys({ end: revisionOf(root) - historyLength + 1 }));
	root.transactionSync(() => {
		for (const revision of surplus) history.remove(revision);
		if (root.get('keyspace') === undefined) root.put('keyspace', keyspace);
	});
	const found = root.get('keyspace');
	if (found === keyspace) return { root, items, history };
	root.close();
	throw new KubejoinError('STORE_DAMAGED', { path, problem: `it is the store of ${found}` });
}

const revisionOf = (root: Databases['root']): number => Number(root.get('revision') ?? 0);

/** LMDB reports a full disk as an input/output error. */
function problemOfDisk(directory: string, error: unknown): string {
	const problem = causeText(error);
	return isDiskFull(directory) ? `no space is left on the disk of ${directory} (${problem})` : problem;
}

/** All items of a prefix, or one page. No UTF-8 text holds the byte 255, so it ends every prefix. */
function listed<V extends StoredValue>(
	items: Databases['items'],
	prefix: string,
	page: PageOptions | undefined,
): Omit<Listed<V>, 'revision'> {
	const end = Buffer.concat([Buffer.from(prefix), Buffer.of(0xff)]);
	const from = (key: string): Buffer => Buffer.concat([Buffer.from(key), Buffer.of(0)]);
	const start = page?.after === undefined ? Buffer.from(prefix || '\0') : from(page.after);
	const found: StoredItem<V>[] = [];
	let bytes = 0;
	for (const { key, value } of items.getRange({ start, end, ...(page === undefined ? {} : { limit: page.limit }) })) {
		if (page !== undefined && found.length > 0 && bytes + value.length > limits.listPageBytes.value) break;
		bytes += value.length;
		found.push(itemOf(key, value));
	}
	const last = found.at(-1)?.key;
	const isWhole = page === undefined || last === undefined;
	return { items: found, bytes, remaining: isWhole ? 0 : items.getKeysCount({ start: from(last), end }) };
}

/** The reason for a failed commit comes apart from the failure, as a promise. */
async function commitProblem(error: unknown): Promise<unknown> {
	if (!(error instanceof Error) || !('commitError' in error)) return error;
	return Promise.resolve(error.commitError).catch((reason: unknown) => reason);
}

/**
 * Opens a store in `lmdb:DIRECTORY`; creates the directory if it is missing.
 *
 * @throws STORE_UNAVAILABLE  the directory or the file in it cannot be created, read or written
 * @throws STORE_DAMAGED      the file is truncated, overwritten, or not LMDB's
 */
export async function openLmdbStore(options: StoreOptions): Promise<Store> {
	const historyLength = options.historyLength ?? defaultHistoryLength;
	const directory = options.url.slice('lmdb:'.length);
	try {
		const databases = openDatabases(directory, options.keyspace, historyLength);
		return new LmdbStore(options.url, directory, historyLength, databases);
	} catch (error) {
		throw error instanceof KubejoinError ? error : unavailable(options.url, directory, error);
	}
}

const unavailable = (store: string, directory: string, error: unknown): KubejoinError =>
	new KubejoinError('STORE_UNAVAILABLE', { store, problem: problemOfDisk(directory, error) }, { cause: error });

/** The kind of a change with its value; a deletion has no text to store. */
type Change = Pick<StoreEvent, 'type' | 'value'> & { readonly text?: string };
type Decide = (found: ItemRecord | undefined) => Change;

class LmdbStore implements Store {
	readonly name: string;
	readonly #directory: string;
	readonly #historyLength: number;
	#databases: Databases | undefined;
	/**
	 * The changes in transactions by their revision, as in the history, until the watchers have received them. The next
	 * write has the revision of one whose commit failed, and replaces it.
	 */
	readonly #unpublished = new Map<number, string>();
	/** The revision up to which the watchers have received the changes. */
	#published: number;
	#watchers: Watchers;
	readonly #pace = new CommitPace(monotonicClock);

	constructor(name: string, directory: string, historyLength: number, databases: Databases) {
		this.name = name;
		this.#directory = directory;
		this.#historyLength = historyLength;
		this.#databases = databases;
		this.#published = this.#revision();
		this.#watchers = this.#newWatchers();
	}

	async create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>> {
		checkKey(key);
		const text = valueText(key, value);
		return this.#change(key, (found) => {
			if (found !== undefined) throw new KubejoinError('STORE_KEY_EXISTS', { key });
			return { type: 'created', value, text };
		});
	}
	async get<V extends StoredValue>(key: string, known?: StoredItem<V>): Promise<StoredItem<V> | undefined> {
		const id = Buffer.from(key);
		if (known !== undefined && this.#read(({ items }) => isOfRevision(items.getBinaryFast(id), known.revision)))
			return known;
		const found = isStorable(key) ? this.#read(({ items }) => items.get(id)) : undefined;
		return found && itemOf<V>(id, found);
	}
	async list<V extends StoredValue>(prefix: string, page?: PageOptions): Promise<Listed<V>> {
		return this.#read(({ root, items }) => {
			const { revision: since } = page ?? {};
			const revision = revisionOf(root);
			if (since !== undefined) pageAfter(since, this.#eventsAfter(since, 1), revision);
			return { ...listed<V>(items, prefix, page), revision };
		});
	}
	pages<V extends StoredValue>(prefix: string, limit?: number): AsyncIterable<Listed<V>> {
		return pagesOf(this, prefix, limit);
	}
	async update<V extends StoredValue>(key: string, value: V, expectedRevision: number): Promise<StoredItem<V>> {
		if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
		const text = valueText(key, value);
		return this.#change(key, (found) => {
			requireRevision(key, found, expectedRevision);
			return { type: 'updated', value, text };
		});
	}
	async delete<V extends StoredValue>(key: string, expectedRevision?: number): Promise<StoredItem<V>> {
		if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
		return this.#change(key, (found) => ({
			type: 'deleted',
			value: requireRevision(key, found, expectedRevision).value(),
		}));
	}
	watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncIterable<StoreEvent<V>> {
		return this.#watchers.watch(prefix, afterRevision, signal);
	}
	async revision(): Promise<number> {
		return this.#revision();
	}
	async ping(): Promise<void> {
		this.#revision();
	}
	async close(): Promise<void> {
		const closing = this.#databases?.root;
		this.#databases = undefined;
		this.#watchers.fail(this.#unavailable(new Error('it is closed')));
		await closing?.close();
	}

	#unavailable(error: unknown): KubejoinError {
		return unavailable(this.name, this.#directory, error);
	}
	#read<T>(question: (open: Databases) => T): T {
		if (this.#databases === undefined) throw this.#unavailable(new Error('it is closed'));
		try {
			return question(this.#databases);
		} catch (error) {
			throw error instanceof KubejoinError ? error : this.#unavailable(error);
		}
	}
	#revision(): number {
		return this.#read(({ root }) => revisionOf(root));
	}
	/** At least one, if there is one: a page of large changes is shorter. */
	#eventsAfter(revision: number, limit: number): StoreEvent[] {
		return this.#read(({ history }) => {
			const events: StoreEvent[] = [];
			let bytes = 0;
			for (const { value } of history.getRange({ start: revision + 1, limit })) {
				bytes += value.length;
				if (events.length > 0 && bytes > limits.listPageBytes.value) break;
				events.push(eventOf(value));
			}
			return events;
		});
	}
	#newWatchers(): Watchers {
		const history = {
			position: () => this.#published,
			readAfter: async (revision: number) =>
				pageAfter(revision, this.#eventsAfter(revision, pageLength), this.#revision()),
		};
		return createWatchers(history, this.#historyLength);
	}

	/** Decides and writes in one transaction; all changes of a turn share a commit. */
	async #change<V extends StoredValue>(key: string, decide: Decide): Promise<StoredItem<V>> {
		const turn = this.#pace.turn();
		if (turn !== undefined) await turn;
		try {
			const item = await this.#read((open) => open.root.transaction(() => this.#write<V>(open, key, decide)));
			this.#publish(item.revision);
			return item;
		} catch (error) {
			throw error instanceof KubejoinError ? error : this.#unavailable(await commitProblem(error));
		}
	}
	#write<V extends StoredValue>({ root, items, history }: Databases, key: string, decide: Decide): StoredItem<V> {
		const id = Buffer.from(key);
		const stored = items.getBinaryFast(id);
		const { type, value, text } = decide(
			stored && {
				revision: revisionIn(stored),
				// The buffer is LMDB's, and has another record after the next read.
				value: () => readRecord(items.get(id) ?? stored).value(),
			},
		);
		const revision = revisionOf(root) + 1;
		root.put('revision', revision);
		const event = eventText({ type, key, revision }, text ?? JSON.stringify(value));
		history.put(revision, Buffer.from(event));
		this.#unpublished.set(revision, event);
		history.remove(revision - this.#historyLength);
		if (text === undefined) items.remove(id);
		else items.put(id, Buffer.from(`${recordHead(revision)}${text}}`));
		return { key, value: value as V, revision };
	}
	/** Watchers receive copies in the order of the revisions, and never the objects of the writers. */
	#publish(revision: number): void {
		if (revision <= this.#published) return;
		const after = this.#published;
		const texts: string[] = [];
		while (this.#published < revision) {
			this.#published++;
			const text = this.#unpublished.get(this.#published);
			this.#unpublished.delete(this.#published);
			if (text !== undefined) texts.push(text);
		}
		if (this.#watchers.isIdle()) return;
		const events = texts.map((text): StoreEvent => parseStored(text));
		try {
			this.#watchers.publish(pageAfter(after, events, revision));
		} catch (error) {
			this.#watchers.fail(error instanceof KubejoinError ? error : this.#unavailable(error));
			this.#watchers = this.#newWatchers();
		}
	}
}

/** @throws STORE_KEY_MISSING, STORE_CONFLICT */
function requireRevision(key: string, found: ItemRecord | undefined, expectedRevision: number | undefined): ItemRecord {
	if (found === undefined) throw new KubejoinError('STORE_KEY_MISSING', { key });
	const { revision: foundRevision } = found;
	if (expectedRevision !== undefined && foundRevision !== expectedRevision)
		throw new KubejoinError('STORE_CONFLICT', { key, expectedRevision, foundRevision });
	return found;
}
