/**
 * The experiments of the page. One runs at a time, in the runner of the project, which rolls back its changes also when
 * it is interrupted. Runs of a terminal are shown beside them.
 */
import { KubejoinError } from '../../lib/errors.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { Experiment, ExperimentHistory, ExperimentRun, Experiments } from './api.ts';
import { beginRun, endRun, type RunnerEvent, readEvent, takeEvent } from './experiment-run.ts';
import type { RunHistory } from './run-history.ts';

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
	readonly offered?: (experiments: Experiments) => void;
	readonly run?: (run: ExperimentRun) => void;
	readonly history?: (history: ExperimentHistory) => void;
}
export interface ExperimentRunner {
	readonly offered: () => Experiments;
	/** The last run of each experiment. */
	readonly runs: () => readonly ExperimentRun[];
	readonly find: (experiment: string, startedMs: number) => ExperimentRun | undefined;
	/** Of every experiment that has run, or whose duration is known. */
	readonly histories: () => readonly ExperimentHistory[];
	/** @returns stops listening */
	readonly listen: (listener: ExperimentListener) => () => void;
	/**
	 * Resolves when the experiment has begun.
	 * @throws EXPERIMENT_ALREADY_RUNNING, EXPERIMENT_RUNNER_UNAVAILABLE, PAGE_BAD_REQUEST
	 */
	readonly run: (name: string) => Promise<void>;
	/** @returns the name of the interrupted experiment @throws PAGE_BAD_REQUEST */
	readonly stop: () => string;
	/** An event of the runner in a terminal. @param journal  identifies it */
	readonly hearTerminal: (journal: string, event: RunnerEvent) => void;
	readonly loseTerminal: (journal: string) => void;
	/** Update whether the runner is available. */
	readonly check: () => Promise<void>;
	/** Interrupt the experiment in progress and wait for its rollback, for a bounded time. */
	readonly close: () => Promise<void>;
}
export interface ExperimentRunnerOptions {
	readonly list: () => readonly Experiment[];
	readonly runner: Runner;
	/** False for a read-only page. */
	readonly mayRun: boolean;
	readonly history: RunHistory;
	readonly clock: () => number;
	readonly count?: CountRefusal;
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

export const createExperimentRunner = (options: ExperimentRunnerOptions): ExperimentRunner => new SerialRunner(options);

/** Runs one experiment at a time. */
class SerialRunner implements ExperimentRunner {
	readonly #options: ExperimentRunnerOptions;
	readonly #listeners = new Set<ExperimentListener>();
	/** The run in progress of each runner in a terminal. */
	readonly #terminals = new Map<string, ExperimentRun>();
	#isThere = false;
	#current: Current | undefined;

	constructor(options: ExperimentRunnerOptions) {
		this.#options = options;
	}

	offered(): Experiments {
		const { mayRun } = this.#options;
		const list = this.#options.list();
		if (!mayRun) return { offer: 'not-allowed', list };
		return { offer: this.#isThere ? 'run' : 'no-runner', list };
	}

	runs(): readonly ExperimentRun[] {
		return this.#options.history.runs();
	}

	find(experiment: string, startedMs: number): ExperimentRun | undefined {
		return this.#options.history.find(experiment, startedMs);
	}

	histories(): readonly ExperimentHistory[] {
		const { list, history } = this.#options;
		return list()
			.map(({ name }) => history.of(name))
			.filter(({ runs, expectedMs }) => runs.length > 0 || expectedMs !== undefined);
	}

	listen(listener: ExperimentListener): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	async run(name: string): Promise<void> {
		const { list, runner, clock } = this.#options;
		const experiment = list().find((one) => one.name === name);
		if (experiment === undefined)
			throw new KubejoinError('PAGE_BAD_REQUEST', { problem: `there is no experiment ${name}` });
		const running = this.#current?.run ?? [...this.#terminals.values()][0];
		if (running !== undefined) throw new KubejoinError('EXPERIMENT_ALREADY_RUNNING', { running: running.experiment });
		const own: Current = { run: beginRun(experiment, clock()), words: [], done: Promise.resolve() };
		this.#current = own;
		try {
			own.work = await runner.start(name, (line) => this.#hear(own, line));
		} catch (error) {
			this.#current = undefined;
			throw error;
		}
		this.#keep(own.run);
		own.done = own.work.ended.then((how) => this.#end(own, how));
	}

	stop(): string {
		const current = this.#current;
		if (current?.work === undefined) throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'no experiment runs now' });
		const { run, work } = current;
		// A second interrupt would end the runner before its rollback is complete.
		if (run.state === 'stopping') return run.experiment;
		current.run = { ...run, state: 'stopping', durationMs: this.#options.clock() - run.startedMs };
		this.#keep(current.run);
		work.interrupt();
		return run.experiment;
	}

	hearTerminal(journal: string, event: RunnerEvent): void {
		const { list, clock, count } = this.#options;
		if (event.event === 'experiment-started') {
			const experiment = list().find(({ name }) => name === event.experiment);
			if (experiment === undefined) return;
			const run = beginRun(experiment, event.atMs, 'terminal');
			this.#terminals.set(journal, run);
			this.#keep(run);
			return;
		}
		const known = this.#terminals.get(journal);
		if (known === undefined) return;
		// Events that are read at the start of the observer can be old.
		const run = takeEvent(known, event, 'atMs' in event ? event.atMs : clock(), count);
		if (run.outcome === undefined) this.#terminals.set(journal, run);
		else this.#terminals.delete(journal);
		this.#keep(run.outcome === undefined ? run : { ...run, state: 'ended' });
	}

	loseTerminal(journal: string): void {
		const run = this.#terminals.get(journal);
		if (run === undefined) return;
		this.#terminals.delete(journal);
		const last = run.activities.at(-1);
		const endMs = last === undefined ? run.startedMs : last.startedMs + last.durationMs;
		this.#keep(endRun(run, 'was ended', [], endMs));
	}

	async check(): Promise<void> {
		const was = this.#isThere;
		this.#isThere = await this.#options.runner.isThere();
		if (was !== this.#isThere) for (const listener of this.#listeners) listener.offered?.(this.offered());
	}

	async close(): Promise<void> {
		await this.#interrupt();
		await this.#options.history.saved();
	}

	async #interrupt(): Promise<void> {
		const current = this.#current;
		if (current === undefined) return;
		current.work?.interrupt();
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, CLOSE_MS);
		});
		await Promise.race([current.done, limit]);
		clearTimeout(timer);
	}

	#hear(own: Current, line: string): void {
		const event = readEvent(line);
		if (event !== undefined) {
			own.run = takeEvent(own.run, event, this.#options.clock(), this.#options.count);
			this.#keep(own.run);
		} else if (!line.startsWith('{')) {
			own.words.push(line);
			if (own.words.length > KEPT_WORDS) own.words.shift();
		}
	}

	#end(own: Current, how: string): void {
		const { clock, log } = this.#options;
		this.#current = undefined;
		own.run = endRun(own.run, how, own.words, clock());
		const { experiment, outcome, passed } = own.run;
		log.info({ experiment, outcome, passed }, 'an experiment has ended');
		this.#keep(own.run);
	}

	#keep(run: ExperimentRun): void {
		const { history } = this.#options;
		const isNewest = history.keep(run);
		for (const listener of this.#listeners) {
			if (isNewest) listener.run?.(run);
			if (run.state === 'ended') listener.history?.(history.of(run.experiment));
		}
	}
}
