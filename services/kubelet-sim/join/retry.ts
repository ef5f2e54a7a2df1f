/** Retries a request of a join while a service is unavailable, but not after a refusal. */
import { hasCode } from '../../../lib/errors.ts';
import { poll } from '../../../lib/poll.ts';
import type { JoinContext } from './join-context.ts';

/** The API server or its store cannot be reached now; the error says nothing about an object. */
export const isUnavailable = (error: unknown): boolean =>
	hasCode(error, 'CONNECTION_REFUSED', 'CALL_FAILED', 'DEADLINE_EXCEEDED', 'SHUTTING_DOWN') ||
	hasCode(error, 'STORE_UNAVAILABLE', 'AUTHENTICATOR_UNAVAILABLE');

const MAX_RETRY_MS = 1_000;

export interface RetryOptions {
	readonly timeoutMs: number;
	/** The start of the printed sentence: `[kubelet] Waiting for the API server to create the Node`. */
	readonly waiting: string;
}

/** @throws the refusal, or the last problem after the timeout */
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
