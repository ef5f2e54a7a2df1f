/** Retries an operation until it succeeds or the time is over, and reports each new reason for a retry. */
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
			...(signal === undefined ? {} : { signal }),
			isWorthwhile: (error) => error instanceof NotDone,
		});
	} catch (error) {
		if (error instanceof NotDone) return error.result as T;
		throw error;
	}
}
