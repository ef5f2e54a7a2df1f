/** Checks of a page of the documentation: links, names of files and npm scripts, tables. Each returns its problems. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import { readPage } from './pages.ts';

export interface Page {
	/** Relative to the top of the repository. */
	readonly path: string;
	readonly text: string;
}

const allMatches = (text: string, pattern: RegExp): string[] =>
	[...text.matchAll(pattern)].map(([, found = '']) => found);
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, '')
		.replaceAll(' ', '-');

/** Relative links to missing files or headings. */
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
		.map((link) => `${path} links to ${link}, which does not exist`);
}

/** Missing files and folders, named in code style. */
export const fileProblems = ({ path, text }: Page): string[] =>
	allMatches(text, /`((?:chaos\/(?:experiments|lab|runner)|docs|infra|lib|proto|scripts|services|test)\/[\w./-]*)`/g)
		.filter((file) => !existsSync(projectPath(file)))
		.map((file) => `${path} names ${file}, which does not exist`);

/** @param scripts  the names of the scripts in package.json */
export const npmProblems = ({ path, text }: Page, scripts: readonly string[]): string[] =>
	[...allMatches(text, /\bnpm run ([\w:-]+)/g), ...allMatches(text, /\bnpm (start|test)\b/g)]
		.filter((script) => !scripts.includes(script))
		.map((script) => `${path} names the npm script ${script}, which does not exist`);

/** The verbs of the lab in the first column of a table: `token create`, `judge`. */
export const verbRows = (text: string): string[] =>
	[...text.matchAll(/^\| (`[^|]*`) +\|/gm)].flatMap(([, cell = '']) =>
		allMatches(cell, /`([a-z][a-z-]*(?: [a-z][a-z-]*)?)[^`]*`/g),
	);

/** The rows of the attack matrix on a page: attacker and document, pin, outcome, verdict. */
export const matrixRows = (text: string): { who: string; isPinned: boolean; code: string; verdict: string }[] =>
	[...text.matchAll(/^✔ (P\d .*?) +(yes|no) +([A-Z_]+) +\d+ (held|violated)$/gm)].map(
		([, who = '', pin, code = '', verdict = '']) => ({
			who,
			isPinned: pin === 'yes',
			code,
			verdict,
		}),
	);

/** The first and the last cell of the rows that begin with a name in code style. */
export const phaseRows = (text: string): { name: string; trust: string }[] =>
	[...text.matchAll(/^\| `([a-z/-]+)` +\|.*\| ([^|]*?) +\|$/gm)].map(([, name = '', trust = '']) => ({ name, trust }));
