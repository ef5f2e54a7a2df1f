/** The command line of the lab. */
import { Command, CommanderError } from 'commander';
import { errorForPeople } from '../../../lib/cli/error-text.ts';
import { prepareProgram, reportAs, USAGE_EXIT_CODE } from '../../../lib/cli/run-cli.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import type { Lab } from '../connect.ts';
import type { Result } from '../result.ts';
import type { CommandContext, OnNodes, OnServices, Printed } from './arguments.ts';
import { addAttackers } from './attackers.ts';
import { addClockSkew } from './clock-skew.ts';
import { addCluster } from './cluster.ts';
import { addInspect } from './inspect.ts';
import { addMatrix } from './matrix.ts';
import { addNetwork } from './network.ts';
import { addNodes } from './nodes.ts';
import { addServices } from './services.ts';
import { addTokens } from './tokens.ts';
import { addVerdicts } from './verdicts.ts';

export interface ProgramContext extends Pick<CommandContext, 'state' | 'signal' | 'onProgress'> {
	/** Called only when a command runs: help and wrong arguments need no mesh. */
	readonly open: () => Promise<Lab>;
}

const examples = ['bin/lab steady', 'bin/lab logs expired', 'bin/lab matrix'];

/** Run one command. A failure is a result, too. */
export async function runProgram(args: readonly string[], context: ProgramContext): Promise<Result> {
	const results: Result[] = [];
	const program = createProgram(args, context, (result) => results.push(result));
	try {
		await prepareProgram(program, args, { executable: 'lab', examples });
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

/** @param print  called with each output */
function createProgram(
	args: readonly string[],
	{ open, ...shared }: ProgramContext,
	print: (result: Result) => void,
): Command {
	const program = new Command('bin/lab')
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
			else if (driver !== undefined) done(await driver.lab.runCommand(args));
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
	for (const add of [
		addTokens,
		addNodes,
		addAttackers,
		addMatrix,
		addServices,
		addNetwork,
		addClockSkew,
		addCluster,
		addVerdicts,
		addInspect,
	])
		add(program, { ...shared, onNodes, onServices });
	return program;
}

/** commander passes the command itself after the arguments and the options. */
const withoutCommand = <A extends unknown[]>(values: [...A, Command]): A => values.slice(0, -1) as A;

function failed(error: unknown): Result {
	if (error instanceof CommanderError)
		return { code: error.exitCode === 0 ? 0 : USAGE_EXIT_CODE, stdout: '', stderr: '' };
	const { text, exitCode } = reportAs((known) => errorForPeople(known, 'en'))(error);
	return { code: exitCode, stdout: '', stderr: text };
}
