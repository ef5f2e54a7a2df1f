/**
 * A failure: its code and message, its likely causes, and the remedy. In Chinese the English message stays, with
 * its meaning below.
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
				<strong>{failure.code}</strong> <span lang="en">{failure.sentence}</span>
			</p>
			{failureLines(failure, words).map(({ label, text, isEnglish }) => (
				<p key={`${label}${text}`}>
					<strong>{label}</strong>
					<span lang={isEnglish ? 'en' : undefined}>
						<Marked text={text} />
					</span>
				</p>
			))}
		</div>
	);
}
