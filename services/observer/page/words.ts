/** The texts in the language of the reader, which is the reader's choice, or else the preference of the browser. */
import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Failure, Step } from '../api.ts';
import { again } from './again.ts';
import type { Word } from './catalogue.ts';
import { english } from './english.ts';
import { duration, type Language } from './format.ts';
import { keep, kept } from './kept.ts';
import { type PhaseName, phaseNames } from './state-at.ts';
import type { Translation } from './translation.ts';

const STORAGE_KEY = 'kubejoin.language';

export interface Languages {
	readonly current: Signal<Translation>;
	/** Loads the language and shows it; the page keeps its language if the observer does not answer. */
	readonly choose: (language: Language) => Promise<void>;
}

/**
 * Resolves when the texts of the language are loaded.
 * @param wanted  by the address; default: the choice of the reader, or the preference of the browser
 */
export async function createLanguages(wanted?: Language): Promise<Languages> {
	const current = signal(english);
	const choose = async (language: Language) => {
		try {
			current.value = language === 'zh' ? (await again(() => import('./chinese.ts'))).chinese : english;
		} catch {
			return;
		}
		document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
	};
	await choose(wanted ?? preferred());
	return {
		current,
		async choose(language) {
			keep(STORAGE_KEY, language);
			await choose(language);
		},
	};
}

function preferred(): Language {
	const language = kept(STORAGE_KEY);
	if (language === 'en' || language === 'zh') return language;
	return navigator.languages.find((one) => /^(en|zh)\b/.test(one))?.startsWith('zh') ? 'zh' : 'en';
}

export const LanguageContext = createContext<Signal<Translation> | undefined>(undefined);

/** The texts of one language. */
export interface Words extends Translation {
	readonly say: (word: Word) => string;
	readonly duration: (ms: number) => string;
	/** Which side trusts the other after a check. */
	readonly trust: (step: Pick<Step, 'label' | 'trust'>) => string;
	/** The name of a phase beside its identifier; empty in English, where the identifier says it. */
	readonly phaseName: (phase: string) => string;
	readonly phaseTexts: {
		readonly order: readonly string[];
		readonly short: (phase: PhaseName) => string;
		/** Undefined for a phase that the page does not know. */
		readonly sentence: (phase: string, hasFailed?: boolean) => string | undefined;
	};
	/** An error that is a normal answer to the caller. */
	readonly answer: (code: string) => string;
	/** The message of an error; undefined if it is shown in English, with its meaning. */
	readonly message: (failure: Pick<Failure, 'code' | 'sentence'>) => string | undefined;
}

export const wordsOf = (translation: Translation): Words => ({
	...translation,
	say: (word) => translation.catalogue[word],
	duration: (ms) => duration(ms, translation.language),
	trust: ({ label, trust = '' }) => (trust === '' ? '' : (translation.phase(label, trust)?.trust ?? trust)),
	phaseName: (phase) => translation.phase(phase)?.name ?? '',
	phaseTexts: {
		order: phaseNames,
		short: (phase) => translation.phaseSentences[phase].short,
		sentence: (phase, hasFailed = false) =>
			new Map(Object.entries(translation.phaseSentences)).get(phase)?.[hasFailed ? 'failed' : 'sentence'],
	},
	answer: (code) => translation.expectedError(code) ?? code,
	message: ({ code, sentence }) =>
		translation.meaning(code) === undefined ? translation.sentence(sentence) : undefined,
});

export const useWords = (): Words => wordsOf(useContext(LanguageContext)?.value ?? english);
