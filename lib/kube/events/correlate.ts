/**
 * Keeps the number of events small: an event that occurs again is counted, many similar events become one, and one
 * object has few events.
 *
 * @source client-go/tools/record/events_cache.go
 */
import { LRUCache } from 'lru-cache';
import { type Clock, rfc3339 } from '../../clock.ts';
import { limits } from '../../limits.ts';
import type { Event } from '../types.ts';

/** With `max` in place of `maxSize`, the caches of each correlator would take 280 KB while they are empty. */
const CACHE = { maxSize: limits.correlatedEvents.value, sizeCalculation: () => 1 };
/** Events with so many different messages in the interval are combined. */
const MAX_SIMILAR = 10;
const SIMILAR_INTERVAL_MS = 600_000;
/** A source sends so many events about one object, and then one in each refill interval. */
const BURST = 25;
const REFILL_MS = 300_000;

interface Observed {
	readonly name: string;
	readonly count: number;
	readonly firstTimestamp: string;
}
export interface Correlated {
	/** With the name and the count of its earlier occurrences. */
	readonly event: Event;
	/** For the event that exists already. */
	readonly patch: object | undefined;
}

export class EventCorrelator {
	readonly #clock: Clock;
	readonly #similar = new LRUCache<string, { readonly messages: Set<string>; readonly lastMs: number }>(CACHE);
	readonly #observed = new LRUCache<string, Observed>(CACHE);
	readonly #tokens = new LRUCache<string, { readonly left: number; readonly atMs: number }>(CACHE);

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/**
	 * @param newName  of an event that combines several
	 * @returns undefined if the source has sent too many events about the object
	 */
	correlate(event: Event, newName: () => string): Correlated | undefined {
		const [combined, key] = this.#combined(event, newName);
		const correlated = this.#counted(combined, key);
		return this.#isAllowed(combined) ? correlated : undefined;
	}

	/** The server has written the event. */
	written(event: Event): void {
		const { metadata, count = 1, firstTimestamp } = event;
		this.#observed.set(eventKey(event), { name: metadata.name ?? '', count, firstTimestamp: firstTimestamp ?? '' });
	}

	#combined(event: Event, newName: () => string): [Event, string] {
		const now = this.#clock();
		const key = similarKey(event);
		const known = this.#similar.get(key);
		const isRecent = known !== undefined && now - known.lastMs <= SIMILAR_INTERVAL_MS;
		const messages = isRecent ? known.messages : new Set<string>();
		messages.add(event.message ?? '');
		this.#similar.set(key, { messages, lastMs: now });
		if (messages.size < MAX_SIMILAR) return [event, eventKey(event)];
		for (const oldest of messages) {
			messages.delete(oldest);
			break;
		}
		const { reportingComponent: _component, reportingInstance: _instance, ...kept } = event;
		const timestamp = rfc3339(now);
		return [
			{
				...kept,
				metadata: { name: newName(), namespace: event.metadata.namespace ?? '' },
				...{ count: 1, firstTimestamp: timestamp, lastTimestamp: timestamp },
				message: `(combined from similar events): ${event.message}`,
			},
			key,
		];
	}

	#counted(event: Event, key: string): Correlated {
		const known = this.#observed.get(key);
		const name = known?.name ?? event.metadata.name ?? '';
		const firstTimestamp = known?.firstTimestamp ?? event.firstTimestamp ?? '';
		const count = (known?.count ?? 0) + 1;
		this.#observed.set(key, { name, count, firstTimestamp });
		const counted = { ...event, metadata: { ...event.metadata, name }, firstTimestamp, count };
		const { lastTimestamp = null, message = '' } = event;
		return { event: counted, patch: known === undefined ? undefined : { count, lastTimestamp, message } };
	}

	#isAllowed(event: Event): boolean {
		const now = this.#clock();
		const key = sourceKey(event);
		const { left, atMs } = this.#tokens.get(key) ?? { left: BURST, atMs: now };
		const refilled = Math.min(left + Math.max(now - atMs, 0) / REFILL_MS, BURST);
		const isAllowed = refilled >= 1;
		this.#tokens.set(key, { left: isAllowed ? refilled - 1 : refilled, atMs: now });
		return isAllowed;
	}
}

function sourceKey({ source, involvedObject: object, type }: Event): string {
	const { kind, namespace, name, uid, apiVersion } = object ?? {};
	return JSON.stringify([source?.component, source?.host, kind, namespace, name, uid, apiVersion, type]);
}
const similarKey = (event: Event): string => JSON.stringify([sourceKey(event), event.reason]);
const eventKey = (event: Event): string =>
	JSON.stringify([sourceKey(event), event.involvedObject?.fieldPath, event.reason, event.message]);
