/** The language of the page: what the reader chose, or else what the browser prefers. */
import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Step } from '../api.ts';
import { catalogue, expectedErrors, type Language, trustInChinese, type Word } from './catalogue.ts';

const KEPT_AS = 'kubejoin.language';

export function createLanguage(): Signal<Language> {
	const language = signal<Language>(
		chosen() ?? (navigator.languages.find((one) => /^(en|zh)\b/.test(one))?.startsWith('zh') ? 'zh' : 'en'),
	);
	language.subscribe((value) => {
		document.documentElement.lang = value === 'zh' ? 'zh-CN' : 'en';
		try {
			localStorage.setItem(KEPT_AS, value);
		} catch {
			// A browser that keeps nothing asks again next time.
		}
	});
	return language;
}

function chosen(): Language | undefined {
	try {
		const kept = localStorage.getItem(KEPT_AS);
		return kept === 'en' || kept === 'zh' ? kept : undefined;
	} catch {
		return undefined;
	}
}

export const LanguageContext = createContext<Signal<Language> | undefined>(undefined);

/** @returns what says a word in the reader's language */
export function useWords(): {
	readonly say: (word: Word) => string;
	readonly trust: (step: Step) => string;
	/** An error that is a normal answer to the caller. */
	readonly answer: (code: string) => string;
	readonly language: Language;
} {
	const language = useContext(LanguageContext)?.value ?? 'en';
	const trust = ({ label, trust: sentence = '' }: Step) =>
		language === 'zh' && sentence !== '' ? (trustInChinese[label] ?? sentence) : sentence;
	const answer = (code: string) => expectedErrors[code]?.[language] ?? code;
	return { say: (word) => catalogue[language][word], trust, answer, language };
}
