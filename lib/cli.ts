/** How every program of kubejoin runs its command line and ends: no proxies, exit code, and one way for a failure to reach a person. */
import { type Command, CommanderError } from 'commander';
import { ignoreProxies } from './config.ts';
import { asKubejoinError, causeText, type KubejoinError } from './errors.ts';
import { errorForPeople } from './log.ts';
import { terminalText } from './text.ts';

export interface CliOptions {
	/** Without the program's name. Default: those of this process. */
	readonly words?: readonly string[];
	/** How a failure reads. */
	readonly format?: (error: KubejoinError) => string;
	/** Of a command line that commander refuses. Default: 1. */
	readonly usageExitCode?: number;
	readonly writeError?: (text: string) => void;
}

/** @returns the exit code; what is wrong has been written to standard error */
export async function runCli(program: Command, options: CliOptions = {}): Promise<number> {
	const { words, format = errorForPeople, usageExitCode = 1 } = options;
	const { writeError = (text: string) => void process.stderr.write(text) } = options;
	guardCommands(program);
	ignoreProxies();
	try {
		await (words === undefined ? program.parseAsync() : program.parseAsync(words, { from: 'user' }));
		return Number(process.exitCode ?? 0);
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
		const known = asKubejoinError(error);
		// A command line has no log in which the id of an unforeseen failure could be searched.
		const cause = known.code === 'INTERNAL' ? `  cause:         ${causeText(known.cause)}\n` : '';
		writeError(terminalText(`${format(known)}${cause}`));
		return known.exitCode;
	}
}

/** No command ends the process itself, and what commander refuses is repeated without its value, which may be a secret. */
export function guardCommands(command: Command): void {
	command.exitOverride().configureOutput({ outputError: (text, write) => write(terminalText(withoutValues(text))) });
	for (const child of command.commands) guardCommands(child);
}

const MAX_VALUE = 64;

/** `--tokn=SECRET` is a flag that is not known; its value is nobody's business. An argument is cut. */
export const withoutValues = (text: string): string =>
	text
		.replace(/(unknown option ')(--[\w-]*|-\w?)[\s\S]*?'(?=\n|$)/, "$1$2'")
		.replace(/'([^'\n]*)'/g, (quoted, value: string) =>
			value.length > MAX_VALUE ? `'${value.slice(0, MAX_VALUE)}...'` : quoted,
		);
