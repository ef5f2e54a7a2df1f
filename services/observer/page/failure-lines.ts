/** The lines below the code and the message of a failure, in the language of the reader. */
import type { Failure } from '../api.ts';
import type { Translation } from './translation.ts';

export interface FailureLine {
	readonly label: string;
	readonly text: string;
	readonly isEnglish: boolean;
}

export function failureLines(
	failure: Failure,
	{ messages, fields, meaning, sentence }: Translation,
): readonly FailureLine[] {
	const ownMeaning = meaning(failure.code);
	const line = (key: 'failure.mostLikely' | 'failure.alsoPossible' | 'failure.remedy', english = ''): FailureLine[] => {
		const translated = sentence(english);
		return english === ''
			? []
			: [{ label: fields[key].name, text: translated ?? english, isEnglish: translated === undefined }];
	};
	return [
		...(ownMeaning === undefined ? [] : [{ label: messages.meaning, text: ownMeaning, isEnglish: false }]),
		...line('failure.mostLikely', failure.mostLikely),
		...(failure.alsoPossible ?? []).flatMap((text) => line('failure.alsoPossible', text)),
		...line('failure.remedy', failure.remedy),
	];
}
