/** Sends what came in to another collector as well: Jaeger, Tempo, or any other. What it does not take is lost there, and said once. */
import { causeText } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';

const TIMEOUT_MS = 10_000;
const MAX_UNDER_WAY = 32;

export function createForwarder(url: string, log: Log): (body: object) => void {
	let underWay = 0;
	let isBroken = false;
	return (body) => {
		if (underWay >= MAX_UNDER_WAY) return;
		underWay++;
		fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(TIMEOUT_MS),
		})
			.then(async (response) => {
				await response.body?.cancel();
				if (!response.ok) throw new Error(`it answers with ${response.status}`);
				isBroken = false;
			})
			.catch((error: unknown) => {
				if (!isBroken) log.warn({ url, problem: causeText(error) }, 'the other collector does not take the traces');
				isBroken = true;
			})
			.finally(() => underWay--);
	};
}
