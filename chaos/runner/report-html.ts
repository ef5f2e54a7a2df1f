/** The report as one HTML page without scripts or requests. All text is escaped. */
import type { Language } from '../../lib/language.ts';
import { printableLines } from '../../lib/text.ts';
import { escapeXml as h, sequenceSvg } from './diagram.ts';
import type { Verdict } from './events.ts';
import { mapTexts } from './json.ts';
import type { SeenJoin } from './observer.ts';
import { verdictKinds } from './plan.ts';
import {
	type Chapter,
	chapterOf,
	counts,
	details,
	joinTitle,
	MAX_OUTPUT,
	notesOf,
	outputText,
	printedOnce,
	type RunReport,
} from './report.ts';
import { stylesheet } from './report-style.ts';
import { reportWords } from './report-words.ts';
import { type Evidence, explainVerdicts } from './verdict.ts';
import { type RunWords, runWords } from './words.ts';

const verdictClass = (verdict: Verdict): string => (verdict === 'held' ? 'good' : 'bad');
const span = (style: string, html: string): string => `<span class="${style}">${html}</span>`;
const unlessEmpty = (text: string, html: string): string => (text === '' ? '' : html);

export function reportHtml(run: RunReport): string {
	const { language } = run;
	const words = reportWords[language];
	const chapters = mapTexts(run.journals, printableLines).map((journal) => chapterOf(journal, language));
	const notRun = run.notRun.length === 0 ? '' : `<p class="quiet">${h(words.notRun(run.notRun.join(words.comma)))}</p>`;
	const names = columnNames(language);
	const columns = ['experiment', ...verdictKinds, 'result'] as const;
	const heads = columns.map((column) => `<th scope="col">${names[column]}</th>`).join('');
	return `<!doctype html>
<html lang="${words.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>kubejoin: ${h(counts(run))}</title>
<style>${stylesheet}</style>
</head>
<body>
<header><h1>${h(words.title(counts(run)))}</h1><p class="quiet">${h(details(run))}</p></header>
<main>
<table class="summary"><thead><tr>${heads}<th scope="col" class="number">${names.time}</th></tr></thead><tbody>
${chapters.map(rowHtml).join('\n')}
</tbody></table>
${notRun}
${chapters.map(chapterHtml).join('\n')}
</main>
</body>
</html>
`;
}

/** In English, headings of columns are in lower case here. */
export function columnNames(language: Language): RunWords['columns'] {
	const { columns } = runWords[language];
	return Object.fromEntries(
		Object.entries(columns).map(([key, name]) => [key, name.toLowerCase()]),
	) as unknown as RunWords['columns'];
}

export const resultWord = ({ language, result }: Chapter): string => runWords[language].results[result].toLowerCase();

function rowHtml(chapter: Chapter): string {
	const { name, id, result, journal, language } = chapter;
	const { verdicts } = journal.kubejoin;
	const names = columnNames(language);
	const verdictCell = (verdict: Verdict) => span(verdictClass(verdict), runWords[language].verdicts[verdict]);
	return [
		`<tr><th scope="row"><a href="#${h(name)}">${h(name)}</a> ${span('quiet', h(id))}</th>`,
		...verdictKinds.map((kind) => `<td data-label="${names[kind]}">${verdictCell(verdicts[kind])}</td>`),
		`<td data-label="${names.result}">${span(`badge ${result}`, resultWord(chapter))}</td>`,
		`<td class="number" data-label="${names.time}">${runWords[language].seconds(journal.duration)}</td></tr>`,
	].join('');
}

