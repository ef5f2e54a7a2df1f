/**
 * A failure: its code and message, its likely causes, and the remedy. In Chinese, a message of upstream stays English,
 * with its meaning below.
 */
import type { Failure } from '../api.ts';
import { failureLines } from './failure-lines.ts';
import { Marked } from './marked.tsx';
import { useWords } from './words.ts';

export function FailureBand({ failure }: { readonly failure: Failure }) {
	const words = useWords();
	return (
		<div class="failure">
			<p>
				<strong>{failure.code}</strong> <Message failure={failure} />
			</p>
			{failureLines(failure, words).map(({ label, text, isEnglish }) => (
				<p key={`${label}${text}`}>
					<strong>{words.messages.withLabel(label)}</strong>
					<span lang={isEnglish ? 'en' : undefined}>
						<Marked text={text} />
					</span>
				</p>
			))}
		</div>
	);
}

export function Message({ failure }: { readonly failure: Failure }) {
	const translated = useWords().message(failure);
	return <span lang={translated === undefined ? 'en' : undefined}>{translated ?? failure.sentence}</span>;
}

/** A sentence of a program, which is English unless kubejoin wrote it. */
export const Sentence = ({ text }: { readonly text: string }) => (
	<Translated text={text} translated={useWords().sentence(text)} />
);

/** The problem of a service: a sentence of kubejoin, or the lines of its answer. */
export const Problem = ({ text }: { readonly text: string }) => <pre>{useWords().sentence(text) ?? text}</pre>;

/** A problem of a run, or the evidence of a verdict. */
export const LabOutput = ({ text }: { readonly text: string }) => (
	<Translated text={text} translated={useWords().labOutput(text)} />
);

const Translated = ({ text, translated }: { readonly text: string; readonly translated: string | undefined }) => (
	<span lang={translated === undefined ? 'en' : undefined}>
		<Marked text={translated ?? text} />
	</span>
);
