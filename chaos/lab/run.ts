/** Runs one command of the lab in this process: the command line and the experiment runner both call it. */
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { addHelpAndVersion, guardCommands, reportAs, USAGE_EXIT_CODE } from '../../lib/cli.ts';
import { addCompletion } from '../../lib/cli-completion.ts';
import { environment } from '../../lib/config.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { errorForPeople, maskTokens } from '../../lib/log.ts';
import { printableLines } from '../../lib/text.ts';
import type { OnNodes, OnServices, Printed } from './commands/arguments.ts';
import { addAttackers, addMatrix } from './commands/attackers.ts';
import { addLooking } from './commands/inspect.ts';
import { addNodes } from './commands/nodes.ts';
import { addServices } from './commands/services.ts';
import { addTokens } from './commands/tokens.ts';
import { type Lab, openLab } from './connect.ts';
import { EXIT_MISMATCH, type Result } from './drivers/driver.ts';
import { parsePace, scaleTimes } from './pace.ts';

export interface LabOptions {
	/** Ends the command: `runLab` rejects with the reason of the abort. */
	readonly signal?: AbortSignal | undefined;
	/** CHAOS_MESH, CHAOS_STATE, CHAOS_PACE and COMPOSE_PROJECT_NAME are read; default: the environment of this process. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Called with a line of progress of a long command. */
	readonly onProgress?: (line: string) => void;
}

/**
 * @param args  without the name of the program: `['node', 'x02', '--until', 'joined']`
 * @returns exit code and output, without secrets and safe for a terminal; a failure is a result, too
 * @throws the reason of the abort
 */
export async function runLab(
	args: readonly string[],
	{ signal, env = environment(), onProgress = () => undefined }: LabOptions = {},
): Promise<Result> {
	signal?.throwIfAborted();
	let opened: Promise<Lab> | undefined;
	const shared = { state: resolve(env.CHAOS_STATE ?? '.kubejoin'), onProgress };
	const open = (): Promise<Lab> => {
		opened ??= openLab(env, (given, context) =>
			call(given, { ...shared, open: async () => ({ context, close: () => undefined }) }),
		);
		return opened;
	};
	const recordMissed = async (missed: readonly string[]) => {
		const { driver } = (await opened?.catch(() => undefined)) ?? {};
		await driver?.runInLab(['record-missed', '--', missed.join(' ')]).catch(() => undefined);
	};
	try {
		return await abortable(
			signal,
			runAndRecord(scaleTimes(args, parsePace(env.CHAOS_PACE)), { ...shared, open }, recordMissed),
		);
	} finally {
		(await opened?.catch(() => undefined))?.close();
	}
}

interface CallContext {
	/** Called only when a command runs: help and wrong arguments need no mesh. */
	readonly open: () => Promise<Lab>;
	/** The state directory of the mesh on this machine, which also holds the journals of experiments. */
	readonly state: string;
	readonly onProgress: (line: string) => void;
}

async function runAndRecord(
	args: readonly string[],
	context: CallContext,
	recordMissed: (args: readonly string[]) => Promise<void>,
): Promise<Result> {
	const { code, stdout, stderr } = await call(args, context);
	// Chaos Toolkit does not look at the exit code of a probe in the method; `steady` reports it after the method.
	if (code === EXIT_MISMATCH && args.includes('--until')) await recordMissed(args);
	const masked = (text: string): string => (withSecrets.includes(args[0] ?? '') ? text : maskTokens(text));
	return {
		code,
		stdout: forPrograms.includes(args[0] ?? '') ? masked(stdout) : printableLines(masked(stdout)),
		stderr: printableLines(masked(stderr)),
	};
}

/** Verbs that print JSON for the lab itself; two of them return secrets to the search for secrets. */
const forPrograms = ['token-secrets', 'texts', 'node-files', 'expectations'];
const withSecrets = ['token-secrets', 'texts'];

/** Rejects when the signal aborts, also while the work does not react to it. */
async function abortable<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
	if (signal === undefined) return work;
	let abort: () => void = () => undefined;
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

/** @param print  called with each output of the command */
function createProgram(
	args: readonly string[],
	{ open, state, onProgress }: CallContext,
	print: (result: Result) => void,
): Command {
	const program = new Command('lab')
		.description('Inject one fault into a mesh, or inspect one part of it')
		.enablePositionalOptions();
	program.configureOutput({
		writeOut: (text) => print({ code: 0, stdout: text, stderr: '' }),
		writeErr: (text) => print({ code: 0, stdout: '', stderr: text }),
	});
	const done = (printed: Printed) =>
		print(typeof printed === 'string' ? { code: 0, stdout: `${printed}\n`, stderr: '' } : printed);

	const onNodes: OnNodes =
		(run) =>
		async (...values) => {
			const { context, driver } = await open();
			if (context !== undefined) done(await run(context, ...withoutCommand(values)));
			else if (driver !== undefined) done(await driver.runInLab(args));
		};
	const onServices: OnServices =
		(run) =>
		async (...values) => {
			const { driver } = await open();
			if (driver === undefined)
				throw new KubejoinError('LAB_UNREACHABLE', {
					problem: 'only nodes run here, and this command is about services',
				});
			done(await run(driver, ...withoutCommand(values)));
		};

	addTokens(program, onNodes);
	addNodes(program, onNodes);
	addAttackers(program, onNodes, onServices);
	addMatrix(program, onNodes, onServices, onProgress);
	addServices(program, onNodes, onServices);
	addLooking(program, onNodes, onServices, state);
	return program;
}

/** commander passes the command itself after the arguments and the options. */
const withoutCommand = <A extends unknown[]>(values: [...A, Command]): A => values.slice(0, -1) as A;

async function call(args: readonly string[], context: CallContext): Promise<Result> {
	const results: Result[] = [];
	const program = createProgram(args, context, (result) => results.push(result));
	addHelpAndVersion(program, examples);
	guardCommands(program);
	try {
		await addCompletion(program, args, { executable: 'lab' });
		await program.parseAsync(args, { from: 'user' });
	} catch (error) {
		results.push(failed(error));
	}
	const joined = (key: 'stdout' | 'stderr') => results.map((result) => result[key]).join('');
	return {
		code: Math.max(0, ...results.map((result) => result.code)),
		stdout: joined('stdout'),
		stderr: joined('stderr'),
	};
}

function failed(error: unknown): Result {
	if (error instanceof CommanderError)
		return { code: error.exitCode === 0 ? 0 : USAGE_EXIT_CODE, stdout: '', stderr: '' };
	const { text, exitCode } = reportAs(errorForPeople)(error);
	return { code: exitCode, stdout: '', stderr: text };
}

const examples = ['bin/lab steady', 'bin/lab logs expired', 'bin/lab matrix'];
