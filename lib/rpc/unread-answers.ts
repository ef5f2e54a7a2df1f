/**
 * Bounds the responses that clients do not receive: a client that announces no window, or reads nothing, keeps a stream
 * and its response in memory, and looks busy.
 */
import type { CountRefusal } from '../limits.ts';
import type { ElapsedMs } from '../metrics.ts';

export interface AnswerBounds {
	readonly unreadAnswers: number;
	readonly unreadAnswerMs: number;
}

interface Answer {
	readonly writableEnded: boolean;
	/** Bytes of the response for which the client has given no window. */
	readonly writableLength: number;
	readonly once: (event: 'close', listener: () => void) => unknown;
}
interface Connection {
	readonly destroyed: boolean;
	readonly destroy: () => unknown;
}
interface Entry {
	readonly connection: Connection;
	/** Since when the response waits for the client. */
	sinceMs?: number | undefined;
	waitingBytes: number;
}

const SWEEP_MS = 1_000;

export class UnreadAnswers {
	readonly #bounds: AnswerBounds;
	readonly #count: CountRefusal;
	readonly #elapsedMs: ElapsedMs;
	/** In the order of their begin. */
	readonly #open = new Map<Answer, Entry>();
	readonly #sweeping: NodeJS.Timeout;

	constructor(bounds: AnswerBounds, count: CountRefusal, elapsedMs: ElapsedMs) {
		this.#bounds = bounds;
		this.#count = count;
		this.#elapsedMs = elapsedMs;
		this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();
	}

	watch(answer: Answer, connection: Connection): void {
		this.#open.set(answer, { connection, waitingBytes: 0 });
		answer.once('close', () => this.#open.delete(answer));
	}

	/** Called once a second. A response of which a part was received since then does not wait. */
	sweep(): void {
		const nowMs = this.#elapsedMs();
		const unread: Entry[] = [];
		for (const [answer, entry] of this.#open) {
			const { writableEnded, writableLength } = answer;
			if (!writableEnded && writableLength === 0) entry.sinceMs = undefined;
			else if (entry.sinceMs === undefined || entry.waitingBytes !== writableLength) entry.sinceMs = nowMs;
			else if (nowMs - entry.sinceMs >= this.#bounds.unreadAnswerMs) this.#cut(entry, 'unreadAnswerTime');
			else if (!entry.connection.destroyed) unread.push(entry);
			entry.waitingBytes = writableLength;
		}
		let surplus = unread.length - this.#bounds.unreadAnswers;
		for (const entry of unread) {
			if (surplus <= 0) return;
			if (!entry.connection.destroyed) this.#cut(entry, 'unreadAnswers');
			surplus -= 1;
		}
	}

	stop(): void {
		clearInterval(this.#sweeping);
	}

	#cut({ connection }: Entry, limit: 'unreadAnswers' | 'unreadAnswerTime'): void {
		if (connection.destroyed) return;
		this.#count(limit);
		connection.destroy();
	}
}
