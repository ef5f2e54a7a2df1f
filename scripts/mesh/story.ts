/** The flow as a person reads it in a terminal, and every line in full in a file for each program. It shows what the programs said and adds nothing. */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { Help } from 'commander';

export interface Story {
	/** A line that a program printed. */
	readonly line: (name: string, line: string) => void;
	/** A sentence of the runner itself. */
	readonly say: (text: string) => void;
	/** While quiet, services are heard only when they warn: at start and at stop the runner speaks for them. */
	readonly quiet: (isQuiet: boolean) => void;
	/** Resolves when every line is in its file. */
	readonly close: () => Promise<void>;
}

const MIN_WIDTH = 40;
const MAX_WIDTH = 100;
const DEFAULT_WIDTH = 80;
const INDENT = '    ';
const wrapper = new Help();

/** @param columns  of the terminal; undefined when there is none */
export function createStory(state: string, write: (text: string) => void, columns: number | undefined): Story {
	const width = Math.min(Math.max(columns ?? DEFAULT_WIDTH, MIN_WIDTH), MAX_WIDTH);
	const files = openFiles(join(state, 'logs'), (problem) => write(`the log files are not written any more: ${problem}\n`));
	let isQuiet = true;
	return {
		line(name, line) {
			files.write(name, line);
			const shown = readLine(line, isQuiet);
			if (shown) write(withName(name, shown, width));
		},
		say: (text) => write(`${text}\n`),
		quiet(value) {
			isQuiet = value;
		},
		close: files.close,
	};
}

/** The part of a line that is shown. Services write JSON; nodes and the certificates' bootstrap write text. */
function readLine(line: string, isQuiet: boolean): string | undefined {
	const record = parseRecord(line);
	if (record === undefined) return line.startsWith('[certs]') ? undefined : line;
	const { level, msg = '', code, error, remedy } = record;
	const isTrouble = level === 'warn' || level === 'error';
	if (!isTrouble) return isQuiet ? undefined : msg;
	return [
		`${level.toUpperCase()} ${msg}`,
		...(code === undefined ? [] : [`${code}: ${error ?? ''}`]),
		...(remedy === undefined ? [] : [`remedy: ${remedy}`]),
	].join(' ');
}

type LogRecord = Partial<Readonly<Record<'level' | 'msg' | 'code' | 'error' | 'remedy', string>>> & { readonly level: string };

function parseRecord(line: string): LogRecord | undefined {
	if (!line.startsWith('{')) return undefined;
	try {
		const record: unknown = JSON.parse(line);
		return typeof record === 'object' && record !== null && 'level' in record ? (record as LogRecord) : undefined;
	} catch {
		return undefined;
	}
}

/** `node-1 [discovery/pin-ca] …`; what does not fit goes on below, indented. */
function withName(name: string, text: string, width: number): string {
	const [first = '', ...rest] = wrapper.boxWrap(`${name} ${text}`, width).split('\n');
	const more = rest.length === 0 ? [] : wrapper.boxWrap(rest.join(' '), width - INDENT.length).split('\n');
	return [first, ...more.map((line) => `${INDENT}${line}`)].join('\n').concat('\n');
}

/** One file for each program, begun anew at every start. */
function openFiles(directory: string, onProblem: (problem: string) => void) {
	const files = new Map<string, WriteStream>();
	let isBroken = false;
	const open = (name: string): WriteStream => {
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		const file = createWriteStream(join(directory, `${name}.log`), { flags: 'w', mode: 0o600 });
		file.on('error', (error) => {
			if (!isBroken) onProblem(error.message);
			isBroken = true;
		});
		files.set(name, file);
		return file;
	};
	return {
		write(name: string, line: string): void {
			if (!isBroken) (files.get(name) ?? open(name)).write(`${line}\n`);
		},
		async close(): Promise<void> {
			await Promise.all([...files.values()].map((file) => new Promise<void>((done) => (file.closed ? done() : file.once('close', done).end()))));
		},
	};
}
