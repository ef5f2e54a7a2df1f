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
/** The maximum delay of setTimeout; a later key is scheduled again then. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** @param work  reconciles the object of the key; throws to be retried later */
export function startWorkQueue(
	name: string,
	work: (key: string) => Promise<void>,
	log: Log,
	observe: ObserveQueue = unobserved,
	concurrency = 8,
): WorkQueue {
	const observer = observe(name);
	/** The time since which each key waits. */
	const waiting = new Map<string, number>();
	const running = new Map<string, Promise<void>>();
	const failures = new Map<string, number>();
	const timers = new Map<string, { timer: NodeJS.Timeout; dueMs: number }>();
	let closed = false;

	function add(key: string, afterMs = 0): void {
		if (closed) return;
		if (afterMs > 0) {
			later(key, afterMs);
			return;
		}
		if (!waiting.has(key)) {
			waiting.set(key, performance.now());
			observer.added();
		}
		next();
	}
	function later(key: string, afterMs: number): void {
		observer.retried();
		const dueMs = performance.now() + afterMs;
		const pending = timers.get(key);
		if (pending !== undefined && pending.dueMs <= dueMs) return;
		clearTimeout(pending?.timer);
		const timer = setTimeout(
			() => {
				timers.delete(key);
				add(key);
			},
			Math.min(afterMs, LONGEST_TIMER_MS),
		);
		timers.set(key, { timer, dueMs });
	}
	function next(): void {
		for (const [key, sinceMs] of waiting) {
			if (closed || running.size >= concurrency) return;
			if (running.has(key)) continue;
			waiting.delete(key);
			running.set(key, run(key, sinceMs));
		}
	}
	async function run(key: string, sinceMs: number): Promise<void> {
		const ended = observer.started(performance.now() - sinceMs);
		try {
			await work(key);
			failures.delete(key);
		} catch (error) {
			// Work that the end of the queue interrupts is no failure.
			if (closed) return;
			const count = (failures.get(key) ?? 0) + 1;
			failures.set(key, count);
			const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS);
			log.warn({ queue: name, key, retryMs, ...errorFields(error) }, 'did not work; trying again');
			later(key, retryMs);
		} finally {
			ended();
			running.delete(key);
			next();
		}
	}
	return {
		add,
		async close() {
			closed = true;
			for (const { timer } of timers.values()) clearTimeout(timer);
			await Promise.all(running.values());
		},
	};
}
