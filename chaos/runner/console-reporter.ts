/** Prints the events of a run for people, 80 columns wide: steps, verdicts, and a table at the end. */
import pc from 'picocolors';
import type { Clock } from '../../lib/clock.ts';
import { printableLines } from '../../lib/text.ts';
import type {
	ActivityEnded,
	ActivityStarted,
	ChaosEvent,
	ExperimentEnded,
	ExperimentStarted,
	Part,
	RunEnded,
	Verdict,
} from './events.ts';
import { mapTexts } from './json.ts';
import { type VerdictKind, verdictKinds } from './plan.ts';
import { type Estimated, leftText, secondsLeft } from './progress.ts';
import { explainVerdicts } from './verdict.ts';

export interface ConsoleReporterOptions {
	readonly write: (text: string) => void;
	readonly color: boolean;
	/** Show the running step in a line that the next output replaces. */
	readonly live: boolean;
	readonly clock: Clock;
}
export interface ConsoleReporter {
	readonly report: (event: ChaosEvent) => void;
	/** Refresh the live line; call it every second. */
	readonly tick: () => void;
}

export const COLUMNS = 80;
const NOT_AT_STAKE = 'not at stake';
export const expectedText = (verdict: Verdict): string => (verdict === 'unknown' ? NOT_AT_STAKE : verdict);
const partNames: Readonly<Record<Part, string>> = {
	before: 'before',
	method: 'method',
	after: 'after',
	rollbacks: 'rollback',
};
const CLEAR_LINE = '\r\u001b[K';

export const secondsText = (seconds: number): string =>
	seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
const cut = (text: string, width: number): string =>
	[...text].length > width ? `${[...text].slice(0, width - 1).join('')}…` : text;
/** Cut or filled to a width. */
export const padded = (text: string, width: number): string => {
	const short = cut(text, width);
	return short + ' '.repeat(width - [...short].length);
};

/** @param indent  of every line */
export function wrap(text: string, indent: string, width = COLUMNS): string {
	const lines: string[] = [];
	for (const word of text.split(/\s+/)) {
		const last = lines.at(-1);
		if (last !== undefined && [...last].length + 1 + [...word].length <= width)
			lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(indent + word);
	}
	return lines.join('\n');
}

/** `held, as predicted`. An unexpected verdict is in capitals. */
export function verdictText(verdict: Verdict, expected: Verdict): string {
	if (verdict === expected) return verdict === 'unknown' ? NOT_AT_STAKE : `${verdict}, as predicted`;
	if (expected === 'unknown') return `${verdict.toUpperCase()}, although it was not at stake`;
	return verdict === 'unknown'
		? `unknown: no probe gave a verdict; ${expected} was predicted`
		: `${verdict.toUpperCase()}, but ${expected} was predicted`;
}

