/** Retries an operation until it succeeds or the time is over, and repeats a watch until a signal aborts. */
import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';

export interface PollOptions {
	readonly retryMs: number;
	readonly timeoutMs: number;
	readonly signal?: AbortSignal;
	/** Called with the reason of a failure, once for each new reason. */
	readonly say: (reason: string) => void;
	/** Whether a retry can help; default: always. */
	readonly isWorthwhile?: (error: Error) => boolean;
}

/** @throws the last error, or the reason of the abort */
export async function poll<T>(
	attempt: () => Promise<T>,
	{ retryMs, timeoutMs, signal, say, isWorthwhile = () => true }: PollOptions,
): Promise<T> {
	let said = '';
	return pRetry(attempt, {
		retries: Number.POSITIVE_INFINITY,
		factor: 1,
		minTimeout: retryMs,
		maxTimeout: retryMs,
		maxRetryTime: timeoutMs,
		signal,
		shouldRetry: ({ error }) => isWorthwhile(error),
		onFailedAttempt({ error }) {
			if (signal?.aborted || !isWorthwhile(error) || error.message === said) return;
			said = error.message;
			say(said);
		},
	});
}

class NotDone<T> extends Error {
	readonly result: T;

	constructor(result: T) {
		super('the result is not the wanted one');
		this.result = result;
	}
}

/**
 * Repeat `look` until `isDone` accepts its result or the time is over. It looks at least once.
 *
 * @returns the last result @throws a failure of `look`, or the reason of the abort
 */
export async function pollUntil<T>(
	look: () => Promise<T>,
	isDone: (result: T) => boolean,
	{
		retryMs,
		timeoutMs,
		signal,
	}: Pick<PollOptions, 'retryMs' | 'timeoutMs'> & { readonly signal?: AbortSignal | undefined },
): Promise<T> {
	async function attempt(): Promise<T> {
		const result = await look();
		if (isDone(result)) return result;
		throw new NotDone(result);
	}
	try {
		return await poll(attempt, {
			...{ retryMs, timeoutMs, say: () => undefined },
			signal,
			isWorthwhile: (error) => error instanceof NotDone,
		});
	} catch (error) {
		if (error instanceof NotDone) return error.result as T;
		throw error;
	}
}

/** Resolves after the time, or when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export interface RepeatOptions {
	readonly signal: AbortSignal;
	/** Called when a watch has ended, before the pause. An error that it throws ends the repetition. */
	readonly onEnded: (error: unknown, retryMs: number) => void;
	/** The first pause; the next ones double. */
	readonly minRetryMs?: number;
	readonly maxRetryMs?: number;
	readonly pause?: Pause;
}

export const pauseFor: Pause = (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined);

/**
 * Repeats a watch, which ends when its server or the connection does, until it returns a result or the signal aborts.
 * The pauses double, and begin with the shortest after `markAlive` or a watch that was longer than the longest pause.
 *
 * @returns the result; undefined after an abort
 */
export async function repeatWatch<T>(
	watch: (markAlive: () => void) => Promise<T | undefined>,
	{ signal, onEnded, minRetryMs = 200, maxRetryMs = 5_000, pause = pauseFor }: RepeatOptions,
): Promise<T | undefined> {
	let retryMs = minRetryMs;
	const markAlive = () => {
		retryMs = minRetryMs;
	};
	while (!signal.aborted) {
		const lasts = setTimeout(markAlive, maxRetryMs);
		let failure: unknown;
		try {
			const result = await watch(markAlive);
			if (result !== undefined) return result;
		} catch (error) {
			failure = error;
		} finally {
			clearTimeout(lasts);
		}
		if (signal.aborted) break;
		onEnded(failure, retryMs);
		await pause(retryMs, signal);
		retryMs = Math.min(retryMs * 2, maxRetryMs);
	}
	return undefined;
}
