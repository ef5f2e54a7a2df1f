/** Runs the command line of every program: help, version, completion, the exit code, and one format for failures. */
import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { helpText } from '../chinese/index.ts';
import { ignoreProxies } from '../config.ts';
import { asKubejoinError, causeText, type KubejoinError } from '../errors.ts';
import { type Language, terminalLanguage } from '../language.ts';
import { projectPath } from '../paths.ts';
import { terminalText } from '../text.ts';
import { chineseUsageError, translateCommand } from './commander-chinese.ts';
import { addCompletionCommand, type CompletionOptions, completeWords } from './completion.ts';
import { errorForPeople, remedyLine } from './error-text.ts';
import { parsedBy } from './options.ts';
import { asCommander } from './pflag.ts';
import { wrapColumns } from './terminal-columns.ts';

export interface CliOptions extends CompletionOptions {
	/** Arguments without the program's name. Default: those of this process. */
	readonly words?: readonly string[];
	/** Command lines for the end of the help. Each works when it is pasted. */
	readonly examples?: readonly string[];
	readonly report?: (thrown: unknown) => FailureReport;
	/** Exit code for arguments that commander refuses. Default: USAGE_EXIT_CODE. */
	readonly usageExitCode?: number;
	readonly writeError?: (text: string) => void;
	/** Of the help and of errors about arguments. Default: that of the terminal. */
	readonly language?: Language;
}

export interface FailureReport {
	readonly text: string;
	readonly exitCode: number;
}

/** The exit code of the programs' own errors about arguments. */
export const USAGE_EXIT_CODE = 3;

/** @returns the exit code; the failure has been written to standard error */
export async function runCli(program: Command, options: CliOptions = {}): Promise<number> {
	const {
		words = process.argv.slice(2),
		report = reportAs((error) => errorForPeople(error)),
		usageExitCode = USAGE_EXIT_CODE,
	} = options;
	const { writeError = (text: string) => void process.stderr.write(text) } = options;
	endWithReader();
	ignoreProxies();
	try {
		await prepareProgram(program, words, options);
		const refuse = (problem: string) => program.error(`error: ${problem}`);
		await program.parseAsync(asCommander(program, words, refuse), { from: 'user' });
		return Number(process.exitCode ?? 0);
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
		const { text, exitCode } = report(error);
		writeError(terminalText(text));
		return exitCode;
	}
}

/** Adds help, version and completion, in the language of the terminal, and the guards of `guardCommands`. */
export async function prepareProgram(
	program: Command,
	words: readonly string[],
	{ examples = [], language = terminalLanguage(), ...options }: CliOptions,
): Promise<void> {
	const isCompleting = options.executable !== undefined && words[0] === 'complete';
	if (!isCompleting) addCompletionCommand(program, options);
	eachCommand(program, (command) =>
		command.configureHelp({ ...command.configureHelp(), helpWidth: HELP_WIDTH, minWidthToWrap: MIN_WIDTH_TO_WRAP }),
	);
	program.version(`kubejoin ${projectVersion()}`, '--version', 'print the version');
	if (examples.length > 0) program.addHelpText('after', examplesText(examples, language));
	if (language === 'zh') eachCommand(program, translateCommand);
	guardCommands(program, language);
	eachCommand(program, guardDirectories);
	if (isCompleting) await completeWords(program, options);
}

/**
 * Reports an error of the table in `lib/errors.ts`. The cause of any other error is printed too: there is no log to
 * search for it.
 */
export const reportAs =
	(format: (error: KubejoinError) => string) =>
	(thrown: unknown): FailureReport => {
		const known = asKubejoinError(thrown);
		const cause = known.code === 'INTERNAL' ? `  cause:         ${causeText(known.cause)}\n` : '';
		return { text: `${format(known)}${cause}`, exitCode: known.exitCode };
	};

/** The text below a program's or a command's own help. */
export const examplesText = (examples: readonly string[], language: Language = terminalLanguage()): string =>
	`\n${helpText('Examples:', language)}\n${examples.map((line) => `  ${line.replaceAll('\n', '\n  ')}`).join('\n')}`;

/** A paragraph below a program's or a command's own help. @param indent  in spaces */
export const helpLines = (text: string, indent = 0): readonly string[] =>
	wrapColumns(helpText(text), HELP_WIDTH - indent).map((line) => `${' '.repeat(indent)}${line}`);

const HELP_WIDTH = 80;
const MIN_WIDTH_TO_WRAP = 20;

export function projectVersion(): string {
	const { version } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { readonly version: string };
	return version;
}

/**
 * Commander never ends the process, and its errors do not repeat the value of an unknown option, which may be a
 * secret.
 */
function guardCommands(program: Command, language: Language): void {
	const shown = (text: string): string => (language === 'zh' ? chineseUsageError(text) : text);
	const remedy = (command: Command) => remedyLine(`See: ${pathOf(command)} --help`, language).trimEnd();
	eachCommand(program, (command) =>
		command
			.exitOverride()
			.showHelpAfterError(remedy(command))
			.configureOutput({ outputError: (text, write) => write(terminalText(shown(withoutValues(text)))) }),
	);
}

/** `kubectl-sim config view` */
const pathOf = (command: Command): string =>
	command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

/** An empty path, as `--state "$unset"` gives, would name the current directory. */
function guardDirectories({ options }: Command): void {
	for (const option of options)
		if (/<dir(ectory)?>/.test(option.flags) && option.parseArg === undefined) option.argParser(directoryPath);
}

const directoryPath = parsedBy((value) => {
	if (value === '') throw new Error('the path of a directory, and not empty');
	return value;
});

function eachCommand(command: Command, apply: (command: Command) => void): void {
	apply(command);
	for (const child of command.commands) eachCommand(child, apply);
}

/** The exit code that a shell shows for a program ended by SIGPIPE. */
const BROKEN_PIPE = 141;

/** When the reader of the output ends, as `head` does, the program ends without a message. */
export function endWithReader(): void {
	for (const stream of [process.stdout, process.stderr])
		if (!stream.listeners('error').includes(onOutputError)) stream.on('error', onOutputError);
}

function onOutputError(this: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
	// A program that serves or must clean up has a listener of its own.
	if ([process.stdout, process.stderr].some((stream) => stream.listenerCount('error') > 1)) return;
	const isClosed = error.code === 'EPIPE';
	if (!isClosed && this === process.stdout) sayUnwritable(error);
	process.exit(isClosed ? BROKEN_PIPE : 1);
}

const sayUnwritable = (error: NodeJS.ErrnoException): void =>
	void process.stderr.write(`error: write /dev/stdout: ${causeText(error)}\n`);

/**
 * For a program that must stop in order. Output that cannot be written, as to a full disk, is reported, and the program
 * then ends with exit code 1; the end of its reader is not an error.
 */
export function stopWithOutput(stop: () => void): void {
	let isUnwritable = false;
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE' && !isUnwritable) {
			isUnwritable = true;
			sayUnwritable(error);
			process.once('exit', () => {
				process.exitCode = 1;
			});
		}
		stop();
	});
}

const MAX_VALUE = 64;

/** Removes the value from `--tokn=SECRET`, which may be a secret, and shortens long arguments. */
export const withoutValues = (text: string): string =>
	text
		.replace(/(unknown option ')(--[\w-]*|-\w?)[\s\S]*?'(?=\n|$)/, "$1$2'")
		.replace(/'([^'\n]*)'/g, (quoted, value: string) =>
			value.length > MAX_VALUE ? `'${value.slice(0, MAX_VALUE)}...'` : quoted,
		);
