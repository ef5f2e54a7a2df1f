/**
 * Counts habits of writing that make sentences hard to read, in everything that people read: pages, comments, help, messages, experiments.
 * It is a floor for the style that CONTRIBUTING.md asks for. `npm run lint:prose` prints each occurrence.
 */
import jsTokens from 'js-tokens';

export interface Habit {
	readonly name: string;
	/** Use this instead. */
	readonly instead: string;
	readonly pattern: RegExp;
}

/** Rates in eight comparable projects are 0 to 2 per 10,000 words for each habit. */
export const habits: readonly Habit[] = [
	{
		name: 'a clause as a noun',
		instead: 'the noun: "the request", "the fault"',
		pattern:
			/\bwhat (?:is|are|was|were|has|have|had|the|a|an|it|they|he|this|that|these|each|every|no|one|comes?|came|must|may|can|does|did|goes|went|belongs|[a-z]+s)\b(?![^.?!]*\?)/giu,
	},
	{
		name: 'an actor without a name',
		instead: '"an attacker", "any client", "no service"',
		pattern: /\b(?:some|any|no|every)body\b/giu,
	},
	{
		name: 'told',
		instead: 'prints, reports, logs, returns, notifies',
		pattern: /\b(?:told|tells?|telling)\b/giu,
	},
	{ name: 'whoever', instead: '"a client that holds the token"', pattern: /\b(?:who|what|which)ever\b/giu },
	{ name: 'stands', instead: 'is in, is defined in', pattern: /\b(?:stands?|stood)\b/giu },
	{
		name: 'for as a reason',
		instead: 'because',
		pattern: /, for (?:it|they|he|there|this|that|these|those|the|a|an|no|nothing|each|its|their)\b/giu,
	},
	{
		name: 'anew, goes on, is away',
		instead: 'again, continues, is unavailable',
		pattern: /\b(?:anew|goes on|go on|went on|(?:is|are|was|were) away)\b/giu,
	},
];

/** Occurrences allowed per 10,000 words, of all habits together. */
export const MAX_RATE = 3;

export interface Finding {
	readonly line: number;
	readonly habit: Habit;
	readonly text: string;
}
export interface Prose {
	readonly words: number;
	readonly findings: readonly Finding[];
}

/** @param path  its extension says how to find the text that people read */
export function readProse(path: string, source: string): Prose {
	const parts = path.endsWith('.md')
		? markdownParts(source)
		: /\.[cm]?tsx?$/u.test(path)
			? codeParts(source)
			: [{ line: 1, text: source }];
	const findings = parts.flatMap(({ line, text }) => findingsIn(text, line));
	const words = parts.reduce((sum, { text }) => sum + (text.match(/\p{L}{2,}/gu)?.length ?? 0), 0);
	return { words, findings };
}

/** Occurrences per 10,000 words. */
export const rateOf = (all: readonly Prose[]): number => {
	const words = all.reduce((sum, one) => sum + one.words, 0);
	return words === 0 ? 0 : (all.reduce((sum, one) => sum + one.findings.length, 0) * 10_000) / words;
};

interface Part {
	readonly line: number;
	readonly text: string;
}

function findingsIn(text: string, firstLine: number): Finding[] {
	return habits.flatMap((habit) =>
		[...text.matchAll(habit.pattern)].map((match) => ({
			line: firstLine + linesIn(text.slice(0, match.index)),
			habit,
			text: text.slice(Math.max(0, match.index - 30), match.index + 40).replace(/\s+/gu, ' '),
		})),
	);
}

const linesIn = (text: string): number => text.split('\n').length - 1;

/** Without code: fences and inline code keep their lines and lose their words. */
const markdownParts = (source: string): Part[] => [
	{ line: 1, text: source.replace(/^```[\s\S]*?^```/gmu, blank).replace(/`[^`\n]*`/gu, '') },
];
const blank = (code: string): string => code.replace(/[^\n]/gu, '');

/** Comments, and strings that hold a sentence. */
function codeParts(source: string): Part[] {
	const parts: Part[] = [];
	let line = 1;
	for (const { type, value } of jsTokens(source, { jsx: true })) {
		if (type === 'MultiLineComment' || type === 'SingleLineComment' || type === 'JSXText') {
			parts.push({ line, text: value.replace(/`[^`\n]*`/gu, '') });
		} else if (/String|Template/u.test(type) && /\p{L} \p{L}/u.test(value)) parts.push({ line, text: value });
		line += linesIn(value);
	}
	return parts;
}
