/**
 * The experiments of the page. One runs at a time, in the runner of the project, which rolls back its changes also when
 * it is interrupted. The last run of each experiment is kept while the observer runs.
 */
import { KubejoinError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Experiment, ExperimentRun, Experiments } from './api.ts';
import { beginRun, endRun, readEvent, takeEvent } from './experiment-run.ts';

export interface RunnerAtWork {
	/** Stop the experiment and roll back. */
	readonly interrupt: () => void;
	/** Resolves with the way in which the runner ended. */
	readonly ended: Promise<string>;
}
export interface Runner {
	readonly isThere: () => Promise<boolean>;
	/** @throws EXPERIMENT_RUNNER_UNAVAILABLE */
	readonly start: (name: string, onLine: (line: string) => void) => Promise<RunnerAtWork>;
}

export interface ExperimentListener {
	readonly offered: (experiments: Experiments) => void;
	readonly run: (run: ExperimentRun) => void;
}
export interface ExperimentRunner {
	readonly offered: () => Experiments;
	/** The last run of each experiment. */
	readonly runs: () => readonly ExperimentRun[];
	/** @returns stops listening */
	readonly listen: (listener: ExperimentListener) => () => void;
	/**
	 * Resolves when the experiment has begun.
	 * @throws EXPERIMENT_ALREADY_RUNNING, EXPERIMENT_RUNNER_UNAVAILABLE, PAGE_BAD_REQUEST
	 */
	readonly run: (name: string) => Promise<void>;
	/** @returns the name of the interrupted experiment @throws PAGE_BAD_REQUEST */
	readonly stop: () => string;
	/** Update whether the runner is available. */
	readonly check: () => Promise<void>;
	/** Interrupt the experiment in progress and wait for its rollback, for a bounded time. */
	readonly close: () => Promise<void>;
}
export interface ExperimentRunnerOptions {
	readonly list: readonly Experiment[];
	readonly runner: Runner;
	/** False for a read-only page. */
	readonly mayRun: boolean;
	readonly clock: () => number;
	readonly log: Log;
}

/** A rollback that takes longer is cut off when the observer stops. */
const CLOSE_MS = 20_000;
/** Lines of output besides events that are kept. */
const KEPT_WORDS = 20;

interface Current {
	run: ExperimentRun;
	readonly words: string[];
	/** Absent until the runner has started. */
	work?: RunnerAtWork;
	done: Promise<void>;
}

export function createExperimentRunner({
	list,
	runner,
	mayRun,
	clock,
	log,
}: ExperimentRunnerOptions): ExperimentRunner {
	const listeners = new Set<ExperimentListener>();
	const runs = new Map<string, ExperimentRun>();
	let isThere = false;
	let current: Current | undefined;

	const offered = (): Experiments => ({ offer: !mayRun ? 'not-allowed' : isThere ? 'run' : 'no-runner', list });
	function keep(run: ExperimentRun): void {
		runs.set(run.experiment, run);
		for (const listener of listeners) listener.run(run);
	}
	function hear(own: Current, line: string): void {
		const event = readEvent(line);
		if (event !== undefined) {
			own.run = takeEvent(own.run, event, clock());
			keep(own.run);
		} else if (!line.startsWith('{')) {
			own.words.push(line);
			if (own.words.length > KEPT_WORDS) own.words.shift();
		}
	}
	return {
		offered,
		runs: () => [...runs.values()],
		listen(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
		async run(name) {
			const experiment = list.find((one) => one.name === name);
			if (experiment === undefined)
				throw new KubejoinError('PAGE_BAD_REQUEST', { problem: `there is no experiment ${name}` });
			if (current !== undefined)
				throw new KubejoinError('EXPERIMENT_ALREADY_RUNNING', { running: current.run.experiment });
			const own: Current = { run: beginRun(experiment, clock()), words: [], done: Promise.resolve() };
			current = own;
			try {
				own.work = await runner.start(name, (line) => hear(own, line));
			} catch (error) {
				current = undefined;
				throw error;
			}
			keep(own.run);
			own.done = own.work.ended.then((how) => {
				current = undefined;
				own.run = endRun(own.run, how, own.words, clock());
				log.info({ experiment: name, outcome: own.run.outcome, passed: own.run.passed }, 'an experiment has ended');
				keep(own.run);
			});
		},
		stop() {
			if (current?.work === undefined)
				throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'no experiment runs now' });
			const { run, work } = current;
			// A second interrupt would end the runner before its rollback is complete.
			if (run.state === 'stopping') return run.experiment;
			current.run = { ...run, state: 'stopping', durationMs: clock() - run.startedMs };
			keep(current.run);
			work.interrupt();
			return run.experiment;
		},
		async check() {
			const was = isThere;
			isThere = await runner.isThere();
			if (was !== isThere) for (const listener of listeners) listener.offered(offered());
		},
		async close() {
			if (current === undefined) return;
			current.work?.interrupt();
			let timer: NodeJS.Timeout | undefined;
			const limit = new Promise<void>((resolve) => {
				timer = setTimeout(resolve, CLOSE_MS);
			});
			await Promise.race([current.done, limit]);
			clearTimeout(timer);
		},
	};
}
