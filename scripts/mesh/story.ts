/**
 * The output of `npm start`: the observer's lines about joins, warnings and errors of all services, and sentences
 * of the runner. A log file for each program keeps every line.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { logText, printedText } from '../../lib/chinese/index.ts';
import { remedyLine, sentenceText } from '../../lib/cli/error-text.ts';
import type { JoinProgress } from '../../lib/cli/join-progress.ts';
import { wrapColumns } from '../../lib/cli/terminal-columns.ts';
import { causeText } from '../../lib/errors.ts';
import { irregularity, makeDirectories } from '../../lib/files.ts';
import { endWords } from '../../lib/join-words.ts';
import { poll } from '../../lib/poll.ts';

export interface Story {
	/** A line that a program printed. */
	readonly line: (name: string, line: string) => void;
	/** A sentence of the runner itself. */
	readonly say: (text: string) => void;
	/** While there is a progress line, joins and nodes print nothing else. */
	readonly showProgress: (progress: Pick<JoinProgress, 'print'> | undefined) => void;
	/** Nodes that join; later nodes replace them. */
	readonly expectJoins: (nodes: Iterable<string>) => void;
	/** Resolves when the observer has printed the ends of the expected joins, or has been silent for a while. */
	readonly told: () => Promise<void>;
	/** Resolves when every line is in its file. */
	readonly close: () => Promise<void>;
}

const MIN_WIDTH = 40;
const MAX_PROSE_WIDTH = 100;
const MAX_JOINS_WIDTH = 160;
const DEFAULT_WIDTH = 80;
const INDENT = '    ';
/** The observer holds messages of a join back for half of the silence. */
const observerWaits = { silentMs: 1_000, maxMs: 5_000 };

/** Columns for the observer's table of joins, which uses a wide terminal. */
export const joinsWidth = (columns: number | undefined): number =>
	Math.min(Math.max(columns || DEFAULT_WIDTH, MIN_WIDTH), MAX_JOINS_WIDTH);
/** Columns for sentences, which are hard to read in long lines. */
const proseWidth = (columns: number | undefined): number => Math.min(joinsWidth(columns), MAX_PROSE_WIDTH);

/** @param columns  of the terminal; undefined when there is none */
export function createStory(
	state: string,
	write: (text: string) => void,
	columns: number | undefined,
	{ silentMs, maxMs } = observerWaits,
): Story {
	const width = proseWidth(columns);
	let progress: Pick<JoinProgress, 'print'> | undefined;
	const print = (text: string) => (progress === undefined ? write(text) : progress.print(text));
	const files = openFiles(join(state, 'logs'), (problem) => print(`kubejoin stops writing log files: ${problem}\n`));
	let heardMs = performance.now();
	let untold = new Set<string>();
	/** Nodes in the progress line: the observer prints the last of their joins after the summary. */
	let counted: ReadonlySet<string> = new Set();
	const requireTold = async () => {
		if (untold.size > 0 && performance.now() < heardMs + silentMs) throw new Error('the observer is printing');
	};
	return {
		line(name, line) {
			files.write(name, line);
			const isLog = line.startsWith('{');
			const ended = name === 'observer' && !isLog ? endedJoin(line) : '';
			if (name === 'observer') heardMs = performance.now();
			untold.delete(ended);
			const isQuiet = progress !== undefined || counted.has(ended);
			const shown = isLog ? troubleOf(line) : isQuiet ? undefined : readLine(name, line);
			// The observer's lines are of the right width.
			if (shown !== undefined) print(name === 'observer' && !isLog ? `${shown}\n` : hanging(`${name} ${shown}`, width));
		},
		say: (text) => print(`${text}\n`),
		showProgress(next) {
			if (next !== undefined) counted = new Set(untold);
			progress = next;
		},
		expectJoins(nodes) {
			untold = new Set(nodes);
		},
		async told() {
			heardMs = performance.now();
			await poll(requireTold, { retryMs: 25, timeoutMs: maxMs, say: () => undefined }).catch(() => undefined);
		},
		close: files.close,
	};
}

const endsOfJoins = Object.values(endWords).flatMap((texts) => Object.values(texts).map((text) => text('', '').trim()));

/** The node of a line about the end of its join; empty for every other line. */
function endedJoin(line: string): string {
	const [node = '', ...words] = stripVTControlCharacters(line).split(' ');
	return endsOfJoins.some((end) => words.join(' ').startsWith(end)) ? node : '';
}

/** Lines of a node that are no part of its join. */
const isAfterJoin = /^\[(kubelet|discovery)\] /;

const readLine = (name: string, line: string): string | undefined =>
	name === 'observer' ? line : isAfterJoin.test(line) ? printedText(line) : undefined;

/** The text of a warning or an error in a JSON log. */
function troubleOf(line: string): string | undefined {
	const { level, msg = '', code, error, remedy } = parseRecord(line);
	if (level !== 'warn' && level !== 'error') return undefined;
	return [
		`${level.toUpperCase()} ${logText(msg)}`,
		...(code === undefined ? [] : [`${code}: ${sentenceText(error ?? '')}`]),
		...(remedy === undefined ? [] : [remedyLine(remedy).trim()]),
	].join(' ');
}

type LogRecord = Partial<Readonly<Record<'level' | 'msg' | 'code' | 'error' | 'remedy', string>>>;

function parseRecord(line: string): LogRecord {
	try {
		const record: unknown = JSON.parse(line);
		return typeof record === 'object' && record !== null ? record : {};
	} catch {
		return {};
	}
}

/** A paragraph whose further lines are indented. */
function hanging(text: string, width: number): string {
	const [first = '', ...more] = wrapColumns(text, width - INDENT.length);
	return [first, ...more.map((line) => `${INDENT}${line}`), ''].join('\n');
}

/** One file for each program, emptied at every start. */
function openFiles(directory: string, onProblem: (problem: string) => void) {
	const files = new Map<string, WriteStream>();
	let isBroken = false;
	const fail = (problem: string): void => {
		if (!isBroken) onProblem(problem);
		isBroken = true;
	};
	const open = (name: string): WriteStream | undefined => {
		const path = join(directory, `${name}.log`);
		try {
			makeDirectories(directory);
			const problem = irregularity(path);
			if (problem !== undefined) throw new Error(`${path}: ${problem}`);
		} catch (error) {
			fail(causeText(error));
			return undefined;
		}
		const file = createWriteStream(path, { flags: 'w', mode: 0o600 });
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
