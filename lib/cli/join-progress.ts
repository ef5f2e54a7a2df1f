/**
 * The progress of many joins: one line rewritten in place on a terminal, plain lines every few seconds in a pipe, and
 * a summary.
 */
import type { Clock } from '../clock.ts';
import { type Language, terminalLanguage } from '../language.ts';
import { printable } from '../text.ts';
import { cutColumns } from './terminal-columns.ts';

export interface JoinProgress {
	/** Count a node that has joined. Without a duration it had joined before. */
	readonly joined: (durationMs?: number) => void;
	/** Count a join that failed. @param code  of `lib/errors.ts`, for the summary */
	readonly refused: (code: string) => void;
	/**
	 * Print other text above the progress line. It ends with a line break and is printable.
	 *
	 * @param to  default: where the progress is written
	 */
	readonly print: (text: string, to?: (text: string) => void) => void;
	/** Print the state if it is due. */
	readonly tick: () => void;
	/** Print the summary; later calls of `print` write plain text. */
	readonly end: () => void;
}

const progressWords = {
	en: {
		joined: (done: number, total: number) => `${done}/${total} joined`,
		refused: (count: number) => `${count} refused`,
		separator: ', ',
		sum: (done: number, total: number, took: string) =>
			`${done} of ${total} ${total === 1 ? 'node' : 'nodes'} joined in ${took}`,
		label: ': ',
		before: (count: number) => `${count} had joined before`,
		refusedWith: (count: number, code: string) => `${count} refused with ${code}`,
		units: { s: 's', min: 'min' },
	},
	zh: {
		joined: (done: number, total: number) => `已加入 ${done}/${total}`,
		refused: (count: number) => `未能加入 ${count}`,
		separator: '，',
		sum: (done: number, total: number, took: string) => `${total} 个节点中有 ${done} 个已加入，用时 ${took}`,
		label: '：',
		before: (count: number) => `${count} 个以前已加入`,
		refusedWith: (count: number, code: string) => `${count} 个未能加入：${code}`,
		units: { s: '秒', min: '分' },
	},
} as const satisfies Record<Language, object>;
type ProgressWords = (typeof progressWords)[Language];

export interface ProgressOptions {
	readonly language?: Language;
	readonly total: number;
	readonly write: (text: string) => void;
	readonly clock: Clock;
	/** Width of the terminal now; absent in a pipe. */
	readonly columns?: (() => number) | undefined;
}

/** A terminal is rewritten at most this often. */
const REWRITE_MS = 100;
const PLAIN_MS = 5_000;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\x1b[K';

export function createJoinProgress({ total, write, clock, columns, language = 'en' }: ProgressOptions): JoinProgress {
	const words = progressWords[language];
	const startMs = clock();
	const durations: number[] = [];
	let alreadyJoined = 0;
	const refusals = new Map<string, number>();
	let shown = '';
	let shownMs = columns === undefined ? startMs : Number.NEGATIVE_INFINITY;
	let hasEnded = false;

	const count = () => [...refusals.values()].reduce((sum, each) => sum + each, 0);
	const state = (): string =>
		[
			words.joined(durations.length + alreadyJoined, total),
			...(refusals.size === 0 ? [] : [words.refused(count())]),
			rateText(durations.length, clock() - startMs),
			...(durations.length === 0 ? [] : [`p99 ${durationText(percentile(durations, 99), words)}`]),
		].join(words.separator);
	const show = (): void => {
		const text = state();
		if (text === shown) return;
		shown = text;
		if (columns === undefined) write(`${text}\n`);
		// The last column stays free: some terminals wrap when it is written.
		else write(`${CLEAR_LINE}${cutColumns(text, Math.max(columns() - 1, 0))}`);
	};
	const tick = (): void => {
		const nowMs = clock();
		if (hasEnded || nowMs - shownMs < (columns === undefined ? PLAIN_MS : REWRITE_MS)) return;
		shownMs = nowMs;
		show();
	};
	return {
		tick,
		joined(durationMs) {
			if (durationMs === undefined) alreadyJoined++;
			else durations.push(durationMs);
			tick();
		},
		refused(code) {
			refusals.set(code, (refusals.get(code) ?? 0) + 1);
			tick();
		},
		print(text, to = write) {
			const isLineShown = columns !== undefined && !hasEnded && shown !== '';
			if (isLineShown) write(CLEAR_LINE);
			to(text);
			if (!isLineShown) return;
			shown = '';
			show();
		},
		end() {
			if (hasEnded) return;
			hasEnded = true;
			const clear = columns === undefined || shown === '' ? '' : CLEAR_LINE;
			const elapsedMs = clock() - startMs;
			write(`${clear}${summaryText({ total, durations, alreadyJoined, refusals, elapsedMs }, words)}\n`);
		},
	};
}

/** Progress on a stream, also while no join ends. The timer does not keep the process running. */
export function startJoinProgress(
	stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>,
	total: number,
	clock: Clock,
	language: Language = terminalLanguage(),
): JoinProgress {
	const progress = createJoinProgress({
		total,
		clock,
		language,
		write: (text) => void stream.write(text),
		// Some terminals report 0 columns.
		columns: stream.isTTY ? () => stream.columns || DEFAULT_COLUMNS : undefined,
	});
	const timer = setInterval(progress.tick, stream.isTTY ? REWRITE_MS : PLAIN_MS).unref();
	return {
		...progress,
		end() {
			clearInterval(timer);
			progress.end();
		},
	};
}

interface Totals {
	readonly total: number;
	readonly durations: readonly number[];
	readonly alreadyJoined: number;
	readonly refusals: ReadonlyMap<string, number>;
	readonly elapsedMs: number;
}

function summaryText({ total, durations, alreadyJoined, refusals, elapsedMs }: Totals, words: ProgressWords): string {
	const percentiles = [50, 99].map((percent) => `p${percent} ${durationText(percentile(durations, percent), words)}`);
	const speed = [rateText(durations.length, elapsedMs), ...percentiles].join(words.separator);
	const sum = words.sum(durations.length, total, durationText(elapsedMs, words));
	return [
		durations.length === 0 ? sum : `${sum}${words.label}${speed}`,
		...(alreadyJoined === 0 ? [] : [words.before(alreadyJoined)]),
		...[...refusals].map(([code, times]) => words.refusedWith(times, printable(code))),
	].join('\n');
}

/** Nearest rank. @param values  not empty */
function percentile(values: readonly number[], percent: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
}

/** `210 ms`, `1.2 s`, `3 min 5 s` */
function durationText(ms: number, { units: { s, min } }: ProgressWords): string {
	if (ms < 1_000) return `${Math.round(ms)} ms`;
	if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} ${s}`;
	const seconds = Math.round(ms / 1_000);
	return `${Math.floor(seconds / 60)} ${min} ${seconds % 60} ${s}`;
}

/** `38/s`, `4.8/s` */
function rateText(count: number, elapsedMs: number): string {
	const rate = elapsedMs <= 0 ? 0 : (count / elapsedMs) * 1_000;
	return `${rate >= 9.95 || rate === 0 ? Math.round(rate) : rate.toFixed(1)}/s`;
}
