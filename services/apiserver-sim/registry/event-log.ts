/** The last changes of the store in memory, with the values before and after each. */
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { CachedObject } from './cached-objects.ts';

export class CacheEvent {
	readonly revision: number;
	readonly key: string;
	/** Undefined for a deletion. */
	readonly current: CachedObject | undefined;
	/** Undefined for a creation, and if `isPreviousKnown` is false. */
	readonly previous: CachedObject | undefined;
	/** False for a change that was made before this process began. */
	readonly isPreviousKnown: boolean;
	#last: KubeObject | undefined;

	constructor(
		event: Pick<CacheEvent, 'revision' | 'key' | 'current' | 'previous'>,
		{ isPreviousKnown }: { readonly isPreviousKnown: boolean },
	) {
		this.revision = event.revision;
		this.key = event.key;
		this.current = event.current;
		this.previous = event.previous;
		this.isPreviousKnown = isPreviousKnown;
	}

	/** The object for a watcher that loses it: as it was, with the version of this change. */
	get last(): KubeObject | undefined {
		const object = (this.previous ?? this.current)?.object;
		if (object === undefined) return undefined;
		this.#last ??= { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } };
		return this.#last;
	}
	get bytes(): number {
		return (this.current?.bytes ?? 0) + (this.previous?.bytes ?? 0);
	}
}

export class EventLog {
	readonly #maxLength: number;
	readonly #maxBytes: number;
	#events: CacheEvent[] = [];
	#bytes = 0;
	/** Changes after this revision are here. */
	#start = 0;

	constructor(maxLength: number, maxBytes: number) {
		this.#maxLength = maxLength;
		this.#maxBytes = maxBytes;
	}

	get start(): number {
		return this.#start;
	}
	/** Forgets all; the next change has a later revision. */
	restart(revision: number): void {
		this.#events = [];
		[this.#bytes, this.#start] = [0, revision];
	}
	push(event: CacheEvent): void {
		this.#events.push(event);
		this.#bytes += event.bytes;
		while (this.#events.length > this.#maxLength || this.#bytes > this.#maxBytes) {
			const oldest = this.#events.shift();
			if (oldest === undefined) break;
			this.#bytes -= oldest.bytes;
			this.#start = oldest.revision;
		}
	}
	/** The changes after a revision, which is not before `start`, oldest first. */
	since(revision: number): CacheEvent[] {
		let [low, high] = [0, this.#events.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
			else high = middle;
		}
		return this.#events.slice(low);
	}
}
