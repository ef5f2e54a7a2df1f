/**
 * The only module that reads the time and waits for it. Domain code takes a Clock as an argument, so tests do not
 * sleep.
 */
/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Milliseconds since this process began; never set back. */
export const monotonicClock: Clock = () => performance.now();

/** Maximum difference between the two clocks of a process; beyond it, the clock of the system counts. */
const MAX_APART_MS = 2;
let originMs = performance.timeOrigin;

/** The system's clock with microseconds. It follows changes of the system's time. */
export const microClock: Clock = () => {
	const systemMs = Date.now();
	const nowMs = originMs + performance.now();
	if (Math.abs(nowMs - systemMs) <= MAX_APART_MS) return nowMs;
	originMs = systemMs - performance.now();
	return systemMs;
};

/** Resolves at that time of the clock, or when the signal aborts. */
export type WaitUntil = (atMs: number, signal: AbortSignal) => Promise<void>;

/**
 * Interval between two readings, because the clock can be set. A single timer cannot wait for a month either. The wait
 * for the next heartbeat is shorter, so that it needs one timer.
 */
const LOOK_MS = 15_000;

/** The waits of a signal share its one listener: thousands of nodes wait most of the time. */
export function waitBy(clock: Clock): WaitUntil {
	const waitsOf = new WeakMap<AbortSignal, Set<() => void>>();
	const newWaits = (signal: AbortSignal): Set<() => void> => {
		const waits = new Set<() => void>();
		waitsOf.set(signal, waits);
		signal.addEventListener('abort', () => waits.forEach((look) => void look()), { once: true });
		return waits;
	};
	return (atMs, signal) =>
		new Promise((resolve) => {
			const waits = waitsOf.get(signal) ?? newWaits(signal);
			let timer: NodeJS.Timeout | undefined;
			const look = (): void => {
				clearTimeout(timer);
				const leftMs = atMs - clock();
				if (leftMs > 0 && !signal.aborted) {
					timer = setTimeout(look, Math.min(leftMs, LOOK_MS));
					return;
				}
				waits.delete(look);
				resolve();
			};
			waits.add(look);
			look();
		});
}

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`: `2026-01-31T12:00:00Z`. */
export function rfc3339(ms: number): string {
	const seconds = Math.floor(Math.trunc(ms) / 1000);
	const day = Math.floor(seconds / DAY_SECONDS);
	if (day !== lastDay.day) lastDay = { day, text: textOfDay(ms) };
	const left = seconds - day * DAY_SECONDS;
	const [hours, minutes] = [Math.floor(left / 3600), Math.floor(left / 60) % 60];
	return `${lastDay.text}${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(left % 60)}Z`;
}
const DAY_SECONDS = 24 * 60 * 60;
/** A heartbeat has four times, mostly of one day. toISOString takes four times as long. */
let lastDay = { day: Number.NaN, text: '' };

/** @throws RangeError */
function textOfDay(ms: number): string {
	const text = new Date(ms).toISOString();
	return text.slice(0, text.indexOf('T') + 1);
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** @param text  as `rfc3339` returns it */
export const withMicros = (text: string, micros: number): string =>
	`${text.slice(0, -1)}.${String(micros).padStart(6, '0')}Z`;

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`: `2026-01-31T12:00:00.000000Z`. */
export const rfc3339Micro = (ms: number): string => {
	const micros = Math.floor((ms - Math.floor(ms / 1_000) * 1_000) * 1_000);
	return withMicros(rfc3339(ms), micros);
};
