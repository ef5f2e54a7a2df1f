/**
 * A queue of keys for a controller. One worker handles a key at a time; changes that arrive meanwhile cause one more
 * round, and a failed key is retried after a growing pause.
 * @source k8s.io/client-go util/workqueue: 5 ms doubling to 1,000 s upstream; here 200 ms to 30 s, because people watch
 */
import { errorFields, type Log } from '../log.ts';

export interface WorkQueue {
	/** Work on this key soon; `afterMs` from now if given. */
	readonly add: (key: string, afterMs?: number) => void;
	/** Stop taking keys and wait for the one being worked on. */
	readonly close: () => Promise<void>;
}

/** Observes the keys of a queue. */
export interface QueueObserver {
	/** A key waits that did not wait before. */
	readonly added: () => void;
	/** Work on a key begins. @returns to be called when it ends */
	readonly started: (waitedMs: number) => () => void;
	/** A key will be added later; upstream calls that a retry for any reason. */
	readonly retried: () => void;
}
/** @param name  of the queue */
export type ObserveQueue = (name: string) => QueueObserver;
const unobserved: ObserveQueue = () => ({
	added: () => undefined,
	started: () => () => undefined,
	retried: () => undefined,
});

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 30_000;
const MAX_RUNNING = 8;
/** The maximum delay of setTimeout; a later key is scheduled again then. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** @param work  reconciles the object of the key; throws to be retried later */
export const startWorkQueue = (
	name: string,
	work: (key: string) => Promise<void>,
	log: Log,
	observe: ObserveQueue = unobserved,
): WorkQueue => new KeyQueue(name, work, log, observe(name));

class KeyQueue implements WorkQueue {
	readonly #name: string;
	readonly #work: (key: string) => Promise<void>;
	readonly #log: Log;
	readonly #observer: QueueObserver;
	/** The time since which each key waits. */
	readonly #waiting = new Map<string, number>();
	readonly #running = new Map<string, Promise<void>>();
	readonly #failures = new Map<string, number>();
	readonly #timers = new Map<string, { timer: NodeJS.Timeout; dueMs: number }>();
	#closed = false;

	constructor(name: string, work: (key: string) => Promise<void>, log: Log, observer: QueueObserver) {
		this.#name = name;
		this.#work = work;
		this.#log = log;
		this.#observer = observer;
	}

	readonly add = (key: string, afterMs = 0): void => {
		if (this.#closed) return;
		if (afterMs > 0) {
			this.#addLater(key, afterMs);
			return;
		}
		if (!this.#waiting.has(key)) {
			this.#waiting.set(key, performance.now());
			this.#observer.added();
		}
		this.#startNext();
	};

	readonly close = async (): Promise<void> => {
		this.#closed = true;
		for (const { timer } of this.#timers.values()) clearTimeout(timer);
		await Promise.all(this.#running.values());
	};

	#addLater(key: string, afterMs: number): void {
		this.#observer.retried();
		const dueMs = performance.now() + afterMs;
		const pending = this.#timers.get(key);
		if (pending !== undefined && pending.dueMs <= dueMs) return;
		clearTimeout(pending?.timer);
		const timer = setTimeout(
			() => {
				this.#timers.delete(key);
				this.add(key);
			},
			Math.min(afterMs, LONGEST_TIMER_MS),
		);
		this.#timers.set(key, { timer, dueMs });
	}

	#startNext(): void {
		for (const [key, sinceMs] of this.#waiting) {
			if (this.#closed || this.#running.size >= MAX_RUNNING) return;
			if (this.#running.has(key)) continue;
			this.#waiting.delete(key);
			this.#running.set(key, this.#run(key, sinceMs));
		}
	}

	async #run(key: string, sinceMs: number): Promise<void> {
		const ended = this.#observer.started(performance.now() - sinceMs);
		try {
			await this.#work(key);
			this.#failures.delete(key);
		} catch (error) {
			// Work that the end of the queue interrupts is no failure.
			if (this.#closed) return;
			const count = (this.#failures.get(key) ?? 0) + 1;
			this.#failures.set(key, count);
			const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS);
			this.#log.warn({ queue: this.#name, key, retryMs, ...errorFields(error) }, 'did not work; trying again');
			this.#addLater(key, retryMs);
		} finally {
			ended();
			this.#running.delete(key);
			this.#startNext();
		}
	}
}
