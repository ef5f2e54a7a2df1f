/** Asking again until there is an answer or no time is left, with a sentence whenever there is something to wait for. */
import pRetry from 'p-retry';

export interface PollOptions {
	readonly retryMs: number;
	readonly timeoutMs: number;
	/** Gives up. */
	readonly signal?: AbortSignal;
	/** Called with why there was no answer, once for each new reason. */
	readonly say: (reason: string) => void;
	/** Whether asking again can help; default always. */
	readonly isWorthwhile?: (error: Error) => boolean;
}

/** @throws the last failure, or the reason of the abort */
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
		...(signal === undefined ? {} : { signal }),
		shouldRetry: ({ error }) => isWorthwhile(error),
		onFailedAttempt({ error }) {
			if (signal?.aborted || !isWorthwhile(error) || error.message === said) return;
			said = error.message;
			say(said);
		},
	});
}
