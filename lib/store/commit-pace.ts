/**
 * When the next commit may begin. A commit costs a flush, pages and several turns between threads, whether it has one
 * change or ten: under load, changes wait for each other. A client that writes one after another does not wait, because
 * nothing would share its commits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ElapsedMs } from '../metrics.ts';

/** Changes that do not wait, on average. */
const PER_SECOND = 250;
/** More changes that do not wait after a pause, and fewer after a time with more of them. */
const BURST = 25;
/** From the first change that waits to the commit. */
const WAIT_MS = 10;

export class CommitPace {
	readonly #elapsedMs: ElapsedMs;
	readonly #sleep: (ms: number) => Promise<void>;
	/** Negative: there were more changes than do not wait. */
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
		this.#count();
		if (this.#next !== undefined) return this.#next;
		if (this.#isOpen) return undefined;
		if (this.#left >= 0) {
			this.#open();
			return undefined;
		}
		this.#next = this.#sleep(WAIT_MS).then(() => {
			this.#next = undefined;
			this.#open();
		});
		return this.#next;
	}

	#count(): void {
		const nowMs = this.#elapsedMs();
		const earned = ((nowMs - this.#sinceMs) * PER_SECOND) / 1_000;
		this.#left = Math.max(Math.min(this.#left + earned, BURST) - 1, -BURST);
		this.#sinceMs = nowMs;
	}

	#open(): void {
		this.#isOpen = true;
		setImmediate(() => {
			this.#isOpen = false;
		});
	}
}
