/** A request of a join is retried while a service is unavailable, and never after a refusal: a refusal is an answer. */
import { hasCode } from '../../../lib/errors.ts';
import { poll } from '../../../lib/poll.ts';
import type { JoinContext } from './join-context.ts';

const isUnavailable = (error: Error): boolean =>
	hasCode(error, 'CONNECTION_REFUSED', 'CALL_FAILED', 'DEADLINE_EXCEEDED', 'SHUTTING_DOWN') ||
	hasCode(error, 'STORE_UNAVAILABLE', 'AUTHENTICATOR_UNAVAILABLE');

const MAX_RETRY_MS = 1_000;

export interface RetryOptions {
	readonly timeoutMs: number;
	/** Begins the sentence that names the problem: `[kubelet] Waiting for the API server to take the Node`. */
	readonly waiting: string;
}

/** @throws the refusal, or after the timeout the last problem */
export const retryWhileUnavailable = <T>(
	request: () => Promise<T>,
	{ timeoutMs, waiting }: RetryOptions,
	{ retryMs, signal, say }: Pick<JoinContext, 'retryMs' | 'signal' | 'say'>,
): Promise<T> =>
	poll(request, {
		retryMs: Math.min(retryMs, MAX_RETRY_MS),
		timeoutMs,
		signal,
		isWorthwhile: isUnavailable,
		say: (problem) => say(`${waiting}: ${problem}`),
	});
