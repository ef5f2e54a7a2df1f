/** Makes the catalogue of docs/chaos.md from all documents and their last recorded results. */
import { readFileSync } from 'node:fs';
import { readCatalogue } from '../../chaos/runner/catalogue.ts';
import { wrap } from '../../chaos/runner/console-reporter.ts';
import type { Expected, Plan } from '../../chaos/runner/plan.ts';
import { RESULTS_FILE, type Result, type Results } from '../../chaos/runner/results.ts';
import { runWords, verdictText } from '../../chaos/runner/words.ts';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { table } from './table.ts';

const COLUMNS = 120;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
const verdictsText = ({ security, availability }: Expected, expected: Expected): string =>
	[
		verdictText(runWords.en, security, expected.security),
		verdictText(runWords.en, availability, expected.availability),
	].join(', ');
function recorded(result: Result | undefined, expected: Expected): string {
	if (result === undefined) return 'not measured';
	const { seconds, passed, date } = result;
	return `${verdictsText(result, expected)}; ${seconds} s${passed ? '' : '; **failed**'} (${date})`;
}

/** A table of results, and a section for each experiment. */
export function catalogueOf(plans: readonly Plan[], results: Results): string {
	const rows = plans.map(({ name, about, expected }) => [
		about.id,
		`[${name}](#${name})`,
		verdictsText(expected, expected),
		recorded(results[name]?.local, expected),
		recorded(results[name]?.compose, expected),
	]);
	const header = ['id', 'experiment', 'predicted', 'with npm start', 'with docker compose'];
	return [table(header, rows), ...plans.map(sectionOf)].join('\n\n');
}

const sectionOf = ({ name, file, about, title, description }: Plan): string =>
	[
		`### ${name}`,
		wrap(`**${oneLine(title)}** ([${about.id}](../${file})). ${oneLine(description)}`, '', COLUMNS),
		wrap(`Lesson: ${oneLine(about.lesson)}`, '', COLUMNS),
	].join('\n\n');

const LAB = 'bin/lab';

/** The verbs of the lab that the documents use, with the word after: `token create`, `judge security`. */
export function usedVerbs(): string[] {
	const { entries } = readCatalogue(projectPath('chaos/experiments'), 'chaos/experiments', {
		environment: environment(),
		directory: projectPath(),
	});
	const verbs = entries.flatMap(({ plan }) =>
		argumentsIn(plan?.experiment).map(([verb = '', next = '']) => (/^[a-z-]+$/.test(next) ? `${verb} ${next}` : verb)),
	);
	return [...new Set(verbs)].sort();
}

/** The arguments of each call of the lab, at any depth of a document. */
function argumentsIn(value: unknown): string[][] {
	if (typeof value !== 'object' || value === null) return [];
	if ('path' in value && value.path === LAB && 'arguments' in value && Array.isArray(value.arguments))
		return [value.arguments.map(String)];
	return Object.values(value).flatMap(argumentsIn);
}

/** @throws Error  a document cannot be used */
export function chaosTable(): string {
	const { entries, problems } = readCatalogue(projectPath('chaos/experiments'), 'chaos/experiments', {
		environment: environment(),
		directory: projectPath(),
	});
	const all = [...problems, ...entries.flatMap((entry) => entry.problems)];
	if (all.length > 0) throw new Error(all.map(({ where, path, text }) => `${where}: ${path} ${text}`).join('\n'));
	return catalogueOf(
		entries.flatMap(({ plan }) => (plan === undefined ? [] : [plan])),
		JSON.parse(readFileSync(projectPath(RESULTS_FILE), 'utf8')) as Results,
	);
}
