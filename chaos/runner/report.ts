/** The content of the report, which report-html.ts and report-markdown.ts format. */

import type { Journal, Run } from './journal.ts';
import { isMap, type Json, type JsonMap } from './json.ts';
import type { SeenJoin } from './observer.ts';
import type { Evidence } from './verdict.ts';
import { runWords } from './words.ts';

export interface RunReport {
	readonly journals: readonly Journal[];
	readonly notRun: readonly string[];
	readonly seed: number;
	readonly start: string;
	readonly seconds: number;
	readonly mesh: string | undefined;
	readonly version: string;
}

/** Characters of a step's output; the journal has all of it. */
export const MAX_OUTPUT = 1_200;
const MAX_DIAGRAMS = 4;

export interface Chapter {
	readonly name: string;
	readonly id: string;
	readonly title: string;
	readonly description: string;
	readonly lesson: string;
	readonly hypothesis: string;
	readonly journal: Journal;
	readonly result: 'passed' | 'failed' | 'interrupted';
	readonly steps: readonly {
		readonly part: string;
		readonly name: string;
		readonly type: string;
		readonly how: string;
		readonly isBad: boolean;
		readonly seconds: number;
		readonly output: string;
	}[];
	readonly joins: readonly SeenJoin[];
	readonly moreJoins: number;
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value.trim() : '');
const asMap = (value: Json | undefined): JsonMap => (isMap(value ?? null) ? (value as JsonMap) : {});

export function chapterOf(journal: Journal): Chapter {
	const experiment = asMap(journal.experiment);
	const extensions = Array.isArray(experiment.extensions) ? (experiment.extensions as readonly Json[]).map(asMap) : [];
	const about = extensions.find(({ name }) => name === 'kubejoin') ?? {};
	const { joins, moreJoins, name, passed } = journal.kubejoin;
	// Refused joins first, because they show the effect of the fault.
	const shownJoins = [
		...joins.filter(({ state }) => state === 'refused'),
		...joins.filter(({ state }) => state !== 'refused'),
	].slice(0, MAX_DIAGRAMS);
	return {
		name,
		id: textOf(about.id),
		title: textOf(experiment.title),
		description: textOf(experiment.description),
		lesson: textOf(about.lesson),
		hypothesis: textOf(asMap(experiment['steady-state-hypothesis']).title),
		journal,
		result: passed ? 'passed' : journal.status === 'interrupted' ? 'interrupted' : 'failed',
		steps: [
			...(journal.steady_states.before?.probes ?? []).map((run) => stepOf('before', run)),
			...journal.run.map((run) => stepOf('method', run)),
			...(journal.steady_states.after?.probes ?? []).map((run) => stepOf('after', run)),
			...journal.rollbacks.map((run) => stepOf('rollback', run)),
		],
		joins: shownJoins,
		moreJoins: joins.length - shownJoins.length + moreJoins,
	};
}

function stepOf(part: string, run: Run): Chapter['steps'][number] {
	const activity = asMap(run.activity);
	const { output } = run;
	const texts = [run.exception?.join('\n') ?? '', output?.stdout ?? '', output?.stderr ?? ''];
	const text = texts
		.map((one) => one.trim())
		.filter((one) => one !== '')
		.join('\n');
	return {
		part,
		name: textOf(activity.name),
		type: textOf(activity.type),
		how: resultOf(run),
		isBad: run.status === 'failed' || run.tolerance_met === false,
		seconds: run.duration,
		output: text.length > MAX_OUTPUT ? `${text.slice(0, MAX_OUTPUT)}\n…` : text,
	};
}

function resultOf({ status, tolerance_met: isMet, output }: Run): string {
	if (status === 'failed') return 'did not end';
	if (isMet !== undefined) return isMet ? 'as expected' : 'not as expected';
	return output?.status === 0 ? 'done' : `exit code ${output?.status}`;
}

export const counts = ({ journals, notRun }: RunReport): string => {
	const passed = journals.filter(({ kubejoin }) => kubejoin.passed).length;
	const parts = [
		`${passed} passed`,
		`${journals.length - passed} failed`,
		...(notRun.length === 0 ? [] : [`${notRun.length} not run`]),
	];
	return parts.join(', ');
};
export const details = (run: RunReport): string =>
	[
		`${run.start.slice(0, 16).replace('T', ' ')} UTC`,
		runWords.en.seconds(run.seconds),
		...(run.mesh === undefined ? [] : [`mesh ${run.mesh}`]),
		`seed ${run.seed}`,
		`kubejoin ${run.version}`,
	].join(' · ');

/** The other lines of a probe are printed once, below its first verdict. */
export const printedOnce = (evidence: readonly Evidence[]): readonly Evidence[] =>
	evidence.map((one, index) => {
		const before = evidence[index - 1];
		return before?.probe === one.probe && before.lines.join('\n') === one.lines.join('\n')
			? { ...one, lines: [] }
			: one;
	});

const resultTexts = { refused: 'was refused', joined: 'joined', joining: 'was still joining' } as const;
export const joinTitle = ({ node, state, failure, durationMs }: SeenJoin): string =>
	[
		`${node} ${resultTexts[state]}`,
		failure === undefined ? '' : ` with ${failure.code}`,
		', ',
		runWords.en.seconds(durationMs / 1000),
	].join('');
export const noJoins = ({ journal, joins }: Chapter): string =>
	journal.kubejoin.observerProblem !== undefined
		? `The joins are not shown: the observer at ${journal.kubejoin.observerProblem}.`
		: joins.length === 0
			? 'No join began during the experiment.'
			: '';
export const more = ({ moreJoins }: Chapter): string => {
	if (moreJoins === 0) return '';
	return moreJoins === 1
		? 'And 1 more join; the journal and the observer have it.'
		: `And ${moreJoins} more joins; the journal and the observer have them.`;
};
