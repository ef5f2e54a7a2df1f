/** The report of a run, as Markdown and as one HTML page without scripts or requests. Both have the same chapters. */

import { printableLines } from '../../lib/text.ts';
import { secondsText, verdictText } from './console-reporter.ts';
import { escapeXml, sequenceMermaid, sequenceSvg } from './diagram.ts';
import type { Verdict } from './events.ts';
import type { Journal, Run } from './journal.ts';
import { isMap, type Json, type JsonMap, mapTexts } from './json.ts';
import type { SeenJoin } from './observer.ts';
import { type VerdictKind, verdictKinds } from './plan.ts';
import { stylesheet } from './report-style.ts';
import { type Evidence, explainVerdicts } from './verdict.ts';

export interface RunReport {
	readonly journals: readonly Journal[];
	readonly notRun: readonly string[];
	readonly seed: number;
	/** ISO 8601. */
	readonly start: string;
	readonly seconds: number;
	readonly mesh: string | undefined;
	readonly version: string;
}

/** Characters of a step's output; the journal has all of it. */
const MAX_OUTPUT = 1_200;
const MAX_DIAGRAMS = 4;

interface Chapter {
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

function chapterOf(journal: Journal): Chapter {
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

const counts = ({ journals, notRun }: RunReport): string => {
	const passed = journals.filter(({ kubejoin }) => kubejoin.passed).length;
	const parts = [
		`${passed} passed`,
		`${journals.length - passed} failed`,
		...(notRun.length === 0 ? [] : [`${notRun.length} not run`]),
	];
	return parts.join(', ');
};
const facts = (run: RunReport): string =>
	[
		`${run.start.slice(0, 16).replace('T', ' ')} UTC`,
		secondsText(run.seconds),
		...(run.mesh === undefined ? [] : [`mesh ${run.mesh}`]),
		`seed ${run.seed}`,
		`kubejoin ${run.version}`,
	].join(' · ');

/** The other lines of a probe are printed once, below its first verdict. */
const printedOnce = (evidence: readonly Evidence[]): readonly Evidence[] =>
	evidence.map((one, index) => {
		const before = evidence[index - 1];
		return before?.probe === one.probe && before.lines.join('\n') === one.lines.join('\n')
			? { ...one, lines: [] }
			: one;
	});

const resultTexts = { refused: 'was refused', joined: 'joined', joining: 'was still joining' } as const;
const joinTitle = ({ node, state, failure, durationMs }: SeenJoin): string =>
	`${node} ${resultTexts[state]}${failure === undefined ? '' : ` with ${failure.code}`}, ${secondsText(durationMs / 1000)}`;
const noJoins = ({ journal, joins }: Chapter): string =>
	journal.kubejoin.observerProblem !== undefined
		? `The joins are not shown: the observer at ${journal.kubejoin.observerProblem}.`
		: joins.length === 0
			? 'No join began during the experiment.'
			: '';
const more = ({ moreJoins }: Chapter): string =>
	moreJoins === 0
		? ''
		: `And ${moreJoins} more ${moreJoins === 1 ? 'join' : 'joins'}; the journal and the observer have ${moreJoins === 1 ? 'it' : 'them'}.`;

// HTML

const h = escapeXml;
const verdictClass = (verdict: Verdict): string => (verdict === 'held' ? 'good' : 'bad');

export function reportHtml(run: RunReport): string {
	const chapters = mapTexts(run.journals, printableLines).map(chapterOf);
	const rows = chapters.map(
		({ name, id, result, journal }) =>
			`<tr><th scope="row"><a href="#${h(name)}">${h(name)}</a> <span class="quiet">${h(id)}</span></th>${verdictKinds
				.map(
					(kind) =>
						`<td data-label="${kind}"><span class="${verdictClass(journal.kubejoin.verdicts[kind])}">${journal.kubejoin.verdicts[kind]}</span></td>`,
				)
				.join(
					'',
				)}<td data-label="result"><span class="badge ${result}">${result}</span></td><td class="number" data-label="time">${secondsText(journal.duration)}</td></tr>`,
	);
	const notRun = run.notRun.length === 0 ? '' : `<p class="quiet">Not run: ${h(run.notRun.join(', '))}</p>`;
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>kubejoin: ${h(counts(run))}</title>
<style>${stylesheet}</style>
</head>
<body>
<header><h1>Experiments: ${h(counts(run))}</h1><p class="quiet">${h(facts(run))}</p></header>
<main>
<table class="summary"><thead><tr><th scope="col">experiment</th><th scope="col">security</th><th scope="col">availability</th><th scope="col">result</th><th scope="col" class="number">time</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
${notRun}
${chapters.map(chapterHtml).join('\n')}
</main>
</body>
</html>
`;
}

function chapterHtml(chapter: Chapter): string {
	const { name, id, title, description, lesson, hypothesis, journal, result, steps, joins } = chapter;
	const { verdicts, expected, problems } = journal.kubejoin;
	const evidence = printedOnce(journal.kubejoin.evidence);
	const verdict = (kind: VerdictKind) => {
		const isViolation = verdicts[kind] === 'violated' && expected[kind] === 'violated';
		return `<div class="verdict ${verdictClass(verdicts[kind])}"><dt>${kind}</dt><dd>${h(isViolation ? 'violated, as predicted' : verdictText(verdicts[kind], expected[kind]))}</dd></div>`;
	};
	const explained = explainVerdicts({ ...journal.kubejoin, status: journal.status });
	const why =
		problems.length === 0
			? ''
			: `${explained === undefined ? '' : `<p class="bad">${h(explained)}</p>`}<ul class="problems">${problems.map((problem) => `<li>${h(problem)}</li>`).join('')}</ul>`;
	const paragraph = (heading: string, text: string) => (text === '' ? '' : `<h3>${heading}</h3><p>${h(text)}</p>`);
	const step = ({ part, name: what, type, how, isBad, seconds, output }: Chapter['steps'][number]) => {
		const head = `<span class="part">${part}</span><span class="what">${h(what)}</span><span class="how ${isBad ? 'bad' : 'quiet'}">${h(how)}</span><span class="seconds quiet">${secondsText(seconds)}</span>`;
		return `<li class="${type}">${output === '' ? `<div class="head">${head}</div>` : `<details${isBad ? ' open' : ''}><summary class="head">${head}</summary><pre>${h(output)}</pre></details>`}</li>`;
	};
	const proof = evidence.map(
		({ kind, verdict: said, text, probe, lines }) =>
			`<li><span class="${verdictClass(said)}">${kind} ${said}</span> ${h(text)} <span class="quiet">(${h(probe)})</span>${lines.length === 0 ? '' : `<pre>${h(lines.join('\n').slice(0, MAX_OUTPUT))}</pre>`}</li>`,
	);
	const diagram = (join: SeenJoin) =>
		`<figure><figcaption class="${join.state === 'refused' ? 'bad' : ''}">${h(joinTitle(join))}</figcaption>${join.failure === undefined ? '' : `<p class="quiet">${h(join.failure.sentence)}</p>`}${sequenceSvg(join, 'wide')}${sequenceSvg(join, 'narrow')}</figure>`;
	const notes = [noJoins(chapter), more(chapter)]
		.filter((text) => text !== '')
		.map((text) => `<p class="quiet">${h(text)}</p>`);
	const about = [id, name].filter((text) => text !== '').join(' · ');
	const legend =
		'<p class="legend"><span class="unverified">TLS not verified</span> <span class="one-way">server verified</span> ' +
		'<span class="mutual">mutual TLS</span> <span class="refused">refused</span></p>';
	return `<article id="${h(name)}">
<h2>${h(title)}</h2>
<p class="quiet">${h(about)} <span class="badge ${result}">${result}</span></p>
<dl class="verdicts">${verdictKinds.map(verdict).join('')}</dl>
${why}
${lesson === '' ? '' : `<p class="lesson">${h(lesson)}</p>`}
${paragraph('Fault', description)}
${paragraph('Steady state', hypothesis)}
<h3>Steps</h3>
<ol class="steps">${steps.map(step).join('')}</ol>
${proof.length === 0 ? '' : `<h3>Evidence</h3><ul class="evidence">${proof.join('')}</ul>`}
<h3>Joins</h3>
${joins.length === 0 ? '' : legend}
${joins.map(diagram).join('\n')}
${notes.join('')}
</article>`;
}

// Markdown

/** Text from outside must not become a link, a heading or HTML. */
const m = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|]/g, (sign) => `\\${sign}`);
const fence = (text: string): string => {
	const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
	const mark = '`'.repeat(longest + 1);
	return `${mark}text\n${text}\n${mark}`;
};

export function reportMarkdown(run: RunReport): string {
	const chapters = mapTexts(run.journals, printableLines).map(chapterOf);
	const rows = chapters.map(
		({ name, id, result, journal }) =>
			`| ${m(name)} | ${m(id)} | ${journal.kubejoin.verdicts.security} | ${journal.kubejoin.verdicts.availability} | ${result} | ${secondsText(journal.duration)} |`,
	);
	const notRun = run.notRun.length === 0 ? [] : [`Not run: ${m(run.notRun.join(', '))}`];
	const table = [
		'| experiment | id | security | availability | result | time |',
		'| --- | --- | --- | --- | --- | --- |',
		...rows,
	].join('\n');
	return `${[`# Experiments: ${counts(run)}`, facts(run), table, ...notRun, ...chapters.flatMap(chapterMarkdown)].join('\n\n')}\n`;
}

function chapterMarkdown(chapter: Chapter): string[] {
	const { name, id, title, description, lesson, hypothesis, journal, result, steps, joins } = chapter;
	const { verdicts, expected, problems } = journal.kubejoin;
	const evidence = printedOnce(journal.kubejoin.evidence);
	const explained = explainVerdicts({ ...journal.kubejoin, status: journal.status });
	const section = (heading: string, text: string) => (text === '' ? [] : [`### ${heading}`, m(text)]);
	return [
		`## ${m(title)}`,
		`${m(id)} · ${m(name)} · **${result}**`,
		verdictKinds.map((kind) => `- ${kind}: **${verdictText(verdicts[kind], expected[kind])}**`).join('\n'),
		...(explained === undefined ? [] : [m(explained)]),
		...(problems.length === 0 ? [] : [problems.map((problem) => `- ${m(problem)}`).join('\n')]),
		...(lesson === '' ? [] : [`> ${m(lesson)}`]),
		...section('Fault', description),
		...section('Steady state', hypothesis),
		'### Steps',
		steps
			.map(({ part, name: what, how, seconds }) => `1. ${part}: ${m(what)}: ${how}, ${secondsText(seconds)}`)
			.join('\n'),
		...steps.filter(({ isBad, output }) => isBad && output !== '').map(({ output }) => fence(output)),
		...(evidence.length === 0
			? []
			: [
					'### Evidence',
					...evidence.flatMap(({ kind, verdict, text, probe, lines }) => [
						`- ${kind} ${verdict} ${m(text)} (${m(probe)})`,
						...(lines.length === 0 ? [] : [fence(lines.join('\n').slice(0, MAX_OUTPUT))]),
					]),
				]),
		'### Joins',
		...joins.flatMap((join) => [`${m(joinTitle(join))}`, `\`\`\`mermaid\n${sequenceMermaid(join)}\n\`\`\``]),
		...[noJoins(chapter), more(chapter)].filter((text) => text !== '').map(m),
	];
}
