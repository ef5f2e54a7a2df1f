/** Reading many items without blocking the event loop. */
import { setImmediate as turn } from 'node:timers/promises';
import { limits } from '../limits.ts';
import type { Listed, Store, StoredValue } from './store.ts';

/** `Store.pages` of a store that has `list`. */
export async function* pagesOf<V extends StoredValue>(
	store: Pick<Store, 'list'>,
	prefix: string,
	limit: number = limits.listPageItems.value,
): AsyncGenerator<Listed<V>> {
	let revision: number | undefined;
	let after: string | undefined;
	for (;;) {
		const page = await store.list<V>(prefix, {
			limit,
			after,
			revision,
		});
		revision ??= page.revision;
		yield { ...page, revision };
		after = page.items.at(-1)?.key;
		if (page.remaining === 0 || after === undefined) return;
		await turn();
	}
}
