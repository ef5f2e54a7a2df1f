/** A long list in pages: its view draws one of them, however long the list is. */
import { useWords } from './words.ts';

interface PagesProps {
	/** The index of the page that is shown. */
	readonly at: number;
	/** Rows of a page, and of the list. */
	readonly size: number;
	readonly all: number;
	readonly onPage: (at: number) => void;
}

export const lastPage = (size: number, all: number): number => Math.max(0, Math.ceil(all / size) - 1);

export function Pages({ at, size, all, onPage }: PagesProps) {
	const { say, messages } = useWords();
	const last = lastPage(size, all);
	if (last === 0) return null;
	return (
		<p class="pages">
			<button type="button" disabled={at === 0} aria-label={say('previousPage')} onClick={() => onPage(at - 1)}>
				‹
			</button>
			<span>{messages.rowsOf(at * size + 1, Math.min(all, (at + 1) * size), all)}</span>
			<button type="button" disabled={at === last} aria-label={say('nextPage')} onClick={() => onPage(at + 1)}>
				›
			</button>
		</p>
	);
}
