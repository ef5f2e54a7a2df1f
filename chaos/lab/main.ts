/**
 * The experiments' command line: `node dist/chaos/lab/main.js VERB …`. Each verb makes one fault, or looks at one thing and prints what it saw. Verbs about
 * nodes, tokens and attackers run where the nodes are; those about services run here. The verbs are in chaos/lab/verbs-….
 */
import '../../lib/require-node.ts';
import { Command, CommanderError } from 'commander';
import { asKubejoinError, causeText, KubejoinError } from '../../lib/errors.ts';
import { errorForPeople, maskTokens } from '../../lib/log.ts';
import { printableLines } from '../../lib/text.ts';
import { type Lab, openLab } from './connect.ts';
import { EXIT_MISMATCH, type Result } from './driver.ts';
import type { OnNodes, OnServices, Printed } from './verbs.ts';
import { addAttackers, addMatrix } from './verbs-attackers.ts';
import { addLooking } from './verbs-looking.ts';
import { addNodes } from './verbs-nodes.ts';
import { addServices } from './verbs-services.ts';
import { addTokens } from './verbs-tokens.ts';

/** Which mesh it is, is found out when a verb is to run: help and wrong arguments need none. */
type Open = () => Promise<Lab>;

/** One call of the lab: its program, with what it printed. */
function createProgram(open: Open, args: readonly string[], print: (result: Result) => void): Command {
	const program = new Command('lab')
		.description('Make one fault in a mesh, or look at one thing of it')
		.exitOverride()
		.enablePositionalOptions();
	program.configureHelp({ helpWidth: 80, minWidthToWrap: 20 });
	program.configureOutput({
		writeOut: (text) => print({ code: 0, stdout: text, stderr: '' }),
		writeErr: (text) => print({ code: 0, stdout: '', stderr: text }),
	});
	const done = (printed: Printed) =>
		print(typeof printed === 'string' ? { code: 0, stdout: `${printed}\n`, stderr: '' } : printed);

	const there: OnNodes =
		(run) =>
		async (...values) => {
			const { place, driver } = await open();
			if (place !== undefined) done(await run(place, ...withoutCommand(values)));
			else if (driver !== undefined) done(await driver.inside(args));
		};
	const here: OnServices =
		(run) =>
		async (...values) => {
			const { driver } = await open();
			if (driver === undefined)
				throw new KubejoinError('LAB_UNREACHABLE', { problem: 'here are only nodes, and this verb is about services' });
			done(await run(driver, ...withoutCommand(values)));
		};

	addTokens(program, there);
	addNodes(program, there);
	addAttackers(program, there, here);
	addMatrix(program, there, here);
	addServices(program, there, here);
	addLooking(program, there, here);
	return program;
}

/** commander passes the command itself after the arguments and the options. */
const withoutCommand = <A extends unknown[]>(values: [...A, Command]): A => values.slice(0, -1) as A;

/** @returns exit code and output of one call */
async function call(args: readonly string[], open: Open): Promise<Result> {
	const results: Result[] = [];
	const program = createProgram(open, args, (result) => results.push(result));
	try {
		await program.parseAsync(args, { from: 'user' });
	} catch (error) {
		results.push(error instanceof CommanderError ? { code: error.exitCode, stdout: '', stderr: '' } : failed(error));
	}
	const joined = (key: 'stdout' | 'stderr') => results.map((result) => result[key]).join('');
	return {
		code: Math.max(0, ...results.map((result) => result.code)),
		stdout: joined('stdout'),
		stderr: joined('stderr'),
	};
}

/** What is unforeseen has no log to be searched here, so its text is shown. */
function failed(error: unknown): Result {
	const known = asKubejoinError(error);
	const cause = known.code === 'INTERNAL' ? `  cause:  ${causeText(known.cause)}\n` : '';
	return { code: known.exitCode, stdout: '', stderr: `${errorForPeople(known)}${cause}` };
}

const args = process.argv.slice(2);
let opened: Promise<Lab> | undefined;
const { code, stdout, stderr } = await call(args, () => {
	opened ??= openLab((given, place) => call(given, async () => ({ place, close: () => undefined })));
	return opened;
});
// Chaos Toolkit does not look at the exit code of a probe in the method; `steady` reports it after the method.
const { driver } = (await opened?.catch(() => undefined)) ?? {};
if (code === EXIT_MISMATCH && args.includes('--until'))
	await driver?.inside(['record-missed', '--', args.join(' ')]).catch(() => undefined);
/** Verbs that print JSON for the lab itself. Two of them are for the search for secrets, and print these. */
const forPrograms = ['token-secrets', 'texts', 'node-files', 'expectations'];
const withSecrets = ['token-secrets', 'texts'];
const masked = (text: string): string => (withSecrets.includes(args[0] ?? '') ? text : maskTokens(text));
process.stdout.write(forPrograms.includes(args[0] ?? '') ? masked(stdout) : printableLines(masked(stdout)));
process.stderr.write(printableLines(masked(stderr)));
process.exitCode = code;
(await opened?.catch(() => undefined))?.close();
