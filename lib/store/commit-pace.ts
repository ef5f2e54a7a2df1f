/**
 * When the next commit may begin. A commit costs a flush, pages and several turns between threads, whether it has one
 * change or ten: under load, changes wait for each other. The first ones after a pause do not wait.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ElapsedMs } from '../metrics.ts';

/** A commit in this time, on average. */
const INTERVAL_MS = 10;
/** Commits that do not wait. */
const BURST = 10;

export class CommitPace {
	readonly #elapsedMs: ElapsedMs;
	readonly #sleep: (ms: number) => Promise<void>;
	#left = BURST;
	#sinceMs: number;
	/** Further changes of this turn of the event loop share the commit. */
	#isOpen = false;
	#next: Promise<void> | undefined;

	constructor(elapsedMs: ElapsedMs, sleep: (ms: number) => Promise<void> = delay) {
		this.#elapsedMs = elapsedMs;
		this.#sleep = sleep;
		this.#sinceMs = elapsedMs();
	}

	/** Resolves when the change may be written; undefined: at once. Changes keep their order. */
	turn(): Promise<void> | undefined {
		if (this.#next !== undefined) return this.#next;
		if (this.#isOpen) return undefined;
		const nowMs = this.#elapsedMs();
		this.#left = Math.min(BURST, this.#left + (nowMs - this.#sinceMs) / INTERVAL_MS);
		this.#sinceMs = nowMs;
		this.#left -= 1;
		if (this.#left >= 0) {
			this.#open();
			return undefined;
		}
		this.#next = this.#sleep(-this.#left * INTERVAL_MS).then(() => {
			this.#next = undefined;
			this.#open();
		});
		return this.#next;
	}

	#open(): void {
		this.#isOpen = true;
		setImmediate(() => {
			this.#isOpen = false;
		});
	}
}
