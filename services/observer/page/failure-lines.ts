/** The lines below the code and the message of a failure, in the language of the reader. Pure. */
import type { Failure } from '../api.ts';
import { fields } from './fields.ts';
import type { Words } from './words.ts';

export interface FailureLine {
	/** With the colon of the language. */
	readonly label: string;
	readonly text: string;
	readonly isEnglish: boolean;
}

export function failureLines(failure: Failure, words: Words): readonly FailureLine[] {
	const translated = words.failure(failure);
	const name = (key: 'failure.mostLikely' | 'failure.alsoPossible' | 'failure.remedy') =>
		fields[key][words.language].name;
	const line = (label: string, own: string | undefined, english: string | undefined): FailureLine[] => {
		const text = own ?? english ?? '';
		return text === '' ? [] : [{ label: words.messages.withLabel(label), text, isEnglish: own === undefined }];
	};
	const alsoPossible = translated?.alsoPossible?.map((text) => line(name('failure.alsoPossible'), text, undefined));
	return [
		...line('含义', translated?.meaning, undefined),
		...line(name('failure.mostLikely'), translated?.mostLikely, failure.mostLikely),
		...(
			alsoPossible ?? (failure.alsoPossible ?? []).map((text) => line(name('failure.alsoPossible'), undefined, text))
		).flat(),
		...line(name('failure.remedy'), translated?.remedy, failure.remedy),
	];
}
