/** The time that a request may take. @source apiserver/pkg/server/filters/timeout.go */
import { KubejoinError } from '../../../lib/errors.ts';

/** Of an abort. One for all: a DOMException for each request costs as much as a read. */
export const requestEnded = new Error('the request has ended');

/**
 * Aborts a request, and with it its work, when the time is over.
 *
 * @throws API_REQUEST_TIMEOUT  and the work may end later
 */
export async function withDeadline<T>(request: AbortController, timeoutMs: number, work: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => {
			reject(new KubejoinError('API_REQUEST_TIMEOUT', {}));
			request.abort(requestEnded);
		}, timeoutMs);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}
