/** All Chinese texts. The page loads this file only for readers of Chinese. */
import { experimentStepInChinese, experimentsInChinese } from '../../../lib/chinese/experiment-texts.ts';
import { labOutputInChinese } from '../../../lib/chinese/lab-output.ts';
import { meaningInChinese, sentenceInChinese } from '../../../lib/errors/chinese/index.ts';
import { lookup } from '../../../lib/errors/chinese/template.ts';
import {
	catalogueInChinese,
	credentialTrustInChinese,
	expectedErrorsInChinese,
	messagesInChinese,
	phaseSentencesInChinese,
	phasesInChinese,
	requestsInChinese,
} from './catalogue-zh.ts';
import { fieldsInChinese, valuesInChinese } from './fields-zh.ts';
import { guideTextsInChinese } from './guide-words-zh.ts';
import { statesInChinese } from './states-zh.ts';
import type { Translation } from './translation.ts';

const phaseInChinese = lookup(phasesInChinese);
const credentialTrust = lookup(credentialTrustInChinese);

export const chinese: Translation = {
	language: 'zh',
	sentenceGap: '',
	catalogue: catalogueInChinese,
	messages: messagesInChinese,
	requestTexts: requestsInChinese,
	phaseSentences: phaseSentencesInChinese,
	guideTexts: guideTextsInChinese,
	fields: fieldsInChinese,
	value: (key, value) =>
		lookup(valuesInChinese[key] ?? {})(value) ?? (key === 'pin.spki' ? sentenceInChinese(value) : undefined),
	phase(label, english = '') {
		const phase = phaseInChinese(label);
		const trust = credentialTrust(english) ?? phase?.trust;
		return phase && trust !== undefined ? { ...phase, trust } : undefined;
	},
	expectedError: lookup(expectedErrorsInChinese),
	meaning: meaningInChinese,
	sentence: sentenceInChinese,
	experiment: experimentsInChinese,
	experimentStep: experimentStepInChinese,
	labOutput: labOutputInChinese,
	state: lookup(statesInChinese),
};
