/**
 * Errors in Chinese: the meaning of a code, and the sentences of kubejoin. Imports nothing, because the page uses it
 * too.
 */
import { meanings } from './meanings.ts';
import { sentences } from './sentences.ts';
import { lookup, translator } from './template.ts';

const oneSentence = translator(sentences);

/** Of an error whose message stays English; undefined if the message has a translation. */
export const meaningInChinese: (code: string) => string | undefined = lookup(meanings);

/**
 * The mistakes in the arguments of a join are one text: `the token: it is empty; the hash: it is empty`.
 *
 * @returns undefined for upstream's texts
 */
export function sentenceInChinese(text: string): string | undefined {
	const mistakes = text.split(/; (?=the [\w -]+: it )/).map(oneSentence);
	return mistakes.every((one) => one !== undefined) ? mistakes.join('；') : oneSentence(text);
}
