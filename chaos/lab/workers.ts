/**
 * The nodes and attackers of experiments, as processes. They run until they are removed, and end with this process.
 * Only programs of this project can be started.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { makeDirectories } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import { type ChildPlan, launch, type Running } from '../../lib/process-supervisor.ts';
import { shiftedClock } from '../../scripts/mesh/shifted-clock.ts';

/** The programs that may be started, by the name of their service. */
export const workerPrograms = {
	'kubelet-sim': 'services/kubelet-sim/main.js',
	'attacker-sim': 'services/attacker-sim/main.js',
} as const;
export type WorkerProgram = keyof typeof workerPrograms;

export const workerSignals = ['SIGSTOP', 'SIGCONT', 'SIGKILL'] as const;
export type WorkerSignal = (typeof workerSignals)[number];

export interface WorkerTraces {
	/** The standard OTEL_ variables. */
	readonly telemetry: Readonly<Record<string, string>>;
	/** Settings of a program, without the prefix: its key for the observer. */
	readonly settingsOf: (program: WorkerProgram) => Readonly<Record<string, string>>;
}

export interface WorkerPlan {
	readonly name: string;
	readonly program: WorkerProgram;
	readonly args: readonly string[];
	/** The offset for libfaketime. */
	readonly clock?: string;
	/** Pause it when it prints a line with this text for the first time. */
	readonly pauseAfter?: string;
}

export interface WorkerState {
	readonly name: string;
	readonly program: WorkerProgram;
	readonly state: 'running' | 'paused' | 'ended';
	/** Absent while it runs, and when a signal has ended it. */
	readonly exitCode?: number;
	/** It reported that it serves; a node does when it has joined and its heartbeat was accepted. */
	readonly hasServed: boolean;
	readonly startedAtMs: number;
	/** The last lines of standard output and standard error. */
	readonly output: string;
}

export interface Workers {
	/**
	 * @throws LAB_NOT_FOUND      no such program
	 * @throws LAB_NAME_TAKEN     a worker of that name exists, running or not
	 * @throws FAULT_UNAVAILABLE  its clock cannot be shifted
	 */
	readonly start: (plan: WorkerPlan) => void;
	/** Start an ended worker again, without `pauseAfter`. A running worker is left alone. @throws LAB_NOT_FOUND */
	readonly restart: (name: string) => void;
	/** @throws LAB_NOT_FOUND */
	readonly state: (name: string) => WorkerState;
	readonly all: () => readonly WorkerState[];
	/** Resolves when it was sent; for SIGKILL, when the worker has ended. @throws LAB_NOT_FOUND */
	readonly signal: (name: string, signal: WorkerSignal) => Promise<void>;
	/** End and forget it, if it exists. */
	readonly remove: (name: string) => Promise<void>;
	readonly stop: () => Promise<void>;
}

/** A restart creates a new record with the same log and lines. */
interface Worker {
	readonly plan: WorkerPlan;
	readonly running: Running;
	readonly log: WriteStream;
	readonly lines: string[];
	readonly startedAtMs: number;
	state: WorkerState['state'];
	hasServed: boolean;
	/** Undefined once it was paused. */
	pauseAfter: string | undefined;
}

const MAX_LINES = limits.labProgramLines.value;
const STOP_MS = 5_000;

/**
 * @param directory  for their logs, readable by the owner alone
 * @param traces     the destination of their traces
 * @param start      starts a program once
 */
export function createWorkers(directory: string, traces: WorkerTraces, start: typeof launch = launch): Workers {
	makeDirectories(directory);
	return new ProcessWorkers(directory, traces, start);
}

class ProcessWorkers implements Workers {
	readonly #workers = new Map<string, Worker>();
	readonly #directory: string;
	readonly #traces: WorkerTraces;
	readonly #launch: typeof launch;

	constructor(directory: string, traces: WorkerTraces, start: typeof launch) {
		this.#directory = directory;
		this.#traces = traces;
		this.#launch = start;
	}

