/** Runs one command of the lab in this process: the command line and the experiment runner both call it. */
import { environment } from '../../lib/config.ts';
import { maskTokens } from '../../lib/log.ts';
import { printableLines } from '../../lib/text.ts';
import { runProgram } from './commands/program.ts';
import { type Lab, type OpenLabOptions, openLab, stateDirectory } from './connect.ts';
import type { LabContext } from './context.ts';
import { parsePace, scaleTimes } from './pace.ts';
import { EXIT_MISMATCH, type Result } from './result.ts';

export interface LabOptions {
	/** Ends the command: `runLab` rejects with the reason of the abort. */
	readonly signal?: AbortSignal | undefined;
	/** For CHAOS_MESH, CHAOS_STATE, CHAOS_PACE, COMPOSE_PROJECT_NAME and DOCKER_HOST; default: of this process. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Called with a line of progress of a long command. */
	readonly onProgress?: (line: string) => void;
}

const ignore = (): void => undefined;

/**
 * @param args  without the name of the program: `['node', 'x02', '--until', 'joined']`
 * @returns exit code and output, without secrets and safe for a terminal; a failure is a result, too
 * @throws the reason of the abort
 */
export async function runLab(args: readonly string[], options: LabOptions = {}): Promise<Result> {
	const { signal, env = environment(), onProgress = ignore } = options;
	signal?.throwIfAborted();
	let opened: Promise<Lab> | undefined;
	const open = (): Promise<Lab> => {
		opened ??= openLab({ env, signal, runCommand });
		return opened;
	};
	const run = async (): Promise<Result> => {
		const paced = scaleTimes(args, parsePace(env.CHAOS_PACE));
		const { code, stdout, stderr } = await runProgram(paced, { open, state: stateDirectory(env), signal, onProgress });
		// Chaos Toolkit ignores the exit code of a probe in the method; `steady` reports it after the method.
		if (code === EXIT_MISMATCH && args.includes('--until')) await recordMissed(opened, args);
		return { code, stdout: printableLines(maskTokens(stdout)), stderr: printableLines(maskTokens(stderr)) };
	};
	try {
		return await abortable(signal, run());
	} finally {
		(await opened?.catch(ignore))?.close();
	}
}

/**
 * Requires a mesh for experiments, before the first of them.
 *
 * @throws LAB_UNREACHABLE, CONFIG_INVALID, and the errors of Docker for a mesh in containers
 */
export async function requireMesh(env: OpenLabOptions['env']): Promise<void> {
	const lab = await openLab({ env, signal: undefined, runCommand });
	lab.close();
}

/** Run a command of the lab where the nodes are, with an open context. */
export const runCommand = (args: readonly string[], context: LabContext): Promise<Result> =>
	runProgram(args, {
		open: async () => ({ context, close: ignore }),
		state: context.directory,
		signal: context.signal,
		onProgress: ignore,
	});

async function recordMissed(opened: Promise<Lab> | undefined, args: readonly string[]): Promise<void> {
	const { driver } = (await opened?.catch(ignore)) ?? {};
	await driver?.lab.recordMissed(args.join(' ')).catch(ignore);
}

/** Rejects when the signal aborts, also while the work does not react to it. */
async function abortable<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
	if (signal === undefined) return work;
	let abort: () => void = ignore;
	const aborted = new Promise<never>((_, reject) => {
		abort = () => reject(signal.reason);
		signal.addEventListener('abort', abort, { once: true });
	});
	try {
		return await Promise.race([work, aborted]);
	} finally {
		signal.removeEventListener('abort', abort);
	}
}
