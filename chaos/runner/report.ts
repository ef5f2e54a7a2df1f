/** The content of the report, which report-html.ts and report-markdown.ts format. */
import { experimentStepInChinese, experimentsInChinese } from '../../lib/chinese/experiment-texts.ts';
import type { Language } from '../../lib/language.ts';
import type { Part } from './events.ts';
import type { Journal, Run } from './journal.ts';
import { isMap, type Json, type JsonMap } from './json.ts';
import type { SeenJoin } from './observer.ts';
import { reportWords } from './report-words.ts';
import type { Evidence } from './verdict.ts';
import { resultOf, runWords } from './words.ts';

export interface RunReport {
	readonly journals: readonly Journal[];
	readonly notRun: readonly string[];
	readonly seed: number;
	readonly start: string;
	readonly seconds: number;
	readonly mesh: string | undefined;
	readonly version: string;
	readonly language: Language;
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
	readonly language: Language;
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

export function chapterOf(journal: Journal, language: Language): Chapter {
	const experiment = asMap(journal.experiment);
	const extensions = Array.isArray(experiment.extensions) ? (experiment.extensions as readonly Json[]).map(asMap) : [];
	const about = extensions.find(({ name }) => name === 'kubejoin') ?? {};
	const { joins, moreJoins, name } = journal.kubejoin;
	const translated = language === 'zh' ? experimentsInChinese(name) : undefined;
	const hypothesis = textOf(asMap(experiment['steady-state-hypothesis']).title);
	const step = (part: Part) => (run: Run) => stepOf(part, run, language);
	// Refused joins first, because they show the effect of the fault.
	const shownJoins = [
		...joins.filter(({ state }) => state === 'refused'),
		...joins.filter(({ state }) => state !== 'refused'),
	].slice(0, MAX_DIAGRAMS);
	return {
		name,
		id: textOf(about.id),
		title: translated?.title ?? textOf(experiment.title),
		description: translated?.description ?? textOf(experiment.description),
		lesson: translated?.lesson ?? textOf(about.lesson),
		hypothesis: reportWords[language].hypothesis(hypothesis) ?? hypothesis,
		journal,
		result: resultOfJournal(journal),
		language,
		steps: [
			...(journal.steady_states.before?.probes ?? []).map(step('before')),
			...journal.run.map(step('method')),
			...(journal.steady_states.after?.probes ?? []).map(step('after')),
			...journal.rollbacks.map(step('rollbacks')),
		],
		joins: shownJoins,
		moreJoins: joins.length - shownJoins.length + moreJoins,
	};
}

function stepOf(part: Part, run: Run, language: Language): Chapter['steps'][number] {
	const activity = asMap(run.activity);
	const { output } = run;
	const texts = [run.exception?.join('\n') ?? '', output?.stdout ?? '', output?.stderr ?? ''];
	const text = texts
		.map((one) => outputText(one.trim(), language))
		.filter((one) => one !== '')
		.join('\n');
	const name = textOf(activity.name);
	return {
		part: reportWords[language].parts[part],
		name: language === 'zh' ? (experimentStepInChinese(name) ?? name) : name,
		type: textOf(activity.type),
		how: howOf(run, language),
		isBad: run.status === 'failed' || run.tolerance_met === false,
		seconds: run.duration,
		output: text.length > MAX_OUTPUT ? `${text.slice(0, MAX_OUTPUT)}\n…` : text,
	};
}

/** Each line in the language of the report; output of kubeadm and kubectl stays English. */
export const outputText = (text: string, language: Language): string =>
	text.split('\n').map(runWords[language].sentence).join('\n');

function howOf({ status, tolerance_met: isMet, output }: Run, language: Language): string {
	const { how } = reportWords[language];
	if (status === 'failed') return how.notEnded;
	if (isMet !== undefined) return isMet ? how.expected : how.unexpected;
	return output?.status === 0 ? how.done : runWords[language].exit(output?.status ?? 0);
}

export const resultOfJournal = ({ kubejoin, status }: Journal) => resultOf({ passed: kubejoin.passed, status });

export function counts({ journals, notRun, language }: RunReport): string {
	const of = (wanted: string) => journals.filter((one) => resultOfJournal(one) === wanted).length;
	return runWords[language].counts({
		...{ passed: of('passed'), failed: of('failed'), interrupted: of('interrupted'), notRun: notRun.length },
	});
}

export function details({ start, seconds, mesh, seed, version, language }: RunReport): string {
	const words = reportWords[language];
	return [
		`${start.slice(0, 16).replace('T', ' ')} UTC`,
		runWords[language].seconds(seconds),
		...(mesh === undefined ? [] : [words.mesh(mesh)]),
		words.seed(seed),
		`kubejoin ${version}`,
	].join(' · ');
}

/** The other lines of a probe are printed once, below its first verdict. */
export const printedOnce = (evidence: readonly Evidence[]): readonly Evidence[] =>
	evidence.map((one, index) => {
		const before = evidence[index - 1];
		return before?.probe === one.probe && before.lines.join('\n') === one.lines.join('\n')
			? { ...one, lines: [] }
			: one;
	});

export const joinTitle = (join: SeenJoin, language: Language): string =>
	reportWords[language].join(join, join.failure?.code, runWords[language].seconds(join.durationMs / 1000));

/** Joins that the report does not show, and the reason. */
export function notesOf({ journal, joins, moreJoins, language }: Chapter): readonly string[] {
	const words = reportWords[language];
	const { observerProblem } = journal.kubejoin;
	return [
		...(observerProblem === undefined ? [] : [words.observer(observerProblem)]),
		...(observerProblem === undefined && joins.length === 0 ? [words.noJoin] : []),
		...(moreJoins === 0 ? [] : [words.more(moreJoins)]),
	];
}
