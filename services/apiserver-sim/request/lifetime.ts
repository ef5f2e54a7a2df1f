/** The time from the arrival of a request to its end. */

/** Of an abort. One for all: a DOMException for each request costs as much as a read. */
const requestEnded = new Error('the request has ended');

/** Aborts when the caller has gone, or the time of the request is over. */
export interface Lifetime {
	readonly signal: AbortSignal;
}

/** Makes the signal when the work of the request needs it: few requests outlive their first turn of the event loop. */
export class RequestLifetime implements Lifetime {
	#aborter: AbortController | undefined;
	#hasEnded = false;

	get signal(): AbortSignal {
		if (this.#aborter === undefined) {
			this.#aborter = new AbortController();
			if (this.#hasEnded) this.#aborter.abort(requestEnded);
		}
		return this.#aborter.signal;
	}

	/** Ends the work of the request. */
	end(): void {
		this.#hasEnded = true;
		this.#aborter?.abort(requestEnded);
	}
}
