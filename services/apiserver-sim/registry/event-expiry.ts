/**
 * Removes an event some time after its last write, as etcd does with the lease of an event. Several API servers can
 * remove the same event.
 *
 * @source pkg/registry/core/event/storage/storage.go TTLFunc
 */
import type { Clock } from '../../../lib/clock.ts';
import { ignoring } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { errorFields, type Log } from '../../../lib/log.ts';
import { pauseFor } from '../../../lib/poll.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type Follower, followObjects, type Replica } from './follow.ts';

/** The minimum of the setting: an event that appears between two looks has not expired at the second. */
const LONGEST_WAIT_MS = 60_000;
const SHORTEST_WAIT_MS = 1_000;

export interface EventExpiryOptions {
	readonly store: Store;
	readonly ttlMs: number;
	readonly clock: Clock;
}

/** The times of the last writes of all events, by their keys in the store. */
export class EventExpiry implements Replica<KubeObject> {
	readonly #options: EventExpiryOptions;
	readonly #writtenMs = new Map<string, number>();

	constructor(options: EventExpiryOptions) {
		this.#options = options;
	}

	set(key: string, event: KubeObject): void {
		this.#writtenMs.set(key, this.#lastWriteMs(event));
	}
	delete(key: string): void {
		this.#writtenMs.delete(key);
	}
	clear(): void {
		this.#writtenMs.clear();
	}

	/** @returns milliseconds until the next event expires @throws STORE_UNAVAILABLE */
	async removeExpired(signal: AbortSignal): Promise<number | undefined> {
		const { ttlMs, clock } = this.#options;
		let nextMs: number | undefined;
		for (const [key, writtenMs] of this.#writtenMs) {
			if (signal.aborted) return undefined;
			const leftMs = writtenMs + ttlMs - clock();
			if (leftMs <= 0) await this.#remove(key);
			else nextMs = Math.min(nextMs ?? leftMs, leftMs);
		}
		return nextMs;
	}

	/** Unless another write has renewed it. */
	async #remove(key: string): Promise<void> {
		const { store, ttlMs, clock } = this.#options;
		const found = await store.get<KubeObject>(key);
		if (found === undefined || this.#lastWriteMs(found.value) + ttlMs > clock()) return;
		await store.delete(key, found.revision).catch(ignoring('STORE_KEY_MISSING', 'STORE_CONFLICT'));
	}

	/** Each write with a change has its time in the managedFields. A time in the future counts as now. */
	#lastWriteMs({ metadata }: KubeObject): number {
		const { creationTimestamp, managedFields = [] } = metadata as KubeObject['metadata'] & {
			readonly managedFields?: readonly { readonly time?: string }[];
		};
		const times = [creationTimestamp, ...managedFields.map(({ time }) => time)];
		const known = times.map((time) => Date.parse(time ?? '')).filter((ms) => !Number.isNaN(ms));
		return Math.min(Math.max(0, ...known), this.#options.clock());
	}
}

/** Removes expired events until the signal aborts. */
export function startEventExpiry(options: EventExpiryOptions, signal: AbortSignal, log: Log): Follower {
	const expiry = new EventExpiry(options);
	const follower = followObjects(options.store, resources.events, expiry, signal, log);
	const run = async () => {
		while (!signal.aborted) {
			const waitMs = await expiry.removeExpired(signal).catch((error: unknown) => {
				log.warn(errorFields(error), 'waiting for the store to remove expired events');
				return undefined;
			});
			const boundedMs = Math.min(Math.max(waitMs ?? LONGEST_WAIT_MS, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
			await pauseFor(boundedMs, signal);
		}
	};
	return { ...follower, done: Promise.all([follower.done, run()]).then(() => undefined) };
}
