/**
 * The runs of experiments that the page shows. They are kept in a file, so that a restart of the observer does not lose
 * them.
 */
import { causeText } from '../../lib/errors.ts';
import { isMissing, readText, writeWholeFile } from '../../lib/files.ts';
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
	/** By experiment, newest first. */
	readonly #runs = new Map<string, readonly ExperimentRun[]>();
	#saving: Promise<void> = Promise.resolve();
	#isSavePlanned = false;

	constructor(options: RunHistoryOptions) {
		this.#options = options;
		this.#restore();
	}

	/** The last run of each experiment. */
	runs(): readonly ExperimentRun[] {
		return [...this.#runs.values()].flatMap((runs) => runs.slice(0, 1));
	}

	find(experiment: string, startedMs: number): ExperimentRun | undefined {
		return this.#runs.get(experiment)?.find((run) => run.startedMs === startedMs);
	}

	of(experiment: string): ExperimentHistory {
		const ended = (this.#runs.get(experiment) ?? []).filter(({ state }) => state === 'ended');
		const expectedMs = this.#expectedMs(experiment, ended);
		return { experiment, runs: ended.map(pastRun), ...(expectedMs === undefined ? {} : { expectedMs }) };
	}

	/** @returns true if the run is the newest of its experiment */
	keep(run: ExperimentRun): boolean {
		this.#insert(run);
		if (run.state === 'ended') this.#save();
		return this.#runs.get(run.experiment)?.[0] === run;
	}

	/** Resolves when the runs are in the file. */
	saved(): Promise<void> {
		return this.#saving;
	}

	#insert(run: ExperimentRun): void {
		const others = (this.#runs.get(run.experiment) ?? []).filter(({ startedMs }) => startedMs !== run.startedMs);
		const all = [run, ...others].toSorted((a, b) => b.startedMs - a.startedMs);
		this.#runs.set(run.experiment, all.slice(0, limits.experimentRuns.value));
	}

	#expectedMs(experiment: string, runs: readonly ExperimentRun[]): number | undefined {
		const passed = runs.filter((run) => run.passed === true).slice(0, MEDIAN_OF);
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
			const runs = [...this.#runs.values()].flat().filter(({ state }) => state === 'ended');
			try {
				await writeWholeFile(file, JSON.stringify({ runs }), 0o600);
			} catch (error) {
				log.warn({ file, problem: causeText(error) }, 'runs of experiments are not saved; a restart loses them');
			}
		});
	}

	#restore(): void {
		const { file, log } = this.#options;
		if (file === undefined) return;
		try {
			const saved: unknown = JSON.parse(readText(file));
			const runs = isObject(saved) && Array.isArray(saved.runs) ? saved.runs : [];
			for (const run of runs.filter(isRun)) this.#insert(run);
		} catch (error) {
			if (isMissing(error)) return;
			log.warn({ file, problem: causeText(error) }, 'the saved runs of experiments cannot be read');
		}
	}
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isRun = (value: unknown): value is ExperimentRun => {
	if (!isObject(value)) return false;
	const { experiment, state, startedMs, durationMs, expected, activities, problems } = value;
	const hasTimes = typeof startedMs === 'number' && typeof durationMs === 'number';
	const hasLists = Array.isArray(activities) && Array.isArray(problems);
	return typeof experiment === 'string' && state === 'ended' && hasTimes && isObject(expected) && hasLists;
};

const pastRun = ({ startedMs, durationMs, from, outcome, verdicts, passed }: ExperimentRun): PastRun => ({
	...{ startedMs, durationMs, from, passed: passed === true },
	...(outcome === undefined ? {} : { outcome }),
	...(verdicts === undefined ? {} : { verdicts }),
});
