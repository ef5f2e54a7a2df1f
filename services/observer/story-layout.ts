/** The columns of the story in the terminal: node, time, mark, phase, words. */
import { padColumns, wrapColumns } from '../../lib/cli/terminal-columns.ts';
import { printable } from '../../lib/text.ts';

export interface StoryLine {
	readonly node: string;
	/** Since the join began; absent on a line that is no event of its own. */
	readonly atMs?: number;
	/** A single character, such as ✔. */
	readonly mark?: string;
	/** Default: the words begin in this column. */
	readonly phase?: string;
	readonly words: string;
	/** Shown after the words where the terminal is wide enough. */
	readonly tookMs?: number;
}

export interface StoryLayout {
	/** The lines of text for a line of the story, without a line break at the end. */
	readonly lines: (line: StoryLine) => readonly string[];
	readonly isWide: boolean;
}

const NO_BREAK_SPACE = '\u00A0';
const INDENT = '    ';
/** Below, there are no columns. */
const MIN_COLUMNS_WITH_TABLE = 70;
/** Phases have their full names, and durations a column. */
const MIN_WIDE_COLUMNS = 110;
const MIN_NODE_WIDTH = 6;
const MAX_NODE_WIDTH = 24;
const TIME_WIDTH = 7;
const WORDS_WIDTH = 40;
const PHASE_WIDTH = 'request-certificate'.length;
const WIDE_PHASE_WIDTH = 'tls-bootstrap/request-certificate'.length;

export function createStoryLayout(columns: number): StoryLayout {
	const isWide = columns >= MIN_WIDE_COLUMNS;
	const phaseWidth = isWide ? WIDE_PHASE_WIDTH : PHASE_WIDTH;
	let nodeWidth = MIN_NODE_WIDTH;

	function table({ node, atMs, mark = ' ', phase, words, tookMs }: StoryLine): readonly string[] {
		const name = printable(node);
		nodeWidth = Math.max(nodeWidth, Math.min(name.length, MAX_NODE_WIDTH));
		const cut = name.length > nodeWidth ? `${name.slice(0, nodeWidth - 1)}…` : name.padEnd(nodeWidth);
		const time = (atMs === undefined ? '' : duration(atMs)).padStart(TIME_WIDTH);
		const named = phase === undefined ? '' : `${printable(phase).padEnd(phaseWidth)}  `;
		const lead = `${cut}  ${time}  ${mark} ${named}`;
		const [first = '', ...more] = wrap(printable(words), columns - lead.length);
		const took = isWide && tookMs !== undefined ? duration(tookMs).padStart(TIME_WIDTH) : '';
		return [
			`${lead}${took === '' ? first : `${padded(first)}  ${took}`}`.trimEnd(),
			...more.map((line) => `${' '.repeat(lead.length)}${line}`),
		];
	}
	function prose({ node, atMs, mark, phase, words }: StoryLine): readonly string[] {
		const parts = [node, atMs === undefined ? '' : duration(atMs), mark ?? '', phase === undefined ? '' : `${phase}:`];
		return hanging([...parts.filter((part) => part !== ''), words].join(' '), columns);
	}
	return { isWide, lines: columns < MIN_COLUMNS_WITH_TABLE ? prose : table };
}

/** A paragraph whose further lines are indented by four more columns. */
export function hanging(text: string, columns: number): readonly string[] {
	const lead = ' '.repeat(text.length - text.trimStart().length);
	const [first = '', ...more] = wrap(printable(text.trimStart()), columns - lead.length - INDENT.length);
	return [`${lead}${first}`, ...more.map((line) => `${lead}${INDENT}${line}`)];
}

const padded = (text: string): string => padColumns(text, WORDS_WIDTH);

/** A no-break space keeps a number with its unit; it is written as a space, so that a search finds the text. */
const wrap = (text: string, columns: number): readonly string[] =>
	wrapColumns(text, Math.max(columns, 1)).map((line) => line.replaceAll(NO_BREAK_SPACE, ' '));

/** `0.8 ms`, `1723 ms`, `12.3 s`, with a no-break space. */
export function noBreakDuration(ms: number): string {
	if (ms < 10) return `${Math.round(ms * 10) / 10}${NO_BREAK_SPACE}ms`;
	return ms < 10_000 ? `${Math.round(ms)}${NO_BREAK_SPACE}ms` : `${(ms / 1000).toFixed(1)}${NO_BREAK_SPACE}s`;
}
const duration = (ms: number): string => noBreakDuration(ms < 10 ? ms : Math.round(ms)).replaceAll(NO_BREAK_SPACE, ' ');
