/**
 * Watching, shared by the backends: a watcher reads the history first and then receives live changes; its revision
 * marks the last change that it has seen. It must never give a watcher a change twice, out of order, or with one
 * missing before it.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { StoredValue, StoreEvent } from './store.ts';

/** How many changes are kept when the options do not say. */
export const defaultHistoryLength = limits.watchBacklog.value;

/** How many changes are read from the history at a time, each of which can have the size of the largest object. */
export const pageLength = 100;

/** Where a watcher finds what happened before it came. */
export interface History {
	/** The revision up to which changes have been published; every later one will be. */
	readonly position: () => number;
	/**
	 * The changes after a revision, oldest first, at most a page; none when there are none.
	 *
	 * @throws STORE_COMPACTED, STORE_UNAVAILABLE
	 */
	readonly readAfter: (revision: number) => Promise<readonly StoreEvent[]>;
}

export interface Watchers {
	/** True if there is no watcher. */
	readonly isIdle: () => boolean;
	/**
	 * Give changes to every watcher, in the order of their revisions. All watchers get the same objects: they must not
	 * change them.
	 */
	readonly publish: (events: readonly StoreEvent[]) => void;
	/** End every watcher, present and future, with an error. */
	readonly fail: (error: KubejoinError) => void;
	readonly watch: <V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	) => AsyncIterable<StoreEvent<V>>;
}

interface Watcher {
	readonly prefix: string;
	pending: StoreEvent[];
	failure: KubejoinError | undefined;
	wake: () => void;
}

const compacted = (requested: number, oldest: number) => new KubejoinError('STORE_COMPACTED', { requested, oldest });

/**
 * Check that a page of the history begins right after a revision.
 *
 * @param revision  of the store, read no later than the page
 * @returns the page
 * @throws STORE_COMPACTED  the next change was compacted, or the store is younger than the revision because it was
 *   emptied
 */
export function pageAfter(afterRevision: number, page: readonly StoreEvent[], revision: number): readonly StoreEvent[] {
	const next = page[0]?.revision ?? revision + 1;
	if (next !== afterRevision + 1) throw compacted(afterRevision, next - 1);
	return page;
}

const offer = (watcher: Watcher, events: readonly StoreEvent[], limit: number): void => {
	for (const event of events) if (event.key.startsWith(watcher.prefix)) watcher.pending.push(event);
	const oldest = watcher.pending[0];
	if (oldest !== undefined && watcher.pending.length > limit) {
		watcher.failure ??= compacted(oldest.revision - 1, events.at(-1)?.revision ?? oldest.revision);
		watcher.pending = [];
	}
	watcher.wake();
};

/**
 * The watchers of one store.
 *
 * @param limit  how many changes a watcher may be behind before it ends with STORE_COMPACTED
 */
export function createWatchers(history: History, limit: number): Watchers {
	const watchers = new Set<Watcher>();
	let failure: KubejoinError | undefined;

	async function* batches(
		watcher: Watcher,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncGenerator<readonly StoreEvent[]> {
		const liveAfter = history.position();
		let readUpTo = afterRevision;
		let page: readonly StoreEvent[];
		do {
			page = await history.readAfter(readUpTo);
			yield page;
			// A backend that answers at once would read all pages before other work runs.
			if (page.length > 0) await turn();
			readUpTo = page.at(-1)?.revision ?? readUpTo;
		} while (page.length > 0 && readUpTo < liveAfter);
		while (!signal.aborted) {
			const batch = watcher.pending;
			watcher.pending = [];
			yield batch;
			if (watcher.pending.length > 0 || signal.aborted) continue;
			if (watcher.failure !== undefined) throw watcher.failure;
			await new Promise<void>((resolve) => {
				watcher.wake = resolve;
			});
		}
	}

	async function* watch<V extends StoredValue>(
		prefix: string,
		afterRevision: number,
		signal: AbortSignal,
	): AsyncGenerator<StoreEvent<V>> {
		if (signal.aborted) return;
		const watcher: Watcher = { prefix, pending: [], failure, wake: () => {} };
		const stop = () => watcher.wake();
		watchers.add(watcher);
		signal.addEventListener('abort', stop, { once: true });
		let seen = afterRevision;
		try {
			for await (const batch of batches(watcher, afterRevision, signal)) {
				for (const event of batch) {
					if (signal.aborted) return;
					if (event.revision <= seen || !event.key.startsWith(prefix)) continue;
					seen = event.revision;
					yield event as StoreEvent<V>;
				}
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		} finally {
			signal.removeEventListener('abort', stop);
			watchers.delete(watcher);
		}
	}

	return {
		isIdle: () => watchers.size === 0,
		publish: (events) => {
			for (const watcher of watchers) offer(watcher, events, limit);
		},
		fail: (error) => {
			failure = error;
			for (const watcher of watchers) {
				watcher.failure ??= error;
				watcher.wake();
			}
		},
		watch,
	};
}
