/** A language of the page: its texts, and the Chinese counterpart of English texts that come from other programs. */
import type { FieldKey } from '../field-keys.ts';
import type { Messages, PhaseSentence, RequestWord, Word } from './catalogue.ts';
import type { FieldText } from './fields.ts';
import type { Language } from './format.ts';
import type { GuideWord } from './guide-words.ts';
import type { PhaseName } from './state-at.ts';

export interface PhaseText {
	readonly name: string;
	/** Which side trusts the other after the phase. */
	readonly trust: string;
}

export interface ExperimentText {
	readonly title: string;
	readonly description: string;
	readonly lesson: string;
}

/** Where a text is undefined, the page shows the English one. */
export interface Translation {
	readonly language: Language;
	/** Between two sentences: Chinese has none after its full stop. */
	readonly sentenceGap: ' ' | '';
	readonly catalogue: Readonly<Record<Word, string>>;
	readonly messages: Messages;
	readonly requestTexts: Readonly<Record<RequestWord, string>>;
	readonly phaseSentences: Readonly<Record<PhaseName, PhaseSentence>>;
	readonly guideTexts: Readonly<Record<GuideWord, string>>;
	readonly fields: Readonly<Record<FieldKey, FieldText>>;
	/** Of a value that is a word of the page. */
	readonly value: (key: FieldKey, value: string) => string | undefined;
	/** @param trust  the English text, which is another one in a join by a discovery file */
	readonly phase: (label: string, trust?: string) => PhaseText | undefined;
	/** An error that is a normal answer to the caller, by its code. */
	readonly expectedError: (code: string) => string | undefined;
	/** Of an error whose message stays English, by its code. */
	readonly meaning: (code: string) => string | undefined;
	/** A sentence of kubejoin; upstream's texts have no translation. */
	readonly sentence: (text: string) => string | undefined;
	readonly experiment: (name: string) => ExperimentText | undefined;
	readonly experimentStep: (name: string) => string | undefined;
	/** Of a line that the lab printed, and of a problem of a run. */
	readonly labOutput: (text: string) => string | undefined;
	/** Of a node or of a certificate signing request, beside kubectl's word for it. */
	readonly state: (word: string) => string | undefined;
}
