/** The time that a request may take. @source apiserver/pkg/server/filters/timeout.go */
import { KubejoinError } from '../../../lib/errors.ts';
import type { RequestLifetime } from '../request/lifetime.ts';

interface Work {
	readonly timeoutMs: number;
	readonly late: () => void;
	isDone: boolean;
	timer?: NodeJS.Timeout;
}

/** Ends requests that take too long. Most end in the turn in which they began: only the other ones have a timer. */
export class Deadlines {
	#begun: Work[] = [];

	/**
	 * Ends the request, and with it its work, when the time is over.
	 *
	 * @throws API_REQUEST_TIMEOUT  and the work may end later
	 */
	within<T>(request: RequestLifetime, timeoutMs: number, work: Promise<T>): Promise<T> {
		return new Promise((resolve, reject) => {
			const begun = this.#begin(timeoutMs, () => {
				reject(new KubejoinError('API_REQUEST_TIMEOUT', {}));
				request.end();
			});
			work.then(
				(result) => {
					end(begun);
					resolve(result);
				},
				(error: unknown) => {
					end(begun);
					reject(error);
				},
			);
		});
	}

	#begin(timeoutMs: number, late: () => void): Work {
		if (this.#begun.length === 0) setImmediate(() => this.#startTimers());
		const work = { timeoutMs, late, isDone: false };
		this.#begun.push(work);
		return work;
	}

	#startTimers(): void {
		const begun = this.#begun;
		this.#begun = [];
		for (const work of begun) if (!work.isDone) work.timer = setTimeout(work.late, work.timeoutMs);
	}
}

function end(work: Work): void {
	work.isDone = true;
	clearTimeout(work.timer);
}
