/** All Chinese texts. The page loads this file only for readers of Chinese. */
import { catalogueInChinese, expectedErrorsInChinese, messagesInChinese, phasesInChinese } from './catalogue-zh.ts';
import { meaningsInChinese } from './errors-zh.ts';
import { experimentsInChinese } from './experiments-zh.ts';
import { fieldsInChinese, valuesInChinese } from './fields-zh.ts';
import { sentencesInChinese } from './sentences-zh.ts';
import { statesInChinese } from './states-zh.ts';
import { stepsInChinese } from './steps-zh.ts';
import { translator } from './template.ts';
import type { Translation } from './translation.ts';

/** A name from outside can be that of a member of every object. */
const lookup =
	<T>(table: Readonly<Record<string, T>>) =>
	(name: string): T | undefined =>
		Object.hasOwn(table, name) ? table[name] : undefined;

const oneSentence = translator(sentencesInChinese);

/** The mistakes in the arguments of a join are one text: `the token: it is empty; the hash: it is empty`. */
function sentence(text: string): string | undefined {
	const mistakes = text.split(/; (?=the [\w -]+: it )/).map(oneSentence);
	return mistakes.every((one) => one !== undefined) ? mistakes.join('；') : oneSentence(text);
}

export const chinese: Translation = {
	language: 'zh',
	catalogue: catalogueInChinese,
	messages: messagesInChinese,
	fields: fieldsInChinese,
	value: (key, value) =>
		lookup(valuesInChinese[key] ?? {})(value) ?? (key === 'pin.spki' ? oneSentence(value) : undefined),
	phase: lookup(phasesInChinese),
	expectedError: lookup(expectedErrorsInChinese),
	meaning: lookup(meaningsInChinese),
	sentence,
	experiment: lookup(experimentsInChinese),
	experimentStep: translator(stepsInChinese),
	state: lookup(statesInChinese),
};
