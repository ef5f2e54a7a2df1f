/** The report as one HTML page without scripts or requests. All text is escaped. */
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
	more,
	noJoins,
	printedOnce,
	type RunReport,
} from './report.ts';
import { stylesheet } from './report-style.ts';
import { type Evidence, explainVerdicts } from './verdict.ts';
import { runWords } from './words.ts';

const verdictClass = (verdict: Verdict): string => (verdict === 'held' ? 'good' : 'bad');
const span = (style: string, html: string): string => `<span class="${style}">${html}</span>`;
const unlessEmpty = (text: string, html: string): string => (text === '' ? '' : html);

export function reportHtml(run: RunReport): string {
	const chapters = mapTexts(run.journals, printableLines).map(chapterOf);
	const notRun = run.notRun.length === 0 ? '' : `<p class="quiet">Not run: ${h(run.notRun.join(', '))}</p>`;
	const columns = ['experiment', ...verdictKinds, 'result'].map((text) => `<th scope="col">${text}</th>`).join('');
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
<header><h1>Experiments: ${h(counts(run))}</h1><p class="quiet">${h(details(run))}</p></header>
<main>
<table class="summary"><thead><tr>${columns}<th scope="col" class="number">time</th></tr></thead><tbody>
${chapters.map(rowHtml).join('\n')}
</tbody></table>
${notRun}
${chapters.map(chapterHtml).join('\n')}
</main>
</body>
</html>
`;
}

function rowHtml({ name, id, result, journal }: Chapter): string {
	const verdictCell = (verdict: Verdict) => span(verdictClass(verdict), verdict);
	const { verdicts } = journal.kubejoin;
	return [
		`<tr><th scope="row"><a href="#${h(name)}">${h(name)}</a> ${span('quiet', h(id))}</th>`,
		...verdictKinds.map((kind) => `<td data-label="${kind}">${verdictCell(verdicts[kind])}</td>`),
		`<td data-label="result">${span(`badge ${result}`, result)}</td>`,
		`<td class="number" data-label="time">${runWords.en.seconds(journal.duration)}</td></tr>`,
	].join('');
}

function chapterHtml(chapter: Chapter): string {
	const { name, id, title, description, lesson, hypothesis, journal, result, steps, joins } = chapter;
	const proof = printedOnce(journal.kubejoin.evidence).map(evidenceHtml).join('');
	const section = (heading: string, text: string) => unlessEmpty(text, `<h3>${heading}</h3><p>${h(text)}</p>`);
	const about = [id, name].filter((text) => text !== '').join(' · ');
	const notes = [noJoins(chapter), more(chapter)].map((text) => unlessEmpty(text, `<p class="quiet">${h(text)}</p>`));
	return `<article id="${h(name)}">
<h2>${h(title)}</h2>
<p class="quiet">${h(about)} ${span(`badge ${result}`, result)}</p>
${verdictsHtml(chapter)}
${unlessEmpty(lesson, `<p class="lesson">${h(lesson)}</p>`)}
${section('Fault', description)}
${section('Steady state', hypothesis)}
<h3>Steps</h3>
<ol class="steps">${steps.map(stepHtml).join('')}</ol>
${unlessEmpty(proof, `<h3>Evidence</h3><ul class="evidence">${proof}</ul>`)}
<h3>Joins</h3>
${joins.length === 0 ? '' : legend}
${joins.map(joinHtml).join('\n')}
${notes.join('')}
</article>`;
}

/** The verdicts, and the problems of an experiment that did not pass. */
function verdictsHtml({ journal }: Chapter): string {
	const { verdicts, expected, problems } = journal.kubejoin;
	const boxes = verdictKinds.map((kind) => {
		const text = runWords.en.verdict(verdicts[kind], expected[kind]);
		return `<div class="verdict ${verdictClass(verdicts[kind])}"><dt>${kind}</dt><dd>${h(text)}</dd></div>`;
	});
	const explained = explainVerdicts({ ...journal.kubejoin, status: journal.status }) ?? '';
	const items = problems.map((problem) => `<li>${h(problem)}</li>`).join('');
	return [
		`<dl class="verdicts">${boxes.join('')}</dl>`,
		unlessEmpty(explained, `<p class="bad">${h(explained)}</p>`),
		unlessEmpty(items, `<ul class="problems">${items}</ul>`),
	].join('\n');
}

function stepHtml({ part, name, type, how, isBad, seconds, output }: Chapter['steps'][number]): string {
	const head = [
		span('part', part),
		span('what', h(name)),
		span(`how ${isBad ? 'bad' : 'quiet'}`, h(how)),
		span('seconds quiet', runWords.en.seconds(seconds)),
	].join('');
	if (output === '') return `<li class="${type}"><div class="head">${head}</div></li>`;
	const summary = `<summary class="head">${head}</summary>`;
	return `<li class="${type}"><details${isBad ? ' open' : ''}>${summary}<pre>${h(output)}</pre></details></li>`;
}

function evidenceHtml({ kind, verdict, text, probe, lines }: Evidence): string {
	const printed = h(lines.join('\n').slice(0, MAX_OUTPUT));
	const head = `${span(verdictClass(verdict), `${kind} ${verdict}`)} ${h(text)} ${span('quiet', `(${h(probe)})`)}`;
	return `<li>${head}${unlessEmpty(printed, `<pre>${printed}</pre>`)}</li>`;
}

const legend = `<p class="legend">${[
	span('unverified', 'TLS not verified'),
	span('one-way', 'server verified'),
	span('mutual', 'mutual TLS'),
	span('refused', 'refused'),
].join(' ')}</p>`;

function joinHtml(join: SeenJoin): string {
	const sentence = join.failure?.sentence ?? '';
	return [
		`<figure><figcaption class="${join.state === 'refused' ? 'bad' : ''}">${h(joinTitle(join))}</figcaption>`,
		unlessEmpty(sentence, `<p class="quiet">${h(sentence)}</p>`),
		sequenceSvg(join, 'wide'),
		sequenceSvg(join, 'narrow'),
		'</figure>',
	].join('');
}
