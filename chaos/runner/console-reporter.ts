/** The runner's events as lines for people, 80 columns wide: each activity as it ends, the two verdicts, and a table at the end. */
import pc from 'picocolors';
import { printableLines } from '../../lib/text.ts';
import type { ActivityEnded, ChaosEvent, ExperimentEnded, Part, RunEnded, Verdict } from './events.ts';
import { mapTexts } from './json.ts';
import { type VerdictKind, verdictKinds } from './validate.ts';

export interface ConsoleReporterOptions {
	readonly write: (text: string) => void;
	readonly color: boolean;
	/** Show what runs now, in a line that the next one replaces. */
	readonly live: boolean;
}

export const COLUMNS = 80;
/** Of a verdict that the experiment does not ask for. */
const NOT_AT_STAKE = 'not at stake';
export const expectedText = (verdict: Verdict): string => (verdict === 'unknown' ? NOT_AT_STAKE : verdict);
const partNames: Readonly<Record<Part, string>> = {
	configuration: 'prepare',
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

/** Words in lines of a width, each with the same beginning. */
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

/** `held, as predicted`; a violation that was predicted says so, for it is bad all the same. */
export function verdictText(verdict: Verdict, expected: Verdict): string {
	if (verdict === expected) return verdict === 'unknown' ? NOT_AT_STAKE : `${verdict}, as predicted`;
	if (expected === 'unknown') return `${verdict.toUpperCase()}, and it was not at stake`;
	return verdict === 'unknown'
		? `unknown: no probe said; ${expected} was predicted`
		: `${verdict.toUpperCase()}, and ${expected} was predicted`;
}

export function createConsoleReporter({ write, color, live }: ConsoleReporterOptions): (event: ChaosEvent) => void {
	const paint = pc.createColors(color);
	const results: ExperimentEnded[] = [];
	const running = new Map<string, string>();
	const told = new Set<string>();

	const line = (text: string) => write(`${live ? CLEAR_LINE : ''}${text}\n`);
	const refresh = () => {
		const now = [...running.values()].at(-1);
		if (live && now !== undefined) write(`${CLEAR_LINE}${paint.dim(cut(now, COLUMNS - 1))}`);
	};
	const painted = (verdict: Verdict, text: string): string =>
		verdict === 'held' ? paint.green(text) : paint.red(text);

	function activity(event: ActivityEnded): void {
		const isBad = event.problem !== undefined;
		const code = event.code === undefined || event.code === 0 ? '' : `status ${event.code}`;
		const how = isBad ? 'FAILED' : event.toleranceMet === true ? 'ok' : code || 'ok';
		const text = `  ${padded(partNames[event.part], 9)} ${padded(event.name, 46)} ${padded(how, 10)} ${secondsText(event.seconds).padStart(9)}`;
		line(isBad ? paint.red(text) : text);
		if (event.problem === undefined) return;
		told.add(event.problem);
		line(wrap(event.problem, '            '));
		for (const text of event.output ?? []) line(paint.dim(wrap(text, '            | ')));
	}
	function experiment(event: ExperimentEnded): void {
		for (const kind of verdictKinds)
			line(
				`  ${padded(kind, 13)} ${painted(event.verdicts[kind], verdictText(event.verdicts[kind], event.expected[kind]))}`,
			);
		for (const problem of event.problems) {
			// What was said below its activity is not said again.
			const known = [...told].find((text) => problem.endsWith(text));
			const rest = known === undefined ? problem : problem.slice(0, problem.length - known.length).replace(/: $/, '');
			if (rest !== '') line(paint.red(wrap(rest, '  ')));
		}
		told.clear();
		const result = event.passed
			? paint.green(paint.bold('passed'))
			: paint.red(paint.bold(event.status === 'interrupted' ? 'interrupted' : 'FAILED'));
		line(`  ${result} in ${secondsText(event.seconds)}\n`);
		results.push(event);
	}
	function summary(event: RunEnded): void {
		if (results.length > 0)
			line(
				paint.bold(
					`${padded('EXPERIMENT', 31)} ${padded('ID', 4)} ${padded('SECURITY', 10)} ${padded('AVAILABILITY', 12)} ${padded('RESULT', 11)} ${'TIME'.padStart(7)}`,
				),
			);
		for (const { experiment: name, id, verdicts, passed, seconds, status } of results) {
			const cell = (kind: VerdictKind, width: number) => painted(verdicts[kind], padded(verdicts[kind], width));
			const result = passed
				? paint.green(padded('passed', 11))
				: paint.red(padded(status === 'interrupted' ? 'interrupted' : 'FAILED', 11));
			line(
				`${padded(name, 31)} ${padded(id, 4)} ${cell('security', 10)} ${cell('availability', 12)} ${result} ${`${seconds.toFixed(1)} s`.padStart(7)}`.trimEnd(),
			);
		}
		const { passed, failed, notRun, seconds, seed } = event;
		const counts = [
			`${passed.length} passed`,
			`${failed.length} failed`,
			...(notRun.length === 0 ? [] : [`${notRun.length} not run`]),
		].join(', ');
		line(`\n${counts}, in ${secondsText(seconds)}; seed ${seed}`);
		if (results.length > 0) line(`Report: ${event.report}`);
	}

	return (raw) => {
		// What programs, documents and nodes said must not move the cursor.
		const event = mapTexts(raw, printableLines);
		switch (event.event) {
			case 'run-started':
				return line(
					`${event.experiments.length} ${event.experiments.length === 1 ? 'experiment' : 'experiments'}, seed ${event.seed}\n`,
				);
			case 'experiment-started':
				return line(paint.bold(wrap(`${event.experiment} (${event.id}): ${event.title}`, '')));
			case 'activity-started':
				running.set(`${event.part} ${event.index}`, `  ${padded(partNames[event.part], 9)} ${event.name} …`);
				return refresh();
			case 'activity-ended':
				running.delete(`${event.part} ${event.index}`);
				activity(event);
				return refresh();
			case 'interrupted':
				return line(
					paint.yellow(
						event.isFirst
							? 'Interrupted: what runs is stopped, then everything is put back'
							: 'Still putting everything back: that is not interrupted',
					),
				);
			case 'experiment-ended':
				return experiment(event);
			case 'run-ended':
				return summary(event);
		}
	};
}