function chapterHtml(chapter: Chapter): string {
	const { name, id, title, description, lesson, hypothesis, journal, result, steps, joins, language } = chapter;
	const { headings } = reportWords[language];
	const proof = printedOnce(journal.kubejoin.evidence)
		.map((one) => evidenceHtml(one, language))
		.join('');
	const section = (heading: string, text: string) => unlessEmpty(text, `<h3>${heading}</h3><p>${h(text)}</p>`);
	const about = [id, name].filter((text) => text !== '').join(' · ');
	const notes = notesOf(chapter).map((text) => `<p class="quiet">${h(text)}</p>`);
	return `<article id="${h(name)}">
<h2>${h(title)}</h2>
<p class="quiet">${h(about)} ${span(`badge ${result}`, resultWord(chapter))}</p>
${verdictsHtml(chapter)}
${unlessEmpty(lesson, `<p class="lesson">${h(lesson)}</p>`)}
${section(headings.fault, description)}
${section(headings.steadyState, hypothesis)}
<h3>${headings.steps}</h3>
<ol class="steps">${steps.map((step) => stepHtml(step, language)).join('')}</ol>
${unlessEmpty(proof, `<h3>${headings.evidence}</h3><ul class="evidence">${proof}</ul>`)}
<h3>${headings.joins}</h3>
${joins.length === 0 ? '' : legend(language)}
${joins.map((join) => joinHtml(join, language)).join('\n')}
${notes.join('')}
</article>`;
}

/** The verdicts, and the problems of an experiment that did not pass. */
function verdictsHtml({ journal, language }: Chapter): string {
	const words = runWords[language];
	const { verdicts, expected, problems } = journal.kubejoin;
	const boxes = verdictKinds.map((kind) => {
		const text = words.verdict(verdicts[kind], expected[kind]);
		return `<div class="verdict ${verdictClass(verdicts[kind])}"><dt>${words.kinds[kind]}</dt><dd>${h(text)}</dd></div>`;
	});
	const explained = explainVerdicts({ ...journal.kubejoin, status: journal.status }) ?? '';
	const items = problems.map((problem) => `<li>${h(words.sentence(problem))}</li>`).join('');
	return [
		`<dl class="verdicts">${boxes.join('')}</dl>`,
		unlessEmpty(explained, `<p class="bad">${h(words.sentence(explained))}</p>`),
		unlessEmpty(items, `<ul class="problems">${items}</ul>`),
	].join('\n');
}

function stepHtml(
	{ part, name, type, how, isBad, seconds, output }: Chapter['steps'][number],
	language: Language,
): string {
	const head = [
		span('part', part),
		span('what', h(name)),
		span(`how ${isBad ? 'bad' : 'quiet'}`, h(how)),
		span('seconds quiet', runWords[language].seconds(seconds)),
	].join('');
	if (output === '') return `<li class="${type}"><div class="head">${head}</div></li>`;
	const summary = `<summary class="head">${head}</summary>`;
	return `<li class="${type}"><details${isBad ? ' open' : ''}>${summary}<pre>${h(output)}</pre></details></li>`;
}

function evidenceHtml({ kind, verdict, text, probe, lines }: Evidence, language: Language): string {
	const { kinds, verdicts, sentence, step } = runWords[language];
	const { inParentheses } = reportWords[language];
	const printed = h(outputText(lines.join('\n'), language).slice(0, MAX_OUTPUT));
	const found = `${kinds[kind]} ${verdicts[verdict]}`;
	const head = `${span(verdictClass(verdict), found)} ${h(sentence(text))} ${span('quiet', inParentheses(h(step(probe))))}`;
	return `<li>${head}${unlessEmpty(printed, `<pre>${printed}</pre>`)}</li>`;
}

function legend(language: Language): string {
	const { protection, refused } = reportWords[language];
	const all = [...Object.entries(protection), ['refused', refused]] as const;
	return `<p class="legend">${all.map(([style = '', text = '']) => span(style, text)).join(' ')}</p>`;
}

function joinHtml(join: SeenJoin, language: Language): string {
	const sentence = join.failure?.sentence ?? '';
	return [
		`<figure><figcaption class="${join.state === 'refused' ? 'bad' : ''}">${h(joinTitle(join, language))}</figcaption>`,
		unlessEmpty(sentence, `<p class="quiet">${h(runWords[language].sentence(sentence))}</p>`),
		sequenceSvg(join, 'wide', language),
		sequenceSvg(join, 'narrow', language),
		'</figure>',
	].join('');
}
