/**
 * Counts joins: their number, rate, durations and errors. Keeps the newest durations, and a bounded number of
 * names.
 */
import type { Join, Storm } from './api.ts';

export interface StormCounter {
	readonly count: (join: Join, phases: readonly { readonly phase: string; readonly ms: number }[]) => void;
	/** Computed at most once a second, for any number of readers. @param joining  number of joins in progress */
	readonly read: (joining: () => number, nowMs: number) => Storm;
}

const bucketsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
const KEPT = 5_000;
const EVERY_MS = 900;
const RATE_MS = 10_000;
/** Names of phases, and error codes; further ones are not counted. */
const MAX_NAMES = 32;

export function createStormCounter(): StormCounter {
	let joined = 0;
	let refused = 0;
	const durations: number[] = [];
	const ends: number[] = [];
	const phases = new Map<string, number[]>();
	const failures = new Map<string, number>();
	let last: Storm | undefined;
	let lastMs = 0;
	const read = (joining: number, nowMs: number): Storm => ({
		joined,
		refused,
		joining,
		perSecond: ends.filter((end) => end > nowMs - RATE_MS).length / (RATE_MS / 1_000),
		...quantiles(durations),
		phases: [...phases].map(([phase, times]) => ({ phase, ...quantiles(times), counts: histogram(times) })),
		bucketsMs,
		failures: [...failures].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count),
	});
	return {
		count({ state, durationMs, startedMs, failure }, phaseTimes) {
			if (state === 'joined') joined++;
			else refused++;
			if (state === 'joined') keep(durations, durationMs);
			keep(ends, startedMs + durationMs);
			if (failure !== undefined && (failures.has(failure.code) || failures.size < MAX_NAMES))
				failures.set(failure.code, (failures.get(failure.code) ?? 0) + 1);
			for (const { phase, ms } of phaseTimes) {
				if (!phases.has(phase) && phases.size < MAX_NAMES) phases.set(phase, []);
				const times = phases.get(phase);
				if (times !== undefined) keep(times, ms);
			}
		},
		read(joining, nowMs) {
			if (last === undefined || Math.abs(nowMs - lastMs) >= EVERY_MS) {
				last = read(joining(), nowMs);
				lastMs = nowMs;
			}
			return last;
		},
	};
}

function keep(values: number[], value: number): void {
	values.push(value);
	if (values.length > KEPT) values.shift();
}

function quantiles(values: readonly number[]): { readonly p50Ms: number; readonly p99Ms: number } {
	const sorted = Float64Array.from(values).sort();
	const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
	return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function histogram(values: readonly number[]): readonly number[] {
	const counts = new Array<number>(bucketsMs.length + 1).fill(0);
	for (const value of values) {
		const bucket = bucketsMs.findIndex((bound) => value <= bound);
		const index = bucket === -1 ? bucketsMs.length : bucket;
		counts[index] = (counts[index] ?? 0) + 1;
	}
	return counts;
}
