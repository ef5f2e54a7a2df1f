/** Errors as text for people at a terminal, apart from the log, so that a program without a log does not load pino. */
import { settingsInChinese } from '../chinese/settings.ts';
import { meaningInChinese, sentenceInChinese } from '../errors/chinese/index.ts';
import type { KubejoinError } from '../errors.ts';
import { type Language, terminalLanguage } from '../language.ts';
import { printable, printableLines } from '../text.ts';

/** In characters. Advice can repeat text of a server. */
const MAX_ADVICE = 1_024;

/**
 * The lines below the message of an error on a terminal: code, most likely cause, other possible causes, remedy.
 *
 * @param where  the code, and the phase if there is one; undefined omits the line
 */
export function diagnosisText(
	{ code, mostLikely, alsoPossible, remedy }: Diagnosed,
	where?: string,
	language: Language = terminalLanguage(),
): string {
	const isChinese = language === 'zh';
	const labels = diagnosisLabels[language];
	const translated = (text: string): string => (isChinese ? sentenceInChinese(text) : undefined) ?? text;
	const advice = (text: string): string => printable(translated(text), { maxLength: MAX_ADVICE });
	const meaning = isChinese ? meaningInChinese(code) : undefined;
	const lines = [
		...(where === undefined ? [] : [[labels.code, where]]),
		...(meaning === undefined ? [] : [[labels.meaning, meaning]]),
		...(mostLikely === undefined ? [] : [[labels.mostLikely, advice(mostLikely)]]),
		...alsoPossible.map((text) => [labels.alsoPossible, advice(text)]),
		[labels.remedy, printableLines(translated(remedy))],
	];
	return lines.map(([label = '', text = '']) => `  ${label}${isChinese ? text.replaceAll('`', '') : text}\n`).join('');
}

type Diagnosed = Pick<KubejoinError, 'code' | 'mostLikely' | 'alsoPossible' | 'remedy'>;

/** English texts begin in one column; Chinese labels have no spaces after them. */
const diagnosisLabels = {
	en: {
		code: 'code:          ',
		meaning: '',
		mostLikely: 'most likely:   ',
		alsoPossible: 'also possible: ',
		remedy: 'do this:       ',
	},
	zh: { code: '代码：', meaning: '含义：', mostLikely: '最可能：', alsoPossible: '也可能：', remedy: '处理：' },
} as const satisfies Record<Language, object>;

/** A sentence of kubejoin in the language of the terminal; a text of upstream stays English. */
export const sentenceText = (text: string, language: Language = terminalLanguage()): string =>
	(language === 'zh' ? (sentenceInChinese(text) ?? settingsInChinese(text)) : undefined) ?? text;

/** The last line below a text of upstream. */
export const remedyLine = (remedy: string, language: Language = terminalLanguage()): string =>
	language === 'zh'
		? `${diagnosisLabels.zh.remedy}${(sentenceInChinese(remedy) ?? remedy).replaceAll('`', '')}\n`
		: `do this: ${remedy}\n`;

/** @returns undefined for a message that stays English, with its meaning below */
function messageInChinese({ code, message }: Pick<KubejoinError, 'code' | 'message'>): string | undefined {
	if (code === 'CONFIG_INVALID') return settingsInChinese(message);
	return meaningInChinese(code) === undefined ? sentenceInChinese(message) : undefined;
}

/** An error for a person at a terminal: message, causes, remedy. */
export function errorForPeople(error: KubejoinError, language: Language = terminalLanguage()): string {
	const translated = language === 'zh' ? messageInChinese(error) : undefined;
	const message =
		translated === undefined ? `error: ${printableLines(error.message)}` : `错误：${printableLines(translated)}`;
	return `${message}\n${diagnosisText(error, error.code, language)}`;
}
