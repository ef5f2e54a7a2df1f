/**
 * What a person reads in the terminal, and every line in full in a file for each program. The joins are told by the observer, from their traces; the
 * other programs are heard when they warn.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Help } from 'commander';
import { causeText } from '../../lib/errors.ts';

export interface Story {
	/** A line that a program printed. */
	readonly line: (name: string, line: string) => void;
	/** A sentence of the runner itself. */
	readonly say: (text: string) => void;
	/** Resolves when the observer has told what it knows: when it has said nothing for a while. */
	readonly told: () => Promise<void>;
	/** Resolves when every line is in its file. */
	readonly close: () => Promise<void>;
}

const MIN_WIDTH = 40;
const MAX_PROSE_WIDTH = 100;
const MAX_JOINS_WIDTH = 160;
const DEFAULT_WIDTH = 80;
const INDENT = '    ';
/** The observer holds back what could come out of order for half of that. */
const TOLD_AFTER_MS = 1_000;
const MAX_TELLING_MS = 5_000;
const wrapper = new Help();

/** Columns for the observer's table of joins, which uses a wide terminal. */
export const joinsWidth = (columns: number | undefined): number =>
	Math.min(Math.max(columns || DEFAULT_WIDTH, MIN_WIDTH), MAX_JOINS_WIDTH);
/** Columns for sentences, which are hard to read in long lines. */
const proseWidth = (columns: number | undefined): number => Math.min(joinsWidth(columns), MAX_PROSE_WIDTH);

/** @param columns  of the terminal; undefined when there is none */
export function createStory(state: string, write: (text: string) => void, columns: number | undefined): Story {
	const width = proseWidth(columns);
	const files = openFiles(join(state, 'logs'), (problem) =>
		write(`the log files are not written any more: ${problem}\n`),
	);
	let heardMs = performance.now();
	return {
		line(name, line) {
			files.write(name, line);
			if (name === 'observer') heardMs = performance.now();
			const shown = readLine(name, line);
			// The observer's lines are of the right width.
			if (shown) write(name === 'observer' && !line.startsWith('{') ? `${shown}\n` : withName(name, shown, width));
		},
		say: (text) => write(`${text}\n`),
		async told() {
			const end = performance.now() + MAX_TELLING_MS;
			heardMs = performance.now();
			while (performance.now() < Math.min(heardMs + TOLD_AFTER_MS, end)) await delay(50);
		},
		close: files.close,
	};
}

/** What a node says besides its join. */
const isNodes = /^\[(kubelet|discovery)\] /;

/** The part of a line that is shown. Services write JSON; the observer's story, nodes and the certificates' bootstrap are text. */
function readLine(name: string, line: string): string | undefined {
	const record = parseRecord(line);
	if (record === undefined) return name === 'observer' || isNodes.test(line) ? line : undefined;
	const { level, msg = '', code, error, remedy } = record;
	const isTrouble = level === 'warn' || level === 'error';
	if (!isTrouble) return undefined;
	return [
		`${level.toUpperCase()} ${msg}`,
		...(code === undefined ? [] : [`${code}: ${error ?? ''}`]),
		...(remedy === undefined ? [] : [`do this: ${remedy}`]),
	].join(' ');
}

type LogRecord = Partial<Readonly<Record<'level' | 'msg' | 'code' | 'error' | 'remedy', string>>> & {
	readonly level: string;
};

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
	const fail = (problem: string): void => {
		if (!isBroken) onProblem(problem);
		isBroken = true;
	};
	const open = (name: string): WriteStream | undefined => {
		try {
			mkdirSync(directory, { recursive: true, mode: 0o700 });
		} catch (error) {
			fail(causeText(error));
			return undefined;
		}
		const file = createWriteStream(join(directory, `${name}.log`), { flags: 'w', mode: 0o600 });
		file.on('error', (error) => fail(error.message));
		files.set(name, file);
		return file;
	};
	return {
		write(name: string, line: string): void {
			if (!isBroken) (files.get(name) ?? open(name))?.write(`${line}\n`);
		},
		async close(): Promise<void> {
			await Promise.all(
				[...files.values()].map(
					(file) => new Promise<void>((done) => (file.closed ? done() : file.once('close', done).end())),
				),
			);
		},
	};
}
