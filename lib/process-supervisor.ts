/**
 * A program of the mesh as a process. It receives its own settings and no other variables of the environment. It ends
 * when its runner ends in any way, because the IPC channel between them closes. A program that crashes is started
 * again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { environment, PREFIX } from './config.ts';
import { KubejoinError } from './errors.ts';
import { projectPath } from './paths.ts';
import { printableLines } from './text.ts';

export interface ChildPlan {
	readonly name: string;
	/** Bundled program, below dist/bundle. */
	readonly program: string;
	readonly args?: readonly string[];
	/** Names without the prefix KUBEJOIN_. */
	readonly settings?: Readonly<Record<string, string>>;
	/** The standard OTEL_ variables. */
	readonly telemetry?: Readonly<Record<string, string>>;
	/** Time to stop in order before the process is killed. */
	readonly stopMs?: number;
	/** Variables that are not settings, such as those that shift the clock. */
	readonly variables?: Readonly<Record<string, string>>;
}

export interface Child {
	readonly name: string;
	readonly pid: () => number | undefined;
	/** Sends a signal to the process. Unless `stop` was called, the program is started again. */
	readonly kill: (signal: NodeJS.Signals) => void;
	/** Resolves when the current process serves. @throws SERVICE_FAILED  it ended before that */
	readonly started: () => Promise<void>;
	/** Sends SIGTERM, or another signal, and waits for the end. The program is not started again. */
	readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export interface ChildEvents {
	readonly onLine: (name: string, line: string) => void;
	/** It ended without a call of `stop`. */
	readonly onCrash: (name: string, how: string) => void;
	/** It could not be started again. */
	readonly onGiveUp: (error: KubejoinError) => void;
}

const STOP_MS = 9_000;
const RESTART_MS = 200;
const MAX_RESTARTS_IN_A_ROW = 5;

const howItEnded = (code: number | null, signal: string | null): string =>
	signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;

/** The last lines on standard error before the program ended, without log records, which the runner prints itself. */
const MAX_REASON_LINES = 12;

/** How a program ended, and below it, indented, the lines that explain it. */
export const withReason = (how: string, lines: readonly string[]): string =>
	[lines.length === 0 ? how : `${how}:`, ...lines.map((line) => `    ${printableLines(line)}`)].join('\n');

/**
 * glibc maps allocations of this size apart. Each TLS connection of Node has a buffer of 64 KiB, of which it uses the
 * first page; from the heap, most of its pages were used before and stay resident.
 */
const allocator = { MALLOC_MMAP_THRESHOLD_: String(64 * 1024) };

/** The environment of a child: PATH and HOME, the target of traces, and its own settings. */
const environmentOf = ({ settings = {}, telemetry = {}, variables = {} }: ChildPlan): Record<string, string> => {
	const { PATH = '', HOME = '' } = environment();
	return {
		PATH,
		HOME,
		...allocator,
		...telemetry,
		...variables,
		...Object.fromEntries(Object.entries(settings).map(([name, value]) => [PREFIX + name, value])),
	};
};

/** Preloads the module that ends a program with its runner; most programs that run to their end do not check for it. */
const endsWithRunner = ['--import', projectPath('dist/lib/end-with-runner.js')];

export interface ProgramResult {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/**
 * Runs a program to its end; an abort of the signal kills it.
 *
 * @throws the reason of the abort, after the program ended
 */
export async function runProgram(plan: ChildPlan, signal?: AbortSignal): Promise<ProgramResult> {
	const args = [...endsWithRunner, projectPath('dist', 'bundle', plan.program), ...(plan.args ?? [])];
	const child = spawn(process.execPath, args, { env: environmentOf(plan), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
	const kill = (): void => void child.kill('SIGKILL');
	if (signal?.aborted) kill();
	signal?.addEventListener('abort', kill);
	const read = async (stream: AsyncIterable<Buffer> | null) => {
		const chunks: Buffer[] = [];
		for await (const chunk of stream ?? []) chunks.push(chunk);
		return Buffer.concat(chunks).toString();
	};
	const code = new Promise<number>((resolve, reject) =>
		child.once('error', reject).once('close', (exitCode) => resolve(exitCode ?? 1)),
	);
	const [exitCode, stdout, stderr] = await Promise.all([code, read(child.stdout), read(child.stderr)]).finally(() =>
		signal?.removeEventListener('abort', kill),
	);
	signal?.throwIfAborted();
	return { code: exitCode, stdout, stderr };
}

/** Starts a program. It is not started again if it ends before it serves; its own log lines explain why. */
export function startChild(plan: ChildPlan, { onLine, onCrash, onGiveUp }: ChildEvents): Child {
	const { name } = plan;
	let isStopping = false;
	let hasServed = false;
	let restarts = 0;
	let running = start();

	function start(): Running {
		const next = launch(plan, onLine);
		next.started.then(
			() => {
				hasServed = true;
				restarts = 0;
			},
			() => undefined,
		);
		return next;
	}
	async function keepRunning(): Promise<void> {
		for (;;) {
			const how = await running.ended;
			if (isStopping || !hasServed) return;
			onCrash(name, how);
			if (++restarts > MAX_RESTARTS_IN_A_ROW) {
				onGiveUp(
					new KubejoinError('SERVICE_FAILED', {
						service: name,
						problem: `${how}, ${MAX_RESTARTS_IN_A_ROW} times in a row`,
					}),
				);
				return;
			}
			await delay(RESTART_MS * restarts);
			if (isStopping) return;
			running = start();
		}
	}
	const kept = keepRunning();
	return {
		name,
		pid: () => running.process.pid,
		kill: (signal) => void running.process.kill(signal),
		started: () => running.started,
		async stop(signal = 'SIGTERM') {
			isStopping = true;
			running.process.kill(signal);
			// A paused process receives the signal only after it is resumed.
			running.process.kill('SIGCONT');
			const timer = setTimeout(() => running.process.kill('SIGKILL'), plan.stopMs ?? STOP_MS);
			await kept;
			clearTimeout(timer);
		},
	};
}

export interface Running {
	readonly process: ChildProcess;
	readonly started: Promise<void>;
	readonly ended: Promise<string>;
}

const v8Options = [
	// V8 marks and compiles on four threads by default. A mesh has several processes: on two processors, the collections
	// of one with thousands of nodes then stop the others for a second.
	`--v8-pool-size=${Math.min(Math.max(availableParallelism() - 1, 1), 4)}`,
	// The default of Node 20 and 22, which collect new objects in 34 MB. A busy program of Node 24 has 134 MB for them.
	'--max-semi-space-size=16',
];

/** Starts a program that is not started again when it ends. */
export function launch(plan: ChildPlan, onLine: ChildEvents['onLine']): Running {
	const { name, program, args = [] } = plan;
	// A process group of its own: Ctrl-C reaches only the runner, which then stops the programs in order.
	const child = spawn(process.execPath, [...v8Options, projectPath('dist', 'bundle', program), ...args], {
		env: environmentOf(plan),
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
		detached: true,
	});
	const reason: string[] = [];
	for (const stream of [child.stdout, child.stderr]) {
		if (stream === null) continue;
		createInterface({ input: stream }).on('line', (line) => {
			if (stream === child.stderr && !line.startsWith('{') && line.trim() !== '') reason.push(line);
			if (reason.length > MAX_REASON_LINES) reason.shift();
			onLine(name, line);
		});
	}
	const ended = new Promise<string>((resolve) => {
		child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
		child.once('close', (code, signal) => resolve(withReason(howItEnded(code, signal), reason)));
	});
	const started = new Promise<void>((resolve, reject) => {
		child.once('message', () => resolve());
		ended.then((how) => reject(new KubejoinError('SERVICE_FAILED', { service: name, problem: how })));
	});
	started.catch(() => undefined);
	return { process: child, started, ended };
}
