/**
 * A list of stored objects: a page of it if the request has a limit, otherwise all. It is read from the store page by
 * page, and other requests run in between.
 * @source apiserver/pkg/storage/etcd3/store.go GetList
 */
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import type { Listed, Store, StoredItem } from '../../lib/store/store.ts';
import type { ApiRequest, ObjectList } from './request/api-request.ts';
import { decodeContinue, encodeContinue, type Position } from './request/continue-token.ts';

export interface ListedPlace<T extends KubeObject> {
	/** Of the keys; with `isOneKey` the key itself. */
	readonly prefix: string;
	readonly isOneKey: boolean;
	/** The object, or undefined for one that is not selected or cannot be read. */
	readonly read: (item: StoredItem<T>) => T | undefined;
}

/**
 * @throws API_BAD_REQUEST  the token is not one
 * @throws API_CONTINUE_EXPIRED
 * @throws API_LIST_TOO_LARGE  all objects are asked for, and they are too many for one answer
 */
export async function readList<T extends KubeObject>(
	store: Store,
	{ prefix, isOneKey, read }: ListedPlace<T>,
	{ limit, continueToken, fieldSelector }: Pick<ApiRequest, 'limit' | 'continueToken' | 'fieldSelector'>,
): Promise<ObjectList & { readonly items: T[] }> {
	const start = continueToken === '' ? undefined : decodeContinue(continueToken);
	let after = start?.after;
	let revision = start?.revision;
	let [isFirst, bytes] = [true, 0];
	const items: T[] = [];
	const answer = (remaining: number) => {
		const list = { items, resourceVersion: String(revision) };
		if (remaining === 0 || after === undefined) return list;
		const counted = fieldSelector.length === 0 ? { remainingItemCount: remaining } : {};
		return { ...list, continueToken: encodeContinue({ after, revision }), ...counted };
	};
	for (;;) {
		const position: Position | undefined =
			after === undefined ? undefined : { after, revision: isFirst ? revision : undefined };
		const page = await pageAt<T>(store, prefix, position, isOneKey ? 1 : limits.listPageItems.value);
		revision ??= page.revision;
		isFirst = false;
		bytes += page.bytes;
		for (const [index, item] of page.items.entries()) {
			after = item.key.slice(prefix.length);
			const object = read(item);
			if (object !== undefined) items.push(object);
			if (limit > 0 && items.length >= limit) return answer(page.remaining + page.items.length - index - 1);
		}
		if (isOneKey || page.remaining === 0) return answer(0);
		if (limit === 0 && bytes > limits.listBytes.value)
			throw new KubejoinError('API_LIST_TOO_LARGE', { limit: limits.listBytes.value });
		if (limit > 0 && items.length > 0 && bytes > limits.listPageBytes.value / 2) return answer(page.remaining);
		await turn();
	}
}

async function pageAt<T extends KubeObject>(
	store: Store,
	prefix: string,
	position: Position | undefined,
	limit: number,
): Promise<Listed<T>> {
	const { after, revision } = position ?? {};
	try {
		return await store.list<T>(prefix, {
			limit,
			...(after === undefined ? {} : { after: `${prefix}${after}` }),
			revision,
		});
	} catch (error) {
		if (after === undefined || !hasCode(error, 'STORE_COMPACTED')) throw error;
		const token = encodeContinue({ after, revision: undefined });
		throw new KubejoinError('API_CONTINUE_EXPIRED', { continue: token }, { cause: error });
	}
}
