/** What can be checked of a page without understanding it: links, names of files and of npm scripts, the table of phases. Each check answers with its problems. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import { readPage } from './pages.ts';

export interface Page {
	/** From the top of the repository. */
	readonly path: string;
	readonly text: string;
}

const allMatches = (text: string, pattern: RegExp): string[] =>
	[...text.matchAll(pattern)].map(([, found = '']) => found);
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** As GitHub names the anchor of a heading. */
const anchorOf = (heading: string): string =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, '')
		.replaceAll(' ', '-');

/** Relative links to files that are not there, or to headings that they do not have. */
export function linkProblems({ path, text }: Page): string[] {
	return allMatches(withoutCode(text), /\]\(([^)\s]+)\)/g)
		.filter((link) => !/^[a-z]+:/.test(link))
		.filter((link) => {
			const [file = '', anchor] = link.split('#');
			const target = file === '' ? path : join(dirname(path), file);
			if (!existsSync(projectPath(target))) return true;
			return (
				anchor !== undefined &&
				!allMatches(readPage(target), /^#+ (.*)$/gm).some((heading) => anchorOf(heading) === anchor)
			);
		})
		.map((link) => `${path} links to ${link}, which is not there`);
}

/** Files and folders that are named in code style and are not there. */
export const fileProblems = ({ path, text }: Page): string[] =>
	allMatches(text, /`((?:docs|infra|lib|proto|scripts|services|test)\/[\w./-]*)`/g)
		.filter((file) => !existsSync(projectPath(file)))
		.map((file) => `${path} names ${file}, which is not there`);

/** @param scripts  names of the scripts in package.json */
export const npmProblems = ({ path, text }: Page, scripts: readonly string[]): string[] =>
	[...allMatches(text, /\bnpm run ([\w:-]+)/g), ...allMatches(text, /\bnpm (start|test)\b/g)]
		.filter((script) => !scripts.includes(script))
		.map((script) => `${path} names the npm script ${script}, which is not there`);

/** The verbs of the lab that a page has in the first column of a table: `token create`, `judge`. */
export const verbRows = (text: string): string[] =>
	[...text.matchAll(/^\| (`[^|]*`) +\|/gm)].flatMap(([, cell = '']) =>
		allMatches(cell, /`([a-z][a-z-]*(?: [a-z][a-z-]*)?)[^`]*`/g),
	);

/** The table of the attack matrix as a page has it: who serves what, pin, outcome, verdict. */
export const matrixRows = (text: string): { who: string; isPinned: boolean; code: string; verdict: string }[] =>
	[...text.matchAll(/^✔ (P\d .*?) +(yes|no) +([A-Z_]+) +\d+ (held|violated)$/gm)].map(
		([, who = '', pin, code = '', verdict = '']) => ({
			who,
			isPinned: pin === 'yes',
			code,
			verdict,
		}),
	);

/** The rows of a table whose first cell is a name in code style: that name and the last cell. */
export const phaseRows = (text: string): { name: string; trust: string }[] =>
	[...text.matchAll(/^\| `([a-z/-]+)` +\|.*\| ([^|]*?) +\|$/gm)].map(([, name = '', trust = '']) => ({ name, trust }));
