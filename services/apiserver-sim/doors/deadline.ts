/** The time that a request may take. @source apiserver/pkg/server/filters/timeout.go */
import { KubejoinError } from '../../../lib/errors.ts';

/**
 * Runs the work of a request with a signal that aborts when the caller has gone or the time is over.
 *
 * @throws API_REQUEST_TIMEOUT  and the work may end later
 */
export async function withDeadline<T>(
	gone: AbortSignal,
	timeoutMs: number,
	work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	// One controller and one timer: AbortSignal.any and AbortSignal.timeout cost more than a read.
	const aborter = new AbortController();
	const abort = () => aborter.abort();
	gone.addEventListener('abort', abort, { once: true });
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => {
			reject(new KubejoinError('API_REQUEST_TIMEOUT', {}));
			abort();
		}, timeoutMs);
	});
	try {
		return await Promise.race([work(aborter.signal), late]);
	} finally {
		clearTimeout(timer);
		gone.removeEventListener('abort', abort);
	}
}
