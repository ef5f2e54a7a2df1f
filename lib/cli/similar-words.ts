/** "Did you mean": the known words that are most like the one that was typed. */
import { distance } from 'fastest-levenshtein';

const MAX_SUGGESTIONS = 3;
const MAX_DISTANCE = 3;

/** Most similar first; a word that contains the typed text counts as equal. A short word allows fewer differences. */
export const similarWords = (typed: string, known: readonly string[]): readonly string[] =>
	known
		.map((word) => ({ word, edits: typed !== '' && word.includes(typed) ? 0 : distance(word, typed) }))
		.filter(({ word, edits }) => edits <= Math.min(MAX_DISTANCE, Math.floor(word.length / 3)))
		.sort((one, other) => one.edits - other.edits)
		.slice(0, MAX_SUGGESTIONS)
		.map(({ word }) => word);
