/**
 * The experiments of the page: one runs at a time, by the project's own runner, which puts right what it changed, also when it is told to stop. What is
 * known of the last run of each is kept while the observer runs.
 */
import { KubejoinError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Experiment, ExperimentRun, Experiments } from './api.ts';
import { beginRun, endRun, readEvent, takeEvent } from './experiment-run.ts';

/** The runner at work. */
export interface RunnerAtWork {
	/** It stops what it does and puts right what it changed; that takes a while. */
	readonly interrupt: () => void;
	/** How it ended. */
	readonly ended: Promise<string>;
}
export interface Runner {
	/** Whether it could run one now. */
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
	/** The last of each experiment. */
	readonly runs: () => readonly ExperimentRun[];
	/** @returns stops it */
	readonly listen: (listener: ExperimentListener) => () => void;
	/** Resolves when it has begun. @throws EXPERIMENT_ALREADY_RUNNING, EXPERIMENT_RUNNER_UNAVAILABLE, PAGE_BAD_REQUEST */
	readonly run: (name: string) => Promise<void>;
	/** @returns the one that is told to stop @throws PAGE_BAD_REQUEST */
	readonly stop: () => string;
	/** See whether the runner is there. */
	readonly check: () => Promise<void>;
	/** Stop what runs, if anything does, and wait until all is as it was, but not for ever. */
	readonly close: () => Promise<void>;
}
export interface ExperimentRunnerOptions {
	readonly list: readonly Experiment[];
	readonly runner: Runner;
	/** Whether the page may act. */
	readonly mayRun: boolean;
	readonly clock: () => number;
	readonly log: Log;
}

/** For what the runner has to put right. */
const CLOSE_MS = 20_000;
/** Of what the runner says besides its events. */
const KEPT_WORDS = 20;

/** The run that is under way. */
interface Current {
	run: ExperimentRun;
	readonly words: string[];
	/** Absent until the runner works. */
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
			// A second interrupt would end the runner before it has put right what it changed.
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
