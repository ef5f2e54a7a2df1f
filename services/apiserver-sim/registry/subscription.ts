/** The changes that one watcher has yet to read. */
import { KubejoinError } from '../../../lib/errors.ts';
import type { CacheEvent } from './event-log.ts';

export interface Backlog {
	readonly changes: number;
	/** Of the objects before and after them. */
	readonly bytes: number;
}

export class Subscription {
	readonly #limit: Backlog;
	readonly #signal: AbortSignal;
	readonly #onEnd: (subscription: Subscription) => void;
	readonly #wakeUp = () => this.#wake();
	#pending: CacheEvent[] = [];
	#bytes = 0;
	#failure: unknown;
	#wake: () => void = () => undefined;

	/** @param limit  how far the watcher may be behind before it ends */
	constructor(limit: Backlog, signal: AbortSignal, onEnd: (subscription: Subscription) => void) {
		this.#limit = limit;
		this.#signal = signal;
		this.#onEnd = onEnd;
		signal.addEventListener('abort', this.#wakeUp, { once: true });
	}

	offer(events: readonly CacheEvent[]): void {
		if (this.#failure !== undefined) return;
		for (const event of events) {
			this.#pending.push(event);
			this.#bytes += event.bytes;
		}
		if (this.#pending.length > this.#limit.changes || this.#bytes > this.#limit.bytes) {
			const oldest = this.#pending[0]?.revision ?? 0;
			this.fail(
				new KubejoinError('STORE_COMPACTED', { requested: oldest - 1, oldest: events.at(-1)?.revision ?? oldest }),
			);
		}
		this.#wake();
	}

	fail(error: unknown): void {
		this.#failure ??= error;
		this.#pending = [];
		this.#onEnd(this);
		this.#wake();
	}

	/**
	 * The changes since the last call, at least one; undefined once the signal has aborted.
	 *
	 * @throws STORE_COMPACTED  the watcher is too slow
	 * @throws STORE_UNAVAILABLE
	 */
	async next(waitMs?: number): Promise<readonly CacheEvent[] | undefined> {
		while (this.#pending.length === 0) {
			if (this.#signal.aborted) return undefined;
			if (this.#failure !== undefined) throw this.#failure;
			if (!(await this.#changed(waitMs))) return [];
		}
		if (this.#signal.aborted) return undefined;
		const batch = this.#pending;
		[this.#pending, this.#bytes] = [[], 0];
		return batch;
	}

	/** False if nothing came in time. */
	#changed(waitMs: number | undefined): Promise<boolean> {
		return new Promise((resolve) => {
			const timer = waitMs === undefined ? undefined : setTimeout(() => resolve(false), waitMs).unref();
			this.#wake = () => {
				clearTimeout(timer);
				resolve(true);
			};
		});
	}

	close(): void {
		this.#signal.removeEventListener('abort', this.#wakeUp);
		this.#onEnd(this);
	}
}
