/**
 * The store on Redis, for services with several replicas. Every change is one script; history is a stream. Commands of
 * one tick are sent together. Nothing is queued while Redis is unavailable: a caller receives STORE_UNAVAILABLE at
 * once.
 */
import { hasCode, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Attributes } from '../trace.ts';
import { checkKey, isStorable, parseStored, recordHead, valueText } from './keys.ts';
import { pagesOf } from './pages.ts';
import { connectRedis, connectTail, type RedisConnection, unavailable } from './redis-connection.ts';
import { type RedisKeys, redisKeys } from './redis-scripts.ts';
import { readEntry, startTail, type Tail } from './redis-tail.ts';
import type { Listed, PageOptions, Store, StoredItem, StoredValue, StoreEvent, StoreOptions } from './store.ts';
import { redactUrl } from './url.ts';
import { defaultHistoryLength, pageAfter, pageLength } from './watchers.ts';

/**
 * Another program can have written to Redis. Without the checks, a record that the scripts cannot read would exist for
 * a reader and be missing for a writer.
 *
 * @throws STORE_UNAVAILABLE
 */
function readItem<V extends StoredValue>(store: string, key: string, text: string): StoredItem<V> {
	try {
		const { r, v } = parseStored(text);
		const isOfScripts = text.startsWith(recordHead(r)) && text.endsWith('}');
		if (isOfScripts && typeof v === 'object' && v !== null) return { key, value: v, revision: r };
	} catch {
		// It is no JSON.
	}
	throw unavailable(store, new Error(`the record of the key ${key} was not written by kubejoin`));
}

function refusal(
	key: string,
	expectedRevision: number,
	outcome: string | undefined,
	found: string | undefined,
): KubejoinError {
	if (outcome === 'exists') return new KubejoinError('STORE_KEY_EXISTS', { key });
	if (outcome === 'missing') return new KubejoinError('STORE_KEY_MISSING', { key });
	return new KubejoinError('STORE_CONFLICT', { key, expectedRevision, foundRevision: Number(found) });
}

/**
 * A store acknowledges a token or a certificate request only when it is on the disk, so Redis must write each change
 * before it answers.
 *
 * @throws STORE_NOT_DURABLE, STORE_UNAVAILABLE
 */
async function requireDurable(store: string, ask: RedisConnection['ask']): Promise<void> {
	let settings: Readonly<Record<string, string>>;
	try {
		settings = await ask((client) => client.configGet('append*'));
	} catch (error) {
		if (!hasCode(error, 'STORE_UNAVAILABLE') || !/^NOPERM/.test(error.details.problem as string)) throw error;
		throw new KubejoinError(
			'STORE_NOT_DURABLE',
			{ store, problem: 'its user may not read the settings' },
			{ cause: error },
		);
	}
	const problems = Object.entries(durableSettings).flatMap(([setting, wanted]) =>
		settings[setting] === wanted ? [] : [`${setting} is ${settings[setting] ?? 'not set'}`],
	);
	if (problems.length > 0) throw new KubejoinError('STORE_NOT_DURABLE', { store, problem: problems.join(' and ') });
}
const durableSettings = { appendonly: 'yes', appendfsync: 'always' } as const;

/**
 * Opens a store on Redis 6.2 or later.
 *
 * @throws CONFIG_INVALID  the URL is invalid
 * @throws STORE_NOT_DURABLE  Redis can lose a write that it acknowledged
 * @throws STORE_UNAVAILABLE  Redis is unreachable for 5 s, refuses the credentials, or does not allow to read
 */
export async function openRedisStore(options: StoreOptions): Promise<Store> {
	const connection = await connectRedis(options);
	const store = new RedisStore(options, connection);
	try {
		await store.ping();
		await requireDurable(store.name, connection.ask);
	} catch (error) {
		await store.close();
		throw error;
	}
	return store;
}

class RedisStore implements Store {
	readonly name: string;
	readonly connection: () => Attributes;
	readonly #options: StoreOptions;
	readonly #keys: RedisKeys;
	readonly #historyLength: number;
	readonly #ask: RedisConnection['ask'];
	readonly #disconnect: RedisConnection['close'];
	#isClosed = false;
	#tail: Promise<Tail> | undefined;

	constructor(options: StoreOptions, { ask, close, describe }: RedisConnection) {
		this.connection = describe;
		this.name = redactUrl(options.url);
		this.#options = options;
		this.#keys = redisKeys(options.keyspace);
		this.#historyLength = options.historyLength ?? defaultHistoryLength;
		this.#ask = ask;
		this.#disconnect = close;
	}