	start(plan: WorkerPlan): void {
		const { name, program } = plan;
		if (!Object.hasOwn(workerPrograms, program)) {
			const known = Object.keys(workerPrograms);
			throw new KubejoinError('LAB_NOT_FOUND', { kind: 'program', name: program, known });
		}
		if (this.#workers.has(name)) throw new KubejoinError('LAB_NAME_TAKEN', { name });
		if (this.#workers.size >= limits.labPrograms.value)
			throw new KubejoinError('LAB_REQUEST_INVALID', {
				problem: `${this.#workers.size} nodes and attackers exist, and no more can be started`,
			});
		const log = createWriteStream(join(this.#directory, `${name}.log`), { flags: 'a', mode: 0o600 });
		// The lines are also in memory, so a full disk does not end an experiment.
		log.on('error', () => undefined);
		try {
			this.#run(plan, { log, lines: [] });
		} catch (error) {
			log.end();
			throw error;
		}
	}

	restart(name: string): void {
		const worker = this.#find(name);
		if (worker.state !== 'ended') return;
		const { pauseAfter: _over, ...plan } = worker.plan;
		this.#run(plan, worker);
	}

	state(name: string): WorkerState {
		return stateOf(this.#find(name));
	}

	all(): readonly WorkerState[] {
		return [...this.#workers.values()].map(stateOf);
	}

	async signal(name: string, signal: WorkerSignal): Promise<void> {
		const worker = this.#find(name);
		if (worker.state === 'ended') return;
		worker.running.process.kill(signal);
		if (signal === 'SIGSTOP') worker.state = 'paused';
		if (signal === 'SIGCONT') worker.state = 'running';
		if (signal === 'SIGKILL') await worker.running.ended;
	}

	async remove(name: string): Promise<void> {
		const worker = this.#workers.get(name);
		this.#workers.delete(name);
		if (worker !== undefined) await end(worker);
	}

	async stop(): Promise<void> {
		await Promise.all([...this.#workers.keys()].map((name) => this.remove(name)));
	}

	#run(plan: WorkerPlan, { log, lines }: Pick<Worker, 'log' | 'lines'>): void {
		const child: ChildPlan = {
			name: plan.name,
			program: workerPrograms[plan.program],
			args: plan.args,
			telemetry: this.#traces.telemetry,
			settings: this.#traces.settingsOf(plan.program),
			...(plan.clock === undefined ? {} : { variables: shiftedClock(plan.clock) }),
		};
		const running = this.#launch(child, (_, line) => onLine(worker, line));
		const worker: Worker = {
			plan,
			running,
			log,
			lines,
			startedAtMs: Date.now(),
			state: 'running',
			hasServed: false,
			pauseAfter: plan.pauseAfter,
		};
		this.#workers.set(plan.name, worker);
		running.started.then(
			() => {
				worker.hasServed = true;
			},
			() => undefined,
		);
		running.ended.then((how) => {
			worker.state = 'ended';
			keep(worker, `(${how})`);
		});
	}

	#find(name: string): Worker {
		const worker = this.#workers.get(name);
		if (worker !== undefined) return worker;
		throw new KubejoinError('LAB_NOT_FOUND', { kind: 'node or attacker', name, known: [...this.#workers.keys()] });
	}
}

function onLine(worker: Worker, line: string): void {
	keep(worker, line);
	if (worker.pauseAfter === undefined || worker.state !== 'running' || !line.includes(worker.pauseAfter)) return;
	worker.running.process.kill('SIGSTOP');
	worker.state = 'paused';
	worker.pauseAfter = undefined;
}

const stateOf = ({ plan, running, lines, state, hasServed, startedAtMs }: Worker): WorkerState => ({
	name: plan.name,
	program: plan.program,
	state,
	...(state === 'ended' && running.process.exitCode !== null ? { exitCode: running.process.exitCode } : {}),
	hasServed,
	startedAtMs,
	output: lines.join('\n'),
});

async function end({ running, log }: Worker): Promise<void> {
	running.process.kill('SIGTERM');
	// A paused process handles SIGTERM only after it continues.
	running.process.kill('SIGCONT');
	const timer = setTimeout(() => running.process.kill('SIGKILL'), STOP_MS);
	await running.ended;
	clearTimeout(timer);
	await new Promise<void>((done) => log.end(() => done()));
}

function keep({ lines, log }: Worker, line: string): void {
	lines.push(line);
	if (lines.length > MAX_LINES) lines.shift();
	log.write(`${line}\n`);
}
