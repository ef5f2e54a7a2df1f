/** Bounds the requests in a second and at the same time. Excess requests are refused at once, with a retry time. */
import { KubejoinError } from '../../lib/errors.ts';
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';

/** Rows of lib/limits.ts; absent: not bounded. */
export interface AdmissionLimits {
	readonly perSecond: LimitName;
	readonly inFlight: LimitName;
	readonly bytesInFlight?: LimitName;
}
/** @param bytes  that the request may take @returns releases them; may be called twice @throws OBSERVER_BUSY */
export type Admit = (bytes?: number) => () => void;

const RETRY_SECONDS = 1;

/** @param clock  milliseconds; need not be the time of day */
export function createAdmission(of: AdmissionLimits, clock: () => number, count: CountRefusal): Admit {
	const rate = limits[of.perSecond].value;
	let tokens = rate;
	let lastMs = clock();
	let inFlight = 0;
	let bytesInFlight = 0;

	const refuse = (name: LimitName): never => refuseBusy(name, RETRY_SECONDS, count);
	return (bytes = 0) => {
		const nowMs = clock();
		tokens = Math.min(rate, tokens + (Math.max(0, nowMs - lastMs) * rate) / 1_000);
		lastMs = nowMs;
		if (tokens < 1) refuse(of.perSecond);
		if (inFlight >= limits[of.inFlight].value) refuse(of.inFlight);
		const { bytesInFlight: name } = of;
		if (name !== undefined && bytesInFlight + bytes > limits[name].value) refuse(name);
		tokens--;
		inFlight++;
		bytesInFlight += bytes;
		let isReleased = false;
		return () => {
			if (isReleased) return;
			isReleased = true;
			inFlight--;
			bytesInFlight -= bytes;
		};
	};
}

/** Counts and refuses a request above a limit. @throws OBSERVER_BUSY */
export function refuseBusy(name: LimitName, retrySeconds: number, count: CountRefusal): never {
	count(name);
	const { value, of: what } = limits[name];
	throw new KubejoinError('OBSERVER_BUSY', { limit: `at most ${value} ${what}`, retrySeconds });
}
