/**
 * Runs the program of a step: until it ends, until its time limit, or until the signal aborts. The lab runs in this
 * process; any other program is started, and its whole process group ends with it.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import type { Plan, Step } from './plan.ts';
import type { Output } from './tolerance.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs a command of the lab in this process; rejects with the reason of the abort. */
export type RunLab = (
	args: readonly string[],
	options: { readonly signal: AbortSignal; readonly env: Environment },
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;

/** Where the programs of an experiment run. */
export interface Machine {
	readonly environment: Environment;
	readonly directory: string;
	/** Absent: the lab is a program like any other. */
	readonly runLab?: RunLab | undefined;
}

/** Relative to the directory of the machine. */
export const LAB_PATH = 'bin/lab';
export const DEFAULT_TIMEOUT_SECONDS = 600;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const STOP_MS = 3_000;

/** The path of an executable, looked up as a shell does. */
export function findProgram(name: string, { environment, directory }: Machine): string | undefined {
	if (name === '' || name.includes('\0')) return undefined;
	const candidates = name.includes('/')
		? [isAbsolute(name) ? name : join(directory, name)]
		: (environment.PATH ?? '').split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
	return candidates.find((path) => {
		try {
			accessSync(path, constants.X_OK);
			return statSync(path).isFile();
		} catch {
			return false;
		}
	});
}

const isLab = (program: string | undefined, { directory }: Machine): boolean => program === join(directory, LAB_PATH);

/** Whether a step of the experiment needs a running mesh. */
export const usesLab = ({ hypothesis, method, rollbacks }: Plan, machine: Machine): boolean =>
	[...hypothesis.probes, ...method, ...rollbacks].some(({ path }) => isLab(findProgram(path, machine), machine));

/** @throws Error  the program did not start, exceeded a limit, or was stopped */
export async function runProgram(step: Step, machine: Machine, signal: AbortSignal): Promise<Output> {
	const { path, args, timeoutSeconds } = step;
	const program = findProgram(path, machine);
	if (program === undefined) throw new Error(`the program ${path} was not found`);
	signal.throwIfAborted();
	return machine.runLab !== undefined && isLab(program, machine)
		? runInProcess(machine.runLab, args, { env: machine.environment, timeoutSeconds, signal })
		: runChild(program, args, { machine, timeoutSeconds, signal });
}

const timeoutText = (seconds: number): string => `the program took longer than ${seconds} s`;
const STOPPED = 'the program was stopped';

interface LabLimits {
	readonly env: Environment;
	readonly timeoutSeconds: number;
	readonly signal: AbortSignal;
}

async function runInProcess(
	runLab: RunLab,
	args: readonly string[],
	{ env, timeoutSeconds, signal }: LabLimits,
): Promise<Output> {
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(new Error(timeoutText(timeoutSeconds))), timeoutSeconds * 1000);
	const stop = () => limit.abort(new Error(STOPPED));
	signal.addEventListener('abort', stop, { once: true });
	try {
		const { code, stdout, stderr } = await runLab(args, { signal: limit.signal, env });
		return { status: code, stdout, stderr };
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', stop);
	}
}

interface ChildLimits {
	readonly machine: Machine;
	readonly timeoutSeconds: number;
	readonly signal: AbortSignal;
}

async function runChild(
	program: string,
	args: readonly string[],
	{ machine, timeoutSeconds, signal }: ChildLimits,
): Promise<Output> {
	// In a process group of its own: Ctrl-C reaches only the runner, which then stops the program and its children.
	const child = spawn(program, args, {
		cwd: machine.directory,
		env: { ...machine.environment },
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
	});
	let failure: string | undefined;
	const end = (how: NodeJS.Signals, reason: string) => {
		failure ??= reason;
		if (child.pid === undefined) return;
		try {
			process.kill(-child.pid, how);
		} catch {
			// The process group has ended already.
		}
	};
	const timers = [setTimeout(() => end('SIGKILL', timeoutText(timeoutSeconds)), timeoutSeconds * 1000)];
	const stop = () => {
		end('SIGTERM', STOPPED);
		timers.push(setTimeout(() => end('SIGKILL', STOPPED), STOP_MS));
	};
	signal.addEventListener('abort', stop, { once: true });
	const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
	let bytes = 0;
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].on('data', (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > MAX_OUTPUT_BYTES) end('SIGKILL', `the program printed more than ${MAX_OUTPUT_BYTES} bytes`);
			else chunks[name].push(chunk);
		});
	}
	try {
		const status = await new Promise<number>((resolve, reject) =>
			child
				.once('error', (error) => reject(new Error(`the program did not start: ${causeText(error)}`)))
				.once('close', (code, name) => resolve(code ?? -(name === null ? 0 : osConstants.signals[name]))),
		);
		if (failure !== undefined) throw new Error(failure);
		return { status, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString() };
	} finally {
		signal.removeEventListener('abort', stop);
		for (const timer of timers) clearTimeout(timer);
	}
}
