/** Finds one-line doc comments without information: they repeat the name below them, or have a few letters. */
import { codeTokens } from './text-parts.ts';

/** A reason or a contract is longer. Units and formats belong into names and types. */
const MIN_CHARACTERS = 25;
const fillers = new Set(['a', 'an', 'the', 'of', 'for', 'in', 'to', 'and', 'is', 'its', 'this', 'all', 'one']);

const wordsOf = (text: string): string[] =>
	text
		.replace(/([a-z\d])([A-Z])/gu, '$1 $2')
		.toLowerCase()
		.split(/[^a-z\d]+/u)
		.filter((word) => word !== '' && !fillers.has(word))
		.map((word) => word.replace(/(?:es|s)$/u, ''));

/** @returns the numbers of the lines of such comments */
export function emptyDocComments(path: string, source: string): number[] {
	const tokens = codeTokens(path, source);
	return tokens.flatMap(({ type, value, line }, index) => {
		const text = /^\/\*\* (.*) \*\/$/u.exec(value)?.[1];
		if (type !== 'MultiLineComment' || text === undefined || /[@`]/u.test(text)) return [];
		if (text.length < MIN_CHARACTERS) return [line];
		const name = tokens
			.slice(index + 1)
			.find(({ type, value }) => type === 'IdentifierName' && !keywords.has(value))?.value;
		const known = wordsOf(name ?? '');
		return wordsOf(text).every((word) => known.includes(word)) ? [line] : [];
	});
}

const keywords = new Set(
	(
		'abstract async class const declare default enum export function ' +
		'interface let private public readonly static type'
	).split(' '),
);