export function createConsoleReporter(options: ConsoleReporterOptions): ConsoleReporter {
	const output = createOutput(options);
	const progress = createProgress(options.clock);
	const ended: ExperimentEnded[] = [];
	return {
		report(raw) {
			// Programs, documents and nodes print text that must not move the cursor.
			const event = mapTexts(raw, printableLines);
			progress.note(event);
			switch (event.event) {
				case 'run-started':
					return output.line(`${countText(event.experiments.length, 'experiment')}, seed ${event.seed}\n`);
				case 'experiment-started':
					return printStart(output, event, progress.position());
				case 'activity-started':
					return output.live(progress.running());
				case 'activity-ended':
					return printStep(output, event);
				case 'interrupted':
					return output.line(
						output.paint.yellow(
							event.isFirst
								? 'Interrupted: stopping the running step, then restoring the mesh'
								: 'Still restoring the mesh: this cannot be interrupted',
						),
					);
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

const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

interface ReporterOutput {
	readonly paint: ReturnType<typeof pc.createColors>;
	readonly line: (text: string) => void;
	readonly live: (text: string | undefined) => void;
}

function createOutput({ write, color, live }: ConsoleReporterOptions): ReporterOutput {
	const paint = pc.createColors(color);
	return {
		paint,
		line: (text) => write(`${live ? CLEAR_LINE : ''}${text}\n`),
		live(text) {
			if (live && text !== undefined) write(`${CLEAR_LINE}${paint.dim(cut(text, COLUMNS - 1))}`);
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

function createProgress(clock: Clock): ProgressState {
	let experiments: Estimated[] = [];
	let index = -1;
	let startedMs = 0;
	let step: ActivityStarted | undefined;
	const left = (): string | undefined => {
		const seconds = secondsLeft(experiments, (clock() - startedMs) / 1000);
		return seconds === undefined ? undefined : leftText(seconds);
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
		position: () => [`${index + 1}/${experiments.length}`, left()].filter((text) => text !== undefined).join(', '),
		running() {
			if (step === undefined) return undefined;
			const seconds = Math.max(0, Math.floor((clock() - step.atMs) / 1000));
			const wait = step.waitsFor;
			const what = wait === undefined ? '' : `, waits for "${wait.pattern}" up to ${wait.seconds} s`;
			return `  ${padded(partNames[step.part], 9)} ${step.name} … ${seconds} s${what}`;
		},
	};
}

function printStart({ line, paint }: ReporterOutput, event: ExperimentStarted, position: string): void {
	line(paint.dim(position));
	line(paint.bold(wrap(`${event.experiment} (${event.id}): ${event.title}`, '')));
	if (event.pace > 1)
		line(paint.yellow(`  This machine is slow now: waiting times and time limits are ${event.pace} times longer`));
}

function printStep({ line, paint }: ReporterOutput, event: ActivityEnded): void {
	const isBad = event.problem !== undefined;
	const code = event.code === undefined || event.code === 0 ? '' : `exit ${event.code}`;
	const result = isBad ? 'FAILED' : event.toleranceMet === true ? 'ok' : code || 'ok';
	const name = padded(event.name, 46);
	const seconds = secondsText(event.seconds).padStart(9);
	const text = `  ${padded(partNames[event.part], 9)} ${name} ${padded(result, 10)} ${seconds}`;
	line(isBad ? paint.red(text) : text);
	if (event.problem === undefined) return;
	line(wrap(event.problem, '            '));
	for (const printed of event.output ?? []) line(paint.dim(wrap(printed, '            | ')));
}

const paintVerdict = ({ paint }: ReporterOutput, verdict: Verdict, text: string): string =>
	verdict === 'held' ? paint.green(text) : paint.red(text);

function printEnd(output: ReporterOutput, event: ExperimentEnded): void {
	const { line, paint } = output;
	for (const kind of verdictKinds) {
		const verdict = event.verdicts[kind];
		line(`  ${padded(kind, 13)} ${paintVerdict(output, verdict, verdictText(verdict, event.expected[kind]))}`);
	}
	const explained = explainVerdicts(event);
	if (explained !== undefined) line(paint.red(wrap(explained, '  ')));
	for (const problem of event.problems) line(paint.red(wrap(`- ${problem}`, '  ')));
	line(`  ${resultText(output, event, 0)} in ${secondsText(event.seconds)}\n`);
}

function resultText({ paint }: ReporterOutput, { passed, status }: ExperimentEnded, width: number): string {
	const text = passed ? 'passed' : status === 'interrupted' ? 'interrupted' : 'FAILED';
	return (passed ? paint.green : paint.red)(paint.bold(text.padEnd(width)));
}

function printSummary(output: ReporterOutput, ended: readonly ExperimentEnded[], event: RunEnded): void {
	const { line, paint } = output;
	if (ended.length > 0) {
		const columns = [padded('EXPERIMENT', 31), padded('ID', 4), padded('SECURITY', 10), padded('AVAILABILITY', 12)];
		line(paint.bold([...columns, padded('RESULT', 11), 'TIME'.padStart(7)].join(' ')));
	}
	for (const one of ended) {
		const cell = (kind: VerdictKind, width: number) =>
			paintVerdict(output, one.verdicts[kind], padded(one.verdicts[kind], width));
		const cells = [padded(one.experiment, 31), padded(one.id, 4), cell('security', 10), cell('availability', 12)];
		line([...cells, resultText(output, one, 11), `${one.seconds.toFixed(1)} s`.padStart(7)].join(' '));
	}
	const { passed, failed, notRun, seconds, seed } = event;
	const counts = [
		`${passed.length} passed`,
		`${failed.length} failed`,
		...(notRun.length === 0 ? [] : [`${notRun.length} not run`]),
	].join(', ');
	line(`\n${counts}, in ${secondsText(seconds)}; seed ${seed}`);
	if (ended.length > 0) line(`Report: ${event.report}`);
}
