/**
 * The programs that an experiment starts where the nodes are: nodes and attackers. They live until they are removed, and die with whoever keeps them.
 * What they print is kept, so that it can be asked for later. It must never start a program that is not the project's own.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { type ChildPlan, launch, type Running } from '../../lib/child.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { shiftedClock } from '../mesh/shifted-clock.ts';

/** The programs that may be started, by the name of their service. */
const programs = { 'kubelet-sim': 'services/kubelet-sim/main.js', 'attacker-sim': 'services/attacker-sim/main.js' } as const;
export type WorkerProgram = keyof typeof programs;

export interface WorkerPlan {
	readonly name: string;
	readonly program: WorkerProgram;
	readonly args: readonly string[];
	/** What libfaketime adds to its clock. */
	readonly clock?: string;
	/** It is paused as soon as it has printed a line with this text. */
	readonly pauseAfter?: string;
}

export interface WorkerState {
	readonly name: string;
	readonly program: WorkerProgram;
	readonly state: 'running' | 'paused' | 'ended';
	readonly exitCode?: number;
	/** It said that it serves: of a node, that it has joined and its heartbeat was taken. */
	readonly hasServed: boolean;
	readonly startedAtMs: number;
	readonly output: string;
}

export interface Workers {
	/** @throws LAB_UNKNOWN  no such program, or the name is taken by one that runs */
	readonly start: (plan: WorkerPlan) => void;
	/** The same again, after it has ended. */
	readonly again: (name: string) => void;
	readonly state: (name: string) => WorkerState;
	readonly all: () => readonly WorkerState[];
	readonly signal: (name: string, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM') => Promise<void>;
	/** End it and forget it; also one that there is not. */
	readonly remove: (name: string) => Promise<void>;
	readonly stop: () => Promise<void>;
}

interface Worker {
	plan: WorkerPlan;
	running: Running;
	readonly log: WriteStream;
	lines: string[];
	state: WorkerState['state'];
	hasServed: boolean;
	startedAtMs: number;
}

const MAX_LINES = 20_000;
const STOP_MS = 5_000;

/**
 * @param directory  for what they print, readable by the owner alone
 * @param telemetry  the standard OTEL_ variables
 */
export function createWorkers(directory: string, telemetry: Readonly<Record<string, string>>): Workers {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const workers = new Map<string, Worker>();

	function run(worker: Worker): void {
		const { plan } = worker;
		const child: ChildPlan = {
			name: plan.name,
			program: programs[plan.program],
			args: plan.args,
			telemetry,
			...(plan.clock === undefined ? {} : { variables: shiftedClock(plan.clock) }),
		};
		const running = launch(child, (_, line) => onLine(worker, line));
		worker.running = running;
		worker.state = 'running';
		worker.hasServed = false;
		worker.startedAtMs = Date.now();
		running.started.then(
			() => {
				if (worker.running === running) worker.hasServed = true;
			},
			() => undefined,
		);
		running.ended.then((how) => {
			if (worker.running !== running) return;
			worker.state = 'ended';
			keep(worker, `(${how})`);
		});
	}
	function onLine(worker: Worker, line: string): void {
		keep(worker, line);
		const { pauseAfter } = worker.plan;
		if (pauseAfter !== undefined && worker.state === 'running' && line.includes(pauseAfter)) {
			worker.running.process.kill('SIGSTOP');
			worker.state = 'paused';
		}
	}
	function find(name: string): Worker {
		const worker = workers.get(name);
		if (worker === undefined) throw new KubejoinError('LAB_UNKNOWN', { kind: 'node or attacker', name, known: [...workers.keys()] });
		return worker;
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
		running.process.kill('SIGCONT');
		const timer = setTimeout(() => running.process.kill('SIGKILL'), STOP_MS);
		await running.ended;
		clearTimeout(timer);
		log.end();
	}
	async function remove(name: string): Promise<void> {
		const worker = workers.get(name);
		workers.delete(name);
		if (worker !== undefined) await end(worker);
	}
	return {
		start(plan) {
			if (!Object.hasOwn(programs, plan.program)) throw new KubejoinError('LAB_UNKNOWN', { kind: 'program', name: plan.program, known: Object.keys(programs) });
			if (workers.has(plan.name)) throw new KubejoinError('LAB_UNKNOWN', { kind: 'free name', name: plan.name, known: ['no two of a name'] });
			const log = createWriteStream(join(directory, `${plan.name}.log`), { flags: 'a', mode: 0o600 });
			log.on('error', () => undefined);
			const worker = { plan, log, lines: [], state: 'running', hasServed: false, startedAtMs: 0 } as unknown as Worker;
			run(worker);
			workers.set(plan.name, worker);
		},
		again(name) {
			const worker = find(name);
			if (worker.state !== 'ended') return;
			// It was paused where it was to be.
			const { pauseAfter: _done, ...plan } = worker.plan;
			worker.plan = plan;
			run(worker);
		},
		state: (name) => stateOf(find(name)),
		all: () => [...workers.values()].map(stateOf),
		async signal(name, signal) {
			const worker = find(name);
			if (worker.state === 'ended') return;
			worker.running.process.kill(signal);
			if (signal === 'SIGSTOP') worker.state = 'paused';
			if (signal === 'SIGCONT') worker.state = 'running';
			if (signal === 'SIGKILL' || signal === 'SIGTERM') await worker.running.ended;
		},
		remove,
		async stop() {
			await Promise.all([...workers.keys()].map(remove));
		},
	};
}

function keep(worker: Worker, line: string): void {
	worker.lines.push(line);
	if (worker.lines.length > MAX_LINES) worker.lines = worker.lines.slice(-MAX_LINES);
	worker.log.write(`${line}\n`);
}
