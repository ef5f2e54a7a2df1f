/**
 * The store on Redis, for services with several replicas. Every change is one script; history is a stream.
 * Commands of one tick go out together. Nothing is queued while Redis is away: a caller hears STORE_UNAVAILABLE at once.
 */
import { hasCode, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { checkKey, isStorable, valueText } from './keys.ts';
import { pagesOf } from './pages.ts';
import { connectRedis, connectTail, type RedisConnection } from './redis-connection.ts';
import { redisKeys } from './redis-scripts.ts';
import { readEntry, startTail, type Tail } from './redis-tail.ts';
import type { PageOptions, Store, StoredItem, StoredValue, StoreEvent, StoreOptions } from './store.ts';
import { redactUrl } from './url.ts';
import { defaultHistoryLength, pageAfter, pageLength } from './watchers.ts';

const readItem = <V extends StoredValue>(key: string, text: string): StoredItem<V> => {
	const { r, v } = JSON.parse(text);
	return { key, value: v, revision: r };
};

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
 * A store acknowledges a token or a certificate request only when it is on the disk, so Redis must write each change before it answers.
 *
 * @throws STORE_NOT_DURABLE, STORE_UNAVAILABLE
 */
async function requireDurable(store: string, ask: RedisConnection['ask']): Promise<void> {
	let settings: Readonly<Record<string, string>>;
	try {
		settings = await ask((client) => client.configGet('append*'));
	} catch (error) {
		if (!hasCode(error, 'STORE_UNAVAILABLE') || !/^NOPERM/.test(error.facts.problem as string)) throw error;
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
 * Open a store on Redis 6.2 or later.
 *
 * @throws CONFIG_INVALID  the URL makes no sense
 * @throws STORE_NOT_DURABLE  Redis can lose a write that it acknowledged
 * @throws STORE_UNAVAILABLE  Redis cannot be reached within 5 s, refuses the credentials, or may not be read
 */
export async function openRedisStore(options: StoreOptions): Promise<Store> {
	const name = redactUrl(options.url);
	const keys = redisKeys(options.keyspace);
	const historyLength = options.historyLength ?? defaultHistoryLength;
	const keep = String(historyLength);
	const { ask, close } = await connectRedis(options);
	let isClosed = false;
	let tail: Promise<Tail> | undefined;

	const readRevision = async () => Number((await ask((client) => client.get(keys.revision))) ?? 0);

	const readAfter = async (afterRevision: number, count = pageLength): Promise<readonly StoreEvent[]> => {
		// Sent together, and answered in this order: the page is no older than the revision.
		const [revision, entries] = await Promise.all([
			readRevision(),
			ask((client) => client.xRange(keys.history, `${afterRevision + 1}-0`, '+', { COUNT: count })),
		]);
		return pageAfter(afterRevision, (entries ?? []).map(readEntry), revision);
	};

	const openTail = async (): Promise<Tail> => {
		const afterRevision = await readRevision();
		const client = await connectTail(options);
		const onEnd = () => {
			tail = undefined;
		};
		const opened = startTail(client, { store: name, keys, afterRevision, historyLength, readAfter, onEnd });
		if (isClosed) opened.close();
		return opened;
	};

	const sharedTail = (): Promise<Tail> => {
		tail ??= openTail().catch((error: unknown) => {
			tail = undefined;
			throw error;
		});
		return tail;
	};

	async function* watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncGenerator<StoreEvent<V>> {
		if (signal.aborted) return;
		const opened = await sharedTail().catch((error: unknown) => {
			if (!signal.aborted) throw error;
		});
		if (opened !== undefined) yield* opened.watchers.watch<V>(prefix, afterRevision, signal);
	}

	const store: Store = {
		name,
		create: async (key, value) => {
			checkKey(key);
			const text = valueText(key, value);
			const [outcome, revision] = await ask((client) => client.createItem(keys, key, text, keep));
			if (outcome !== 'done') throw refusal(key, 0, outcome, revision);
			return { key, value, revision: Number(revision) };
		},
		get: async (key) => {
			const text = isStorable(key) ? await ask((client) => client.hGet(keys.items, key)) : null;
			return text === null ? undefined : readItem(key, text);
		},
		list: async <V extends StoredValue>(prefix: string, page?: PageOptions) => {
			const maxBytes = page === undefined ? 0 : limits.listPageBytes.value;
			const bounds = [page?.after ?? '', String(page?.limit ?? -1), String(maxBytes)];
			// Sent together, and answered in this order: the history is looked at after the list.
			const [[revision, remaining, ...pairs]] = await Promise.all([
				ask((client) => client.listItems(keys, prefix, ...bounds)),
				page?.revision === undefined ? undefined : readAfter(page.revision, 1),
			]);
			const items: StoredItem<V>[] = [];
			let bytes = 0;
			for (let i = 0; i + 1 < pairs.length; i += 2) {
				const [key = '', json = ''] = pairs.slice(i, i + 2);
				bytes += Buffer.byteLength(json);
				items.push(readItem(key, json));
			}
			return { items, revision: Number(revision), remaining: Number(remaining), bytes };
		},
		pages: (prefix, limit) => pagesOf(store, prefix, limit),
		update: async (key, value, expectedRevision) => {
			if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
			const text = valueText(key, value);
			const [outcome, revision] = await ask((client) =>
				client.updateItem(keys, key, text, keep, String(expectedRevision)),
			);
			if (outcome !== 'done') throw refusal(key, expectedRevision, outcome, revision);
			return { key, value, revision: Number(revision) };
		},
		delete: async (key, expectedRevision) => {
			if (!isStorable(key)) throw new KubejoinError('STORE_KEY_MISSING', { key });
			const expected = expectedRevision === undefined ? [] : [String(expectedRevision)];
			const [outcome, revision, lastValue] = await ask((client) => client.deleteItem(keys, key, keep, ...expected));
			if (outcome !== 'done') throw refusal(key, expectedRevision ?? 0, outcome, revision);
			return { key, value: JSON.parse(lastValue ?? '{}'), revision: Number(revision) };
		},
		watch,
		ping: async () => {
			await readRevision();
		},
		close: async () => {
			isClosed = true;
			const opened = await tail?.catch(() => undefined);
			opened?.close();
			await close();
		},
	};

	try {
		await store.ping();
		await requireDurable(name, ask);
	} catch (error) {
		await store.close();
		throw error;
	}
	return store;
}
