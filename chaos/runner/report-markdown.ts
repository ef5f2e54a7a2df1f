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
	more,
	noJoins,
	printedOnce,
	type RunReport,
} from './report.ts';
import { explainVerdicts } from './verdict.ts';
import { runWords } from './words.ts';

const m = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|]/g, (sign) => `\\${sign}`);
const fence = (text: string): string => {
	const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
	const mark = '`'.repeat(longest + 1);
	return `${mark}text\n${text}\n${mark}`;
};

export function reportMarkdown(run: RunReport): string {
	const chapters = mapTexts(run.journals, printableLines).map(chapterOf);
	const rows = chapters.map(({ name, id, result, journal }) => {
		const verdicts = verdictKinds.map((kind) => journal.kubejoin.verdicts[kind]);
		return `| ${[m(name), m(id), ...verdicts, result, runWords.en.seconds(journal.duration)].join(' | ')} |`;
	});
	const notRun = run.notRun.length === 0 ? [] : [`Not run: ${m(run.notRun.join(', '))}`];
	const table = [
		'| experiment | id | security | availability | result | time |',
		'| --- | --- | --- | --- | --- | --- |',
		...rows,
	].join('\n');
	const parts = [`# Experiments: ${counts(run)}`, details(run), table, ...notRun, ...chapters.flatMap(chapterMarkdown)];
	return `${parts.join('\n\n')}\n`;
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
		verdictKinds.map((kind) => `- ${kind}: **${runWords.en.verdict(verdicts[kind], expected[kind])}**`).join('\n'),
		...(explained === undefined ? [] : [m(explained)]),
		...(problems.length === 0 ? [] : [problems.map((problem) => `- ${m(problem)}`).join('\n')]),
		...(lesson === '' ? [] : [`> ${m(lesson)}`]),
		...section('Fault', description),
		...section('Steady state', hypothesis),
		'### Steps',
		steps
			.map(({ part, name: what, how, seconds }) => `1. ${part}: ${m(what)}: ${how}, ${runWords.en.seconds(seconds)}`)
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
