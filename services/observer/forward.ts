/** Sends accepted traces to another collector as well. Traces that it refuses are lost there, which is logged once. */
import { causeText } from '../../lib/errors.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';

const TIMEOUT_MS = 10_000;

/** @returns forwards a body of OTLP as JSON, without the keys of this mesh */
export function createForwarder(url: string, log: Log, count: CountRefusal): (body: Buffer) => void {
	let waitingBytes = 0;
	let isBroken = false;
	return (body) => {
		if (waitingBytes + body.length > limits.forwardedBytesInFlight.value) {
			count('forwardedBytesInFlight');
			return;
		}
		waitingBytes += body.length;
		fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: new Uint8Array(body),
			signal: AbortSignal.timeout(TIMEOUT_MS),
		})
			.then(async (response) => {
				await response.body?.cancel();
				if (!response.ok) throw new Error(`it answers with ${response.status}`);
				isBroken = false;
			})
			.catch((error: unknown) => {
				if (!isBroken) log.warn({ url, problem: causeText(error) }, 'the other collector does not accept the traces');
				isBroken = true;
			})
			.finally(() => {
				waitingBytes -= body.length;
			});
	};
}
