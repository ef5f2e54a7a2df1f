/** The output of a command: standard output and standard error, or lists in tests. */
import { printableLines, terminalText } from '../../lib/text.ts';

export interface Output {
	readonly out: (text: string) => void;
	readonly err: (text: string) => void;
}

/**
 * Escapes control characters in text of servers and files. Secrets are masked on standard error only, because some
 * commands print a token.
 */
export const terminalOutput = (out: (text: string) => void, err: (text: string) => void): Output => ({
	out: (text) => out(printableLines(text)),
	err: (text) => err(terminalText(text)),
});
