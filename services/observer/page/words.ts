/** The language of the page: the choice of the reader, or else the preference of the browser. */
import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Failure, Step } from '../api.ts';
import {
	catalogue,
	expectedErrors,
	type Language,
	type Messages,
	messages,
	phasesInChinese,
	type Word,
} from './catalogue.ts';
import { type ChineseError, errorsInChinese } from './errors-zh.ts';
import { type ChineseExperiment, experimentsInChinese } from './experiments-zh.ts';
import { duration } from './format.ts';
import { stepsInChinese } from './steps-zh.ts';
import { translator } from './template.ts';

const STORAGE_KEY = 'kubejoin.language';

export function createLanguage(): Signal<Language> {
	const language = signal<Language>(
		chosen() ?? (navigator.languages.find((one) => /^(en|zh)\b/.test(one))?.startsWith('zh') ? 'zh' : 'en'),
	);
	language.subscribe((value) => {
		document.documentElement.lang = value === 'zh' ? 'zh-CN' : 'en';
		try {
			localStorage.setItem(STORAGE_KEY, value);
		} catch {
			// A browser without storage asks again next time.
		}
	});
	return language;
}

function chosen(): Language | undefined {
	try {
		const kept = localStorage.getItem(STORAGE_KEY);
		return kept === 'en' || kept === 'zh' ? kept : undefined;
	} catch {
		return undefined;
	}
}

export const LanguageContext = createContext<Signal<Language> | undefined>(undefined);

/** The texts of one language. */
export interface Words {
	readonly language: Language;
	readonly say: (word: Word) => string;
	readonly messages: Messages;
	readonly duration: (ms: number) => string;
	/** Which side trusts the other after a check. */
	readonly trust: (step: Pick<Step, 'label' | 'trust'>) => string;
	/** The name of a phase beside its identifier; empty in English, where the identifier says it. */
	readonly phaseName: (phase: string) => string;
	/** An error that is a normal answer to the caller. */
	readonly answer: (code: string) => string;
	/** Undefined: the failure is shown in English. */
	readonly failure: (failure: Pick<Failure, 'code'>) => ChineseError | undefined;
	readonly experiment: (name: string) => ChineseExperiment | undefined;
	/** Undefined in English, where the name of the step is its text. */
	readonly experimentStep: (name: string) => string | undefined;
}

const chineseStep = translator(stepsInChinese);

export const wordsOf = (language: Language): Words => ({
	language,
	say: (word) => catalogue[language][word],
	messages: messages[language],
	duration: (ms) => duration(ms, language),
	trust: ({ label, trust = '' }) =>
		language === 'zh' && trust !== '' ? (phasesInChinese[label]?.trust ?? trust) : trust,
	phaseName: (phase) => (language === 'zh' ? (phasesInChinese[phase]?.name ?? '') : ''),
	answer: (code) => expectedErrors[code]?.[language] ?? code,
	failure: ({ code }) => (language === 'zh' ? errorsInChinese[code] : undefined),
	experiment: (name) => (language === 'zh' ? experimentsInChinese[name] : undefined),
	experimentStep: (name) => (language === 'zh' ? chineseStep(name) : undefined),
});

export const useWords = (): Words => wordsOf(useContext(LanguageContext)?.value ?? 'en');
