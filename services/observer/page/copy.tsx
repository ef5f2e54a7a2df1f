/** A button that copies a text. */
import { useSignal } from '@preact/signals';
import { useWords } from './words.ts';

export function CopyButton({ text }: { readonly text: string }) {
	const { say } = useWords();
	const isCopied = useSignal(false);
	const copy = async () => {
		await navigator.clipboard.writeText(text);
		isCopied.value = true;
	};
	return (
		<button type="button" onClick={() => void copy()}>
			{say(isCopied.value ? 'copied' : 'copy')}
		</button>
	);
}
