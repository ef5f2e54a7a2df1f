/**
 * Reports the connections that a port refuses as spans, because the request that would name a trace never arrives.
 * Strangers cause these spans, so that they are few in a second.
 */
import { type CountRefusal, limits } from '../limits.ts';
import { SpanKind, startSeenSpan } from '../trace.ts';

export interface RefusedConnection {
	/** `127.0.0.1:43210`; the problem is in the words of the log. */
	readonly peer: string;
	readonly problem: string;
}

const SECOND_MS = 1_000;

/** @param nowMs  milliseconds of Unix time */
export function reportRefused(nowMs: () => number, count: CountRefusal): (refused: RefusedConnection) => void {
	let secondStartMs = Number.NEGATIVE_INFINITY;
	let reported = 0;
	return ({ peer, problem }) => {
		const atMs = nowMs();
		if (Math.abs(atMs - secondStartMs) >= SECOND_MS) [secondStartMs, reported] = [atMs, 0];
		if (++reported > limits.refusedConnectionSpans.value) {
			count('refusedConnectionSpans');
			return;
		}
		const attributes = { 'kubejoin.refused': problem, 'network.peer.address': peer };
		startSeenSpan('connection refused', { kind: SpanKind.SERVER, attributes, startMs: atMs }).end(atMs);
	};
}
