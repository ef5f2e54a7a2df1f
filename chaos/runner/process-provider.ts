/** Runs a program for an activity: to its end, to its time limit, or until it is told to stop; whatever it started itself goes with it. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { causeText } from '../../lib/errors.ts';
import { isList, isMap, type Json, type JsonMap, pythonText } from './json.ts';
import { hasValues, substitute, type Values } from './substitute.ts';
import { findProgram, type Machine } from './validate.ts';

export interface ProviderOptions {
	readonly machine: Machine;
	readonly values: Values;
	/** The activity is to stop. */
	readonly signal: AbortSignal;
}

/** With no limit of its own. Chaos Toolkit waits for ever. */
export const DEFAULT_TIMEOUT_SECONDS = 600;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const STOP_MS = 3_000;

/** What the program is given: a list, or one text for the shell. @source chaoslib.provider.process */
function argumentsOf(given: Json | undefined, values: Values): string | readonly string[] {
	const list = given !== undefined && hasValues(values) ? substitute(given, values) : given;
	if (typeof list === 'string' && list !== '') return list;
	const items = isList(list) ? list : isMap(list) ? Object.entries(list).flat() : [];
	return items.filter((item) => item !== null && item !== '').map(pythonText);
}

/**
 * @returns `status`, `stdout` and `stderr`; the status of a program that a signal ended is the signal's number below 0
 * @throws Error  it could not be started, took too long, printed too much or was told to stop
 */
export async function runProcess(provider: JsonMap, { machine, values, signal }: ProviderOptions): Promise<JsonMap> {
	const program = findProgram(String(provider.path), machine);
	if (program === undefined) throw new Error(`the program ${provider.path} cannot be found`);
	signal.throwIfAborted();
	const args = argumentsOf(provider.arguments, values);
	const [file, list] = typeof args === 'string' ? ['/bin/sh', ['-c', `${program} ${args}`]] : [program, args];
	// A process group of its own: Ctrl-C reaches only the runner, which then stops the program, and all that it started.
	const child = spawn(file, list, {
		cwd: machine.directory,
		env: { ...machine.environment },
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
	});
	const seconds = typeof provider.timeout === 'number' ? provider.timeout : DEFAULT_TIMEOUT_SECONDS;
	let why: string | undefined;
	const end = (how: NodeJS.Signals, reason: string) => {
		why ??= reason;
		if (child.pid === undefined) return;
		try {
			process.kill(-child.pid, how);
		} catch {
			// It has gone.
		}
	};
	const timers = [setTimeout(() => end('SIGKILL', `took longer than ${seconds} s`), seconds * 1000)];
	const stop = () => {
		end('SIGTERM', 'was told to stop');
		timers.push(setTimeout(() => end('SIGKILL', 'was told to stop'), STOP_MS));
	};
	signal.addEventListener('abort', stop, { once: true });
	const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
	let bytes = 0;
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].on('data', (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > MAX_OUTPUT_BYTES) end('SIGKILL', `printed more than ${MAX_OUTPUT_BYTES} bytes`);
			else chunks[name].push(chunk);
		});
	}
	try {
		const status = await new Promise<number>((resolve, reject) =>
			child
				.once('error', reject)
				.once('close', (code, name) => resolve(code ?? -(name === null ? 0 : constants.signals[name]))),
		);
		if (why !== undefined) throw new Error(why);
		return { status, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString() };
	} catch (error) {
		throw new Error(why === undefined ? `cannot be started: ${causeText(error)}` : `the program ${why}`);
	} finally {
		signal.removeEventListener('abort', stop);
		for (const timer of timers) clearTimeout(timer);
	}
}
