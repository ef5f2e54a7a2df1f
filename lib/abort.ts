/**
 * A signal that aborts with another one, or after a time. Node 20 collects the signal of `AbortSignal.timeout` if only
 * `AbortSignal.any` has it, and the time has no effect then. Here the timer keeps it.
 */
export function withTimeout(signal: AbortSignal, timeoutMs: number): AbortSignal {
	const limit = new AbortController();
	setTimeout(() => limit.abort(new DOMException('the time limit was reached', 'TimeoutError')), timeoutMs).unref();
	return AbortSignal.any([signal, limit.signal]);
}
