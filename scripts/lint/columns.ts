/** Finds lines of more than 120 columns that the formatter cannot wrap: in comments, strings and pages. */
import { codeTokens, isComment } from './text-parts.ts';

export const MAX_COLUMNS = 120;
/** As in biome.json. */
const TAB_COLUMNS = 2;

const columnsOf = (line: string): number => line.replaceAll('\t', ' '.repeat(TAB_COLUMNS)).length;
/** A URL, a path or a hash cannot be broken. */
const hasLongWord = (line: string): boolean => line.split(/\s+/u).some((word) => word.length > MAX_COLUMNS / 2);

/** @returns the numbers of the lines that are too long and can be broken */
export function longLines(path: string, source: string): number[] {
	const lines = source.split('\n');
	const tooLong = lines.flatMap((line, index) => (columnsOf(line) > MAX_COLUMNS ? [index + 1] : []));
	if (tooLong.length === 0) return [];
	const breakable = path.endsWith('.md') ? pageLines(lines) : codeLines(path, source);
	return tooLong.filter((line) => breakable.has(line) && !hasLongWord(lines[line - 1] ?? ''));
}

/** Every line except tables, images and code. */
function pageLines(lines: readonly string[]): ReadonlySet<number> {
	const breakable = new Set<number>();
	let isCode = false;
	for (const [index, line] of lines.entries()) {
		if (/^\s*```/u.test(line)) isCode = !isCode;
		else if (!isCode && !/^\s*(?:\||!\[)/u.test(line)) breakable.add(index + 1);
	}
	return breakable;
}

/** Comments, and strings on one line. Tests and mutants quote texts and code: their strings can be long. */
function codeLines(path: string, source: string): ReadonlySet<number> {
	const isTest = /\.test\.tsx?$|^(?:test|scripts\/mutants)\//u.test(path);
	return new Set(
		codeTokens(path, source).flatMap((token) => {
			const { type, value, line } = token;
			const lines = value.split('\n').length;
			if (isComment(token)) return Array.from({ length: lines }, (_, index) => line + index);
			const isOneLine = lines === 1 && (type === 'StringLiteral' || type === 'NoSubstitutionTemplate');
			return isOneLine && !isTest && /\s/u.test(value) ? [line] : [];
		}),
	);
}
