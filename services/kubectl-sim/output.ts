/** Where a command writes: standard output and standard error, or a test's lists. */
import { printableLines, terminalText } from '../../lib/text.ts';

export interface Output {
	readonly out: (text: string) => void;
	readonly err: (text: string) => void;
}

/** No text of a server or a file moves the cursor. Secrets are masked on standard error only: some commands are there to print a token. */
export const terminalOutput = (out: (text: string) => void, err: (text: string) => void): Output => ({
	out: (text) => out(printableLines(text)),
	err: (text) => err(terminalText(text)),
});
