/**
 * Log lines: written by pino, one line of text for people or JSON for programs. As a last line of defense, any text
 * with the form of a secret is masked; no caller may rely on that.
 */
import { pino } from 'pino';
import { logText } from './chinese/index.ts';
import { sentenceText } from './cli/error-text.ts';
import { asKubejoinError } from './errors.ts';
import { type Language, terminalLanguage } from './language.ts';
import { maskSecrets, printable, printableJson } from './text.ts';

export { maskSecrets as maskTokens } from './text.ts';

export type Log = pino.Logger;

export interface LogOptions {
	/** Folder name of the service, or the node's name for a kubelet. */
	readonly service: string;
	readonly level: string;
	readonly format: 'text' | 'json';
	/** Where lines go; default standard output. */
	readonly write?: (line: string) => void;
}

export function createLog({ service, level, format, write = (line) => process.stdout.write(line) }: LogOptions): Log {
	const destination = {
		write(json: string): void {
			const masked = maskSecrets(json);
			write(format === 'json' ? printableJson(masked) : `${renderLine(JSON.parse(masked))}\n`);
		},
	};
	return pino(
		{
			level,
			base: { service },
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
		},
		destination,
	);
}

/** A pino line as an object. */
export interface LogLine {
	readonly time: string;
	readonly level: string;
	readonly service: string;
	readonly msg: string;
	readonly [field: string]: unknown;
}

/**
 * `12:00:01.103 ca-service signed the certificate of node-1 serial=…`; warnings and errors are marked. One line without
 * control characters, for any text in a name or message. Its sentences are in the language of the terminal.
 */
export function renderLine(line: LogLine, language: Language = terminalLanguage()): string {
	const { time, level, service, msg, ...fields } = line;
	const shown = (key: string, value: string) => (isSentence.has(key) ? sentenceText(value, language) : value);
	const rest = Object.entries(fields)
		.filter(([, value]) => value !== undefined && value !== '')
		.map(([key, value]) => `${key}=${typeof value === 'string' ? shown(key, value) : JSON.stringify(value)}`);
	const mark = level === 'info' || level === 'debug' ? '' : `${level.toUpperCase()} `;
	return printable(
		[
			time.slice(11, 23),
			` ${service.padEnd(22)} `,
			mark,
			logText(msg, language),
			...rest.map((field) => `  ${field}`),
		].join(''),
	);
}

/** Fields with a sentence of kubejoin. */
const isSentence: ReadonlySet<string> = new Set(['error', 'remedy', 'problem']);

/** The fields of an error in a log line: code, message, and the cause of INTERNAL. */
export function errorFields(error: unknown): Record<string, unknown> {
	const known = asKubejoinError(error);
	return {
		code: known.code,
		error: known.message,
		...(known.cause === undefined ? {} : { cause: causeChain(known.cause) }),
	};
}

/** The text of the library: a log is for programmers, and secrets are masked when it is written. */
const causeChain = (cause: unknown): string => {
	if (cause instanceof AggregateError && cause.errors.length > 0) return causeChain(cause.errors[0]);
	if (!(cause instanceof Error)) return String(cause);
	const text = cause.message || cause.name;
	return cause.cause === undefined ? text : `${text}: ${causeChain(cause.cause)}`;
};
