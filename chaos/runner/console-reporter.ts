/** Prints the events of a run for people, 80 columns wide: steps, verdicts, and a table at the end. */
import pc from 'picocolors';
import { columnsOf, cutColumns, padColumns, wrapColumns } from '../../lib/cli/terminal-columns.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Language } from '../../lib/language.ts';
import { printableLines } from '../../lib/text.ts';
import type {
	ActivityEnded,
	ActivityStarted,
	ChaosEvent,
	ExperimentEnded,
	ExperimentStarted,
	RunEnded,
	Verdict,
} from './events.ts';
import { mapTexts } from './json.ts';
import { type VerdictKind, verdictKinds } from './plan.ts';
import { type Estimated, secondsLeft } from './progress.ts';
import { explainVerdicts } from './verdict.ts';
import { type RunWords, resultOf, runWords, verdictText } from './words.ts';

export interface ConsoleReporterOptions {
	readonly write: (text: string) => void;
	readonly color: boolean;
	/** Show the running step in a line that the next output replaces. */
	readonly live: boolean;
	readonly clock: Clock;
	readonly language?: Language;
}
export interface ConsoleReporter {
	readonly report: (event: ChaosEvent) => void;
	/** Refresh the live line; call it every second. */
	readonly tick: () => void;
}

export const COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

/** Cut or filled to a width. */
export const padded = (text: string, width: number): string => padColumns(cutColumns(text, width, '…'), width);

/** @param indent  of every line */
export const wrap = (text: string, indent: string, width = COLUMNS): string =>
	wrapColumns(text.replaceAll(/\s+/g, ' '), width - indent.length)
		.map((line) => `${indent}${line}`)
		.join('\n');

export function createConsoleReporter(options: ConsoleReporterOptions): ConsoleReporter {
	const output = createOutput(options);
	const { words } = output;
	const progress = createProgress(options.clock, words);
	const ended: ExperimentEnded[] = [];
	return {
		report(raw) {
			// Programs, documents and nodes print text that must not move the cursor.
			const event = mapTexts(raw, printableLines);
			progress.note(event);
			switch (event.event) {
				case 'run-started':
					return output.line(`${words.experiments(event.experiments.length, event.seed)}\n`);
				case 'experiment-started':
					return printStart(output, event, progress.position());
				case 'activity-started':
					return output.live(progress.running());
				case 'activity-ended':
					return printStep(output, event);
				case 'interrupted':
					return output.line(output.paint.yellow(event.isFirst ? words.interrupted : words.restoring));
				case 'experiment-ended':
					ended.push(event);
					return printEnd(output, event);
				case 'run-ended':
					return printSummary(output, ended, event);
			}
		},
		tick: () => output.live(progress.running()),
	};
}

interface ReporterOutput {
	readonly words: RunWords;
	readonly paint: ReturnType<typeof pc.createColors>;
	readonly line: (text: string) => void;
	readonly live: (text: string | undefined) => void;
}

function createOutput({ write, color, live, language = 'en' }: ConsoleReporterOptions): ReporterOutput {
	const paint = pc.createColors(color);
	return {
		words: runWords[language],
		paint,
		line: (text) => write(`${live ? CLEAR_LINE : ''}${text}\n`),
		live(text) {
			if (live && text !== undefined) write(`${CLEAR_LINE}${paint.dim(cutColumns(text, COLUMNS - 1, '…'))}`);
		},
	};
}

interface ProgressState {
	readonly note: (event: ChaosEvent) => void;
	/** `3/25, about 4 min left` */
	readonly position: () => string;
	/** The running step; undefined between steps. */
	readonly running: () => string | undefined;
}

function createProgress(clock: Clock, words: RunWords): ProgressState {
	let experiments: Estimated[] = [];
	let index = -1;
	let startedMs = 0;
	let step: ActivityStarted | undefined;
	const left = (): string | undefined => {
		const seconds = secondsLeft(experiments, (clock() - startedMs) / 1000);
		return seconds === undefined ? undefined : words.left(seconds);
	};
	return {
		note(event) {
			if (event.event === 'run-started')
				experiments = event.experiments.map(({ expectedSeconds }) => ({ expectedSeconds }));
			else if (event.event === 'experiment-started') {
				index++;
				startedMs = event.atMs;
			} else if (event.event === 'activity-started') step = event;
			else if (event.event === 'activity-ended') step = undefined;
			else if (event.event === 'experiment-ended')
				experiments[index] = { ...experiments[index], actualSeconds: event.seconds };
		},
		position: () => words.position(index + 1, experiments.length, left()),
		running() {
			if (step === undefined) return undefined;
			const seconds = Math.max(0, Math.floor((clock() - step.atMs) / 1000));
			const wait = step.waitsFor;
			const what = wait === undefined ? '' : words.waitsFor(wait.pattern, wait.seconds);
			const name = words.step(step.name);
			return `  ${padded(words.parts[step.part], 9)} ${name} … ${words.wholeSeconds(seconds)}${what}`;
		},
	};
}

