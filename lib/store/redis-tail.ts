/**
 * The one loop that reads new changes from a Redis stream and gives them to all watchers of a store.
 * It must never skip a revision: when it would, or when its connection is lost, it ends, and all its watchers with it.
 */
import type { KubejoinError } from '../errors.ts';
import { parseStored } from './keys.ts';
import { blockMs, type RedisClient, unavailable } from './redis-connection.ts';
import type { RedisKeys } from './redis-scripts.ts';
import type { StoreEvent } from './store.ts';
import { createWatchers, type History, pageAfter, pageLength, type Watchers } from './watchers.ts';

export interface Tail {
	readonly watchers: Watchers;
	readonly close: () => void;
}

interface StreamEntry {
	readonly id: string;
	readonly message: Readonly<Record<string, string>>;
}

/** A change as the scripts record it. */
export function readEntry({ id, message }: StreamEntry): StoreEvent {
	const { t: type, k: key = '', v = '{}' } = message;
	if (type !== 'created' && type !== 'updated' && type !== 'deleted')
		throw new Error(`the history has an entry ${id} that was not written by kubejoin`);
	return { type, key, value: parseStored(v), revision: Number.parseInt(id, 10) };
}

async function readNext(client: RedisClient, keys: RedisKeys, position: number): Promise<readonly StoreEvent[]> {
	const streams = await client.xRead({ key: keys.history, id: `${position}-0` }, { BLOCK: blockMs, COUNT: pageLength });
	const page = (streams?.[0]?.messages ?? []).map(readEntry);
	// After FLUSHALL revisions start again at zero, and XREAD would wait forever; this check finds a younger store.
	const revision = page.length > 0 ? position : Math.min(position, Number((await client.get(keys.revision)) ?? 0));
	return pageAfter(position, page, revision);
}

/**
 * Follow the changes after a revision until the connection ends.
 *
 * @param readAfter  reads older changes, for watchers that come with an older revision
 * @param onEnd      called once, after the watchers were notified
 */
export function startTail(
	client: RedisClient,
	settings: {
		store: string;
		keys: RedisKeys;
		afterRevision: number;
		historyLength: number;
		readAfter: History['readAfter'];
		onEnd: () => void;
	},
): Tail {
	let position = settings.afterRevision;
	const watchers = createWatchers({ position: () => position, readAfter: settings.readAfter }, settings.historyLength);
	const follow = async (): Promise<never> => {
		for (;;) {
			const events = await readNext(client, settings.keys, position);
			position = events.at(-1)?.revision ?? position;
			watchers.publish(events);
		}
	};
	follow().catch((error: unknown) => {
		client.destroy();
		const failure: KubejoinError = unavailable(settings.store, error);
		settings.onEnd();
		watchers.fail(failure);
	});
	return { watchers, close: () => client.destroy() };
}
