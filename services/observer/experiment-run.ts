/** The events of the runner, one JSON object a line, and the run that follows from them. */
import { type CountRefusal, limits } from '../../lib/limits.ts';
import { maskTokens } from '../../lib/log.ts';
import { printableLines } from '../../lib/text.ts';
import type { Experiment, ExperimentActivity, ExperimentRun } from './api.ts';

/** The fields that the page needs; chaos/runner/events.ts has all. */
interface RunStartedEvent {
	readonly event: 'run-started';
	readonly pid?: number;
	readonly processStart?: string;
}
interface StartedEvent {
	readonly event: 'experiment-started';
	readonly atMs: number;
	readonly experiment: string;
}
interface ActivityEvent {
	readonly event: 'activity-started' | 'activity-ended';
	readonly atMs: number;
	readonly part: ExperimentActivity['part'];
	readonly index: number;
	readonly type: ExperimentActivity['type'];
	readonly name: string;
	/** Set in `activity-ended`. */
	readonly seconds?: number;
	readonly status?: 'succeeded' | 'failed';
	readonly toleranceMet?: boolean;
	readonly waitsFor?: { readonly pattern: string };
	readonly problem?: string;
}
interface EndedEvent {
	readonly event: 'experiment-ended';
	readonly atMs: number;
	readonly status: NonNullable<ExperimentRun['outcome']>;
	readonly verdicts: NonNullable<ExperimentRun['verdicts']>;
	readonly passed: boolean;
	readonly problems: readonly string[];
	readonly evidence?: ExperimentRun['evidence'];
}
interface RunEndedEvent {
	readonly event: 'run-ended';
	readonly report: string;
}
export type RunnerEvent =
	| RunStartedEvent
	| StartedEvent
	| ActivityEvent
	| EndedEvent
	| RunEndedEvent
	| { readonly event: 'interrupted' };

const known: readonly string[] = [
	'run-started',
	'experiment-started',
	'activity-started',
	'activity-ended',
	'experiment-ended',
	'interrupted',
	'run-ended',
] satisfies RunnerEvent['event'][];

/** @returns undefined for other events and for text */
export function readEvent(line: string): RunnerEvent | undefined {
	if (!line.startsWith('{')) return undefined;
	try {
		const value = JSON.parse(line) as RunnerEvent;
		return known.includes(value.event) ? value : undefined;
	} catch {
		return undefined;
	}
}

export const beginRun = (
	{ name, expected }: Experiment,
	startedMs: number,
	from: ExperimentRun['from'] = 'page',
): ExperimentRun => ({
	experiment: name,
	state: 'running',
	from,
	startedMs,
	durationMs: 0,
	activities: [],
	expected,
	problems: [],
});

export function takeEvent(
	run: ExperimentRun,
	event: RunnerEvent,
	nowMs: number,
	count: CountRefusal = () => undefined,
): ExperimentRun {
	const next: ExperimentRun = { ...run, durationMs: nowMs - run.startedMs };
	switch (event.event) {
		case 'activity-started':
		case 'activity-ended':
			return { ...next, activities: withActivity(run.activities, event, count) };
		case 'run-started':
		case 'experiment-started':
			return next;
		case 'interrupted':
			return { ...next, state: 'stopping' };
		case 'experiment-ended': {
			const { status, verdicts, passed, problems } = event;
			return {
				...{ ...next, outcome: status, verdicts, passed },
				...{ problems: textsOf(problems), evidence: evidenceOf(event.evidence) },
			};
		}
		case 'run-ended':
			return { ...next, report: event.report };
	}
}

const textsOf = (values: unknown): readonly string[] =>
	Array.isArray(values) ? values.map((value) => printableLines(String(value))) : [];

const evidenceOf = (evidence: ExperimentRun['evidence'] = []): NonNullable<ExperimentRun['evidence']> =>
	evidence.slice(0, limits.experimentEvidence.value).map(({ kind, verdict, probe, text }) => ({
		...{ kind, verdict },
		...{ probe: printableLines(String(probe)), text: printableLines(String(text)).replace(/^:\s*/, '') },
	}));

function withActivity(
	activities: ExperimentRun['activities'],
	event: ActivityEvent,
	count: CountRefusal,
): ExperimentRun['activities'] {
	const { part, index, type, name, atMs, seconds = 0, status, toleranceMet, waitsFor, problem } = event;
	const place = activities.findIndex((one) => one.part === part && one.index === index);
	const isBad = status === 'failed' || toleranceMet === false || problem !== undefined;
	const hasEnded = event.event === 'activity-ended';
	const activity: ExperimentActivity = {
		part,
		index,
		type,
		name,
		startedMs: activities[place]?.startedMs ?? atMs - seconds * 1_000,
		state: hasEnded ? (isBad ? 'badly' : 'well') : 'running',
		durationMs: hasEnded ? seconds * 1_000 : 0,
		...(waitsFor === undefined || hasEnded ? {} : { waitsFor: printableLines(String(waitsFor.pattern)) }),
		...(problem === undefined ? {} : { problem: printableLines(String(problem)) }),
	};
	if (place !== -1) return activities.with(place, activity);
	if (activities.length < limits.experimentActivities.value) return [...activities, activity];
	count('experimentActivities');
	return activities;
}

/**
 * The run after its runner has ended.
 * @param how  how the runner ended: `exited with 1`
 * @param words  its output besides events, for a run without a result
 */
export function endRun(run: ExperimentRun, how: string, words: readonly string[], nowMs: number): ExperimentRun {
	const ended: ExperimentRun = { ...run, state: 'ended', durationMs: nowMs - run.startedMs };
	if (run.outcome !== undefined) return ended;
	// A runner that is killed, or refuses the document, sends no result.
	const said = printableLines(words.map((line) => maskTokens(line)).join('\n'));
	const problems = [`the runner ${how} and sent no result`, ...(said === '' ? [] : [said])];
	return { ...ended, outcome: run.state === 'stopping' ? 'interrupted' : 'failed', passed: false, problems };
}