function printStart({ words, line, paint }: ReporterOutput, event: ExperimentStarted, position: string): void {
	line(paint.dim(position));
	const { experiment, id, title, pace } = event;
	line(paint.bold(wrap(words.heading(experiment, id, words.title(experiment, title)), '')));
	if (pace > 1) line(paint.yellow(`  ${words.slow(pace)}`));
}

function printStep({ words, line, paint }: ReporterOutput, event: ActivityEnded): void {
	const isBad = event.problem !== undefined;
	const code = event.code === undefined || event.code === 0 ? '' : words.exit(event.code);
	const result = isBad ? words.failedStep : event.toleranceMet === true ? words.ok : code || words.ok;
	const [part, name] = [padded(words.parts[event.part], 9), padded(words.step(event.name), 46)];
	const text = `  ${part} ${name} ${padded(result, 10)} ${leftPadded(words.seconds(event.seconds), 9)}`;
	line(isBad ? paint.red(text) : text);
	if (event.problem === undefined) return;
	line(wrap(words.sentence(event.problem), '            '));
	for (const printed of event.output ?? []) line(paint.dim(wrap(words.sentence(printed), '            | ')));
}

const paintVerdict = ({ paint }: ReporterOutput, verdict: Verdict, text: string): string =>
	verdict === 'held' ? paint.green(text) : paint.red(text);

function printEnd(output: ReporterOutput, event: ExperimentEnded): void {
	const { words, line, paint } = output;
	for (const kind of verdictKinds) {
		const verdict = event.verdicts[kind];
		const text = words.verdict(verdict, event.expected[kind]);
		line(`  ${padded(words.kinds[kind], 13)} ${paintVerdict(output, verdict, text)}`);
	}
	const explained = explainVerdicts(event);
	if (explained !== undefined) line(paint.red(wrap(words.sentence(explained), '  ')));
	for (const problem of event.problems) line(paint.red(wrap(`- ${words.sentence(problem)}`, '  ')));
	line(`  ${words.took(resultText(output, event, 0), words.seconds(event.seconds))}\n`);
}

function resultText({ words, paint }: ReporterOutput, event: ExperimentEnded, width: number): string {
	const text = padColumns(words.results[resultOf(event)], width);
	return (event.passed ? paint.green : paint.red)(paint.bold(text));
}

const leftPadded = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - columnsOf(text))) + text;

function printSummary(output: ReporterOutput, ended: readonly ExperimentEnded[], event: RunEnded): void {
	const { words, line, paint } = output;
	const { columns } = words;
	if (ended.length > 0) {
		const names = [padded(columns.experiment, 29), padded(columns.id, 4), padded(columns.security, 12)];
		const more = [padded(columns.availability, 12), padded(columns.result, 11), leftPadded(columns.time, 7)];
		line(paint.bold([...names, ...more].join(' ')));
	}
	for (const one of ended) {
		const cell = (kind: VerdictKind, width: number) =>
			paintVerdict(
				output,
				one.verdicts[kind],
				padded(verdictText(words, one.verdicts[kind], one.expected[kind]), width),
			);
		const cells = [padded(one.experiment, 29), padded(one.id, 4), cell('security', 12), cell('availability', 12)];
		line([...cells, resultText(output, one, 11), leftPadded(words.tenths(one.seconds), 7)].join(' '));
	}
	const { passed, failed, interrupted, notRun, seconds, seed } = event;
	const counts = words.counts({
		...{ passed: passed.length, failed: failed.length, interrupted: interrupted.length, notRun: notRun.length },
	});
	line(`\n${words.seed(words.summary(counts, words.seconds(seconds)), seed)}`);
	if (ended.length > 0) line(words.report(event.report));
}
