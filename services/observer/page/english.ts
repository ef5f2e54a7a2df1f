import { catalogue, expectedErrors, messages, phaseSentences, requestTexts } from './catalogue.ts';
import { fields } from './fields.ts';
import { guideTexts } from './guide-words.ts';
import type { Translation } from './translation.ts';

const none = () => undefined;

export const english: Translation = {
	language: 'en',
	sentenceGap: ' ',
	catalogue,
	messages,
	requestTexts,
	phaseSentences,
	guideTexts,
	fields,
	value: none,
	phase: none,
	expectedError: (code) => new Map(Object.entries(expectedErrors)).get(code),
	meaning: none,
	sentence: none,
	experiment: none,
	experimentStep: none,
	labOutput: none,
	state: none,
};
