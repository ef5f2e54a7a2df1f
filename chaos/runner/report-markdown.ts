/** The report in Markdown. Text from outside becomes neither a link nor a heading nor HTML. */
import { printableLines } from '../../lib/text.ts';
import { sequenceMermaid } from './diagram.ts';
import { mapTexts } from './json.ts';
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
import { columnNames, resultWord } from './report-html.ts';
import { reportWords } from './report-words.ts';
import { explainVerdicts } from './verdict.ts';
import { runWords } from './words.ts';

const m = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|]/g, (sign) => `\\${sign}`);
const fence = (text: string): string => {
	const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
	const mark = '`'.repeat(longest + 1);
	return `${mark}text\n${text}\n${mark}`;
};

export function reportMarkdown(run: RunReport): string {
	const { language } = run;
	const words = reportWords[language];
	const { verdicts, seconds } = runWords[language];
	const chapters = mapTexts(run.journals, printableLines).map((journal) => chapterOf(journal, language));
	const rows = chapters.map((chapter) => {
		const { name, id, journal } = chapter;
		const found = verdictKinds.map((kind) => verdicts[journal.kubejoin.verdicts[kind]]);
		return `| ${[m(name), m(id), ...found, resultWord(chapter), seconds(journal.duration)].join(' | ')} |`;
	});
	const notRun = run.notRun.length === 0 ? [] : [m(words.notRun(run.notRun.join(words.comma)))];
	const names = columnNames(language);
	const heads = (['experiment', 'id', 'security', 'availability', 'result', 'time'] as const).map((one) => names[one]);
	const table = [`| ${heads.join(' | ')} |`, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
	const parts = [`# ${words.title(counts(run))}`, details(run), table, ...notRun, ...chapters.flatMap(chapterMarkdown)];
	return `${parts.join('\n\n')}\n`;
}

function chapterMarkdown(chapter: Chapter): string[] {
	const { name, id, title, description, lesson, hypothesis, journal, steps, joins, language } = chapter;
	const { verdicts, expected, problems } = journal.kubejoin;
	const { headings, colon, comma } = reportWords[language];
	const { kinds, verdict: verdictText, sentence, seconds: secondsText } = runWords[language];
	const explained = explainVerdicts({ ...journal.kubejoin, status: journal.status });
	const section = (heading: string, text: string) => (text === '' ? [] : [`### ${heading}`, m(text)]);
	const evidence = evidenceMarkdown(chapter);
	return [
		`## ${m(title)}`,
		`${m(id)} · ${m(name)} · **${resultWord(chapter)}**`,
		verdictKinds.map((kind) => `- ${kinds[kind]}${colon}**${verdictText(verdicts[kind], expected[kind])}**`).join('\n'),
		...(explained === undefined ? [] : [m(sentence(explained))]),
		...(problems.length === 0 ? [] : [problems.map((problem) => `- ${m(sentence(problem))}`).join('\n')]),
		...(lesson === '' ? [] : [`> ${m(lesson)}`]),
		...section(headings.fault, description),
		...section(headings.steadyState, hypothesis),
		`### ${headings.steps}`,
		steps
			.map(
				({ part, name: what, how, seconds }) =>
					`1. ${part}${colon}${m(what)}${colon}${how}${comma}${secondsText(seconds)}`,
			)
			.join('\n'),
		...steps.filter(({ isBad, output }) => isBad && output !== '').map(({ output }) => fence(output)),
		...(evidence.length === 0 ? [] : [`### ${headings.evidence}`, ...evidence]),
		`### ${headings.joins}`,
		...joins.flatMap((join) => [
			m(joinTitle(join, language)),
			`\`\`\`mermaid\n${sequenceMermaid(join, language)}\n\`\`\``,
		]),
		...notesOf(chapter).map(m),
	];
}

function evidenceMarkdown({ journal, language }: Chapter): string[] {
	const { kinds, verdicts, sentence, step } = runWords[language];
	const { inParentheses } = reportWords[language];
	return printedOnce(journal.kubejoin.evidence).flatMap(({ kind, verdict, text, probe, lines }) => [
		`- ${kinds[kind]} ${verdicts[verdict]} ${m(sentence(text))} ${inParentheses(m(step(probe)))}`,
		...(lines.length === 0 ? [] : [fence(outputText(lines.join('\n'), language).slice(0, MAX_OUTPUT))]),
	]);
}
