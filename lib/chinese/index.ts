/**
 * Texts of the programs in Chinese, by their English text: a text without a translation stays English, as texts of
 * upstream do. Errors are in lib/errors/chinese.
 */
import { sentences } from '../errors/chinese/sentences.ts';
import { translator } from '../errors/chinese/template.ts';
import { type Language, terminalLanguage } from '../language.ts';
import { documentProblemInChinese } from './chaos-documents.ts';
import { commanderTexts, helpTexts } from './help.ts';
import { labHelpTexts } from './help-lab.ts';
import { logTexts } from './log.ts';
import { printedTexts } from './printed.ts';

export const helpInChinese = translator({
	...sentences,
	...helpTexts,
	...labHelpTexts,
	...printedTexts,
	...commanderTexts,
});
const logInChinese = translator(logTexts);
const printedInChinese = translator({ ...sentences, ...printedTexts });

/** A text of the help, in the language of the terminal. */
export const helpText = (text: string, language: Language = terminalLanguage()): string =>
	(language === 'zh' ? helpInChinese(text) : undefined) ?? text;

/** The message of a log line, in the language of the terminal. */
export const logText = (text: string, language: Language = terminalLanguage()): string =>
	(language === 'zh' ? logInChinese(text) : undefined) ?? text;

/** A problem of a chaos document, in the language of the terminal. */
export const documentProblemText = (text: string, language: Language = terminalLanguage()): string =>
	(language === 'zh' ? documentProblemInChinese(text) : undefined) ?? text;

/** `  [kubelet] ` */
const lead = /^\s*(?:\[[\w/-]+\] )?/;

/** Lines that a program prints for people, in the language of the terminal. */
export function printedText(text: string, language: Language = terminalLanguage()): string {
	if (language === 'en') return text;
	return text
		.split('\n')
		.map((line) => {
			const [before = ''] = lead.exec(line) ?? [];
			return `${before}${printedInChinese(line.slice(before.length)) ?? line.slice(before.length)}`;
		})
		.join('\n');
}
