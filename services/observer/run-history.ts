/**
 * The runs of experiments that the page shows: the last of each with its activities, earlier ones as a line. They are
 * kept in a file, so that a restart of the observer does not lose them.
 */
import { readFileSync } from 'node:fs';
import { causeText } from '../../lib/errors.ts';
import { writeWholeFile } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { ExperimentHistory, ExperimentRun, PastRun } from './api.ts';

export interface RunHistoryOptions {
	/** Absent: a restart loses the runs. */
	readonly file?: string | undefined;
	/** Seconds of a run that was recorded with this version, by experiment. */
	readonly recorded: ReadonlyMap<string, number>;
	readonly log: Log;
}

/** Of the newest runs that passed. */
const MEDIAN_OF = 5;

export class RunHistory {
	readonly #options: RunHistoryOptions;
	readonly #last = new Map<string, ExperimentRun>();
	readonly #past = new Map<string, readonly PastRun[]>();
	#saving: Promise<void> = Promise.resolve();
	#isSavePlanned = false;

	constructor(options: RunHistoryOptions) {
		this.#options = options;
		this.#restore();
	}

	/** The last run of each experiment. */
	runs(): readonly ExperimentRun[] {
		return [...this.#last.values()];
	}

	of(experiment: string): ExperimentHistory {
		const runs = this.#past.get(experiment) ?? [];
		const expectedMs = this.#expectedMs(experiment, runs);
		return { experiment, runs, ...(expectedMs === undefined ? {} : { expectedMs }) };
	}

	/** @returns true if the run is the newest of its experiment */
	keep(run: ExperimentRun): boolean {
		const { experiment, startedMs, state } = run;
		const known = this.#last.get(experiment);
		const isNewest = known === undefined || known.startedMs <= startedMs;
		if (isNewest) this.#last.set(experiment, run);
		if (state === 'ended') this.#add(run);
		return isNewest;
	}

	/** Resolves when the runs are in the file. */
	saved(): Promise<void> {
		return this.#saving;
	}

	#add(run: ExperimentRun): void {
		const { experiment, startedMs, durationMs, from, outcome, verdicts, passed } = run;
		const others = (this.#past.get(experiment) ?? []).filter((one) => one.startedMs !== startedMs);
		const past: PastRun = {
			...{ startedMs, durationMs, from, passed: passed === true },
			...(outcome === undefined ? {} : { outcome }),
			...(verdicts === undefined ? {} : { verdicts }),
		};
		const all = [past, ...others].toSorted((a, b) => b.startedMs - a.startedMs);
		this.#past.set(experiment, all.slice(0, limits.experimentRuns.value));
		this.#save();
	}

	#expectedMs(experiment: string, runs: readonly PastRun[]): number | undefined {
		const passed = runs.filter((run) => run.passed).slice(0, MEDIAN_OF);
		const sorted = passed.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b);
		const seconds = this.#options.recorded.get(experiment);
		return sorted[Math.floor(sorted.length / 2)] ?? (seconds === undefined ? undefined : seconds * 1_000);
	}

	#save(): void {
		const { file, log } = this.#options;
		if (file === undefined || this.#isSavePlanned) return;
		this.#isSavePlanned = true;
		this.#saving = this.#saving.then(async () => {
			this.#isSavePlanned = false;
			const last = this.runs().filter(({ state }) => state === 'ended');
			const past = [...this.#past].map(([experiment, runs]) => ({ experiment, runs }));
			try {
				await writeWholeFile(file, JSON.stringify({ last, past }), 0o600);
			} catch (error) {
				log.warn({ file, problem: causeText(error) }, 'runs of experiments are not saved; a restart loses them');
			}
		});
	}

	#restore(): void {
		const { file, log } = this.#options;
		if (file === undefined) return;
		try {
			const saved: unknown = JSON.parse(readFileSync(file, 'utf8'));
			for (const { experiment, runs } of listOf(saved, 'past')) {
				if (typeof experiment !== 'string' || !Array.isArray(runs)) continue;
				this.#past.set(experiment, runs.filter(isPastRun).slice(0, limits.experimentRuns.value));
			}
			for (const run of listOf(saved, 'last')) if (isRun(run)) this.#last.set(run.experiment, run);
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
			log.warn({ file, problem: causeText(error) }, 'the saved runs of experiments cannot be read');
		}
	}
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const listOf = (value: unknown, key: string): readonly Fields[] => {
	const list = isObject(value) ? value[key] : undefined;
	return Array.isArray(list) ? list.filter(isObject) : [];
};
const isPastRun = (value: unknown): value is PastRun =>
	isObject(value) && typeof value.startedMs === 'number' && typeof value.durationMs === 'number';
const isRun = (value: Fields): value is Fields & ExperimentRun => {
	const { experiment, state, expected, activities, problems } = value;
	const hasLists = Array.isArray(activities) && Array.isArray(problems);
	return typeof experiment === 'string' && state === 'ended' && isPastRun(value) && isObject(expected) && hasLists;
};
