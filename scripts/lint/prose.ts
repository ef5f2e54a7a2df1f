/**
 * Counts habits that make sentences hard to read, in documentation, comments, help, messages and experiments. It is a
 * floor for the style that CONTRIBUTING.md describes. `npm run lint:text` prints each occurrence.
 */
import { type TextPart, textPartsOf } from './text-parts.ts';

export interface Habit {
	readonly name: string;
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
	// "stands for" and "stand-in" have no other word.
	{ name: 'stands', instead: 'is in, is defined in', pattern: /\b(?:stands?|stood)\b(?! for\b|-)/giu },
	// A noun after "for" can be a purpose: it is a reason only if a verb follows.
	{
		name: 'for as a reason',
		instead: 'because',
		pattern:
			/, for (?:(?:it|they|he|she|there|nothing)\b|(?:this|that|these|those|the|an?|no|each|its|their)(?: [\w'’-]+){1,3}? (?:is|are|was|were|has|have|had|does|do|did|can|cannot|must|may|will)\b)/giu,
	},
	{
		name: 'anew, goes on, is away',
		instead: 'again, continues, is unavailable',
		pattern: /\b(?:anew|goes on|go on|went on|(?:is|are|was|were) away)\b/giu,
	},
];

/** Occurrences of all habits together, per 10,000 words. */
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

export function readProse(path: string, source: string): Prose {
	const parts = textPartsOf(path, source);
	const words = parts.reduce((sum, { text }) => sum + (text.match(/\p{L}{2,}/gu)?.length ?? 0), 0);
	return { words, findings: parts.flatMap(findingsIn) };
}

/** Occurrences per 10,000 words. */
export const rateOf = (all: readonly Prose[]): number => {
	const words = all.reduce((sum, one) => sum + one.words, 0);
	return words === 0 ? 0 : (all.reduce((sum, one) => sum + one.findings.length, 0) * 10_000) / words;
};

const findingsIn = ({ text, line }: TextPart): Finding[] =>
	habits.flatMap((habit) =>
		[...text.matchAll(habit.pattern)].map((match) => ({
			line: line + text.slice(0, match.index).split('\n').length - 1,
			habit,
			text: text.slice(Math.max(0, match.index - 30), match.index + 40).replace(/\s+/gu, ' '),
		})),
	);