	async create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>> {
		checkKey(key);
		const text = valueText(key, value);
		const [outcome, revision] = await this.#ask((client) =>
			client.createItem(this.#keys, key, text, String(this.#historyLength)),
		);
		if (outcome !== 'done') throw refusal(key, 0, outcome, revision);
		return { key, value, revision: Number(revision) };
	}
	async get<V extends StoredValue>(key: string, known?: StoredItem<V>): Promise<StoredItem<V> | undefined> {
		const text = isStorable(key) ? await this.#ask((client) => client.hGet(this.#keys.items, key)) : null;
		if (text === null) return undefined;
		return known !== undefined && text.startsWith(recordHead(known.revision)) ? known : readItem(this.name, key, text);
	}
	async list<V extends StoredValue>(prefix: string, page?: PageOptions): Promise<Listed<V>> {
		const maxBytes = page === undefined ? 0 : limits.listPageBytes.value;
		const bounds = [page?.after ?? '', String(page?.limit ?? -1), String(maxBytes)];
		// Sent together and answered in this order, so the history is read after the list.
		const [[revision, remaining, ...pairs]] = await Promise.all([
			this.#ask((client) => client.listItems(this.#keys, prefix, ...bounds)),
			page?.revision === undefined ? undefined : this.#readAfter(page.revision, 1),
		]);
		return { ...readPairs<V>(this.name, pairs), revision: Number(revision), remaining: Number(remaining) };
	}
	pages<V extends StoredValue>(prefix: string, limit?: number): AsyncIterable<Listed<V>> {
		return pagesOf(this, prefix, limit);
	}
	async update<V extends StoredValue>(key: string, value: V, expectedRevision: number): Promise<StoredItem<V>> {
		if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
		const text = valueText(key, value);
		const [outcome, revision] = await this.#ask((client) =>
			client.updateItem(this.#keys, key, text, String(this.#historyLength), String(expectedRevision)),
		);
		if (outcome !== 'done') throw refusal(key, expectedRevision, outcome, revision);
		return { key, value, revision: Number(revision) };
	}
	async delete<V extends StoredValue>(key: string, expectedRevision?: number): Promise<StoredItem<V>> {
		if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
		const expected = expectedRevision === undefined ? [] : [String(expectedRevision)];
		const [outcome, revision, lastValue] = await this.#ask((client) =>
			client.deleteItem(this.#keys, key, String(this.#historyLength), ...expected),
		);
		if (outcome !== 'done') throw refusal(key, expectedRevision ?? 0, outcome, revision);
		return { key, value: parseStored(lastValue ?? '{}'), revision: Number(revision) };
	}
	async *watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncGenerator<StoreEvent<V>> {
		if (signal.aborted) return;
		const opened = await this.#sharedTail().catch((error: unknown) => {
			if (!signal.aborted) throw error;
		});
		if (opened !== undefined) yield* opened.watchers.watch<V>(prefix, afterRevision, signal);
	}
	revision(): Promise<number> {
		return this.#revision();
	}
	async ping(): Promise<void> {
		await this.#revision();
	}
	async close(): Promise<void> {
		this.#isClosed = true;
		const opened = await this.#tail?.catch(() => undefined);
		opened?.close();
		await this.#disconnect();
	}

	async #revision(): Promise<number> {
		return Number((await this.#ask((client) => client.get(this.#keys.revision))) ?? 0);
	}
	async #readAfter(afterRevision: number, count = pageLength): Promise<readonly StoreEvent[]> {
		// Sent together and answered in this order, so the page is no older than the revision.
		const [revision, entries] = await Promise.all([
			this.#revision(),
			this.#ask((client) => client.xRange(this.#keys.history, `${afterRevision + 1}-0`, '+', { COUNT: count })),
		]);
		return pageAfter(afterRevision, (entries ?? []).map(readEntry), revision);
	}
	async #openTail(): Promise<Tail> {
		const afterRevision = await this.#revision();
		const client = await connectTail(this.#options);
		const opened = startTail(client, {
			store: this.name,
			keys: this.#keys,
			afterRevision,
			historyLength: this.#historyLength,
			readAfter: (revision) => this.#readAfter(revision),
			onEnd: () => {
				this.#tail = undefined;
			},
		});
		if (this.#isClosed) opened.close();
		return opened;
	}
	#sharedTail(): Promise<Tail> {
		this.#tail ??= this.#openTail().catch((error: unknown) => {
			this.#tail = undefined;
			throw error;
		});
		return this.#tail;
	}
}

/** @param pairs  key, item, key, item, … */
function readPairs<V extends StoredValue>(store: string, pairs: readonly string[]): Pick<Listed<V>, 'items' | 'bytes'> {
	const items: StoredItem<V>[] = [];
	let bytes = 0;
	for (let i = 0; i + 1 < pairs.length; i += 2) {
		const [key = '', json = ''] = pairs.slice(i, i + 2);
		bytes += Buffer.byteLength(json);
		items.push(readItem(store, key, json));
	}
	return { items, bytes };
}
