/**
 * Lists objects from the cache: all of them, or a page. Every page of a list is of the version of its first page.
 *
 * @source apiserver/pkg/storage/cacher, apiserver/pkg/storage/etcd3/store.go GetList
 */
import { setImmediate as turn } from 'node:timers/promises';
import { KubejoinError } from '../../../lib/errors.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import type { ApiRequest, ObjectList } from '../request/api-request.ts';
import { decodeContinue, encodeContinue } from '../request/continue-token.ts';
import { versionNumber } from '../request/list-options.ts';
import { type CachedObject, compareKeys } from './cached-objects.ts';
import { type Selection, selectionOf } from './selection.ts';
import type { StoredObjects } from './stored-objects.ts';
import type { Snapshot } from './watch-cache.ts';

/** So many objects are compared before other work runs. */
const OBJECTS_PER_TURN = 100;

export async function listObjects<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
): Promise<ObjectList> {
	const selection = selectionOf(objects, request);
	const { snapshot, start } = await beginning(objects, request, selection);
	const list = await page(snapshot, start, selection, request);
	if (list.continueToken !== undefined) objects.cache.keep(selection, snapshot);
	else if (request.continueToken !== '') objects.cache.release(selection, snapshot);
	return list;
}

/**
 * The snapshot of the list and the index at which the page begins.
 *
 * @throws API_VERSION_TOO_LARGE, API_EXPIRED, API_CONTINUE_EXPIRED
 */
async function beginning<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	selection: Selection,
): Promise<{ readonly snapshot: Snapshot; readonly start: number }> {
	if (request.continueToken === '') return { snapshot: await firstSnapshot(objects, request, selection), start: 0 };
	const { after, revision } = decodeContinue(request.continueToken);
	await objects.cache.fresh(revision === undefined ? undefined : Number(revision), 'never');
	const snapshot = objects.cache.snapshot(selection, revision);
	if (snapshot !== undefined) return { snapshot, start: indexAfter(snapshot.objects, `${selection.prefix}${after}`) };
	const token = encodeContinue({ after, revision: undefined });
	throw new KubejoinError('API_CONTINUE_EXPIRED', { continue: token });
}

/** @throws API_VERSION_TOO_LARGE, API_EXPIRED */
async function firstSnapshot<T extends KubeObject>(
	{ cache }: StoredObjects<T>,
	{ resourceVersion, resourceVersionMatch, limit }: ApiRequest,
	selection: Selection,
): Promise<Snapshot> {
	const wanted = versionNumber(resourceVersion);
	const isPageOfVersion = resourceVersionMatch === '' && limit > 0;
	const isExact = wanted !== undefined && wanted > 0 && (resourceVersionMatch === 'Exact' || isPageOfVersion);
	// @source storage/etcd3/store.go: the state of a version that is to come is not waited for
	await cache.fresh(wanted, isExact ? 'never' : 'soon');
	const snapshot = cache.snapshot(selection, isExact ? wanted : undefined);
	if (snapshot !== undefined) return snapshot;
	const because = 'The resourceVersion for the provided list is too old.';
	throw new KubejoinError('API_EXPIRED', { requested: resourceVersion, oldest: String(cache.revision), because });
}

/** The index of the first object after a key; objects are in the order of their keys. */
function indexAfter(objects: readonly CachedObject[], position: string): number {
	let [low, high] = [0, objects.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (compareKeys(objects[middle]?.key ?? '', position) <= 0) low = middle + 1;
		else high = middle;
	}
	return low;
}

/**
 * The selected objects from an index on, at most as many as the request limits.
 *
 * @throws API_LIST_TOO_LARGE  all objects are asked for, and they are too many for one answer
 */
async function page(
	{ objects, revision }: Snapshot,
	start: number,
	{ prefix, matches, isPartial }: Selection,
	{ limit }: Pick<ApiRequest, 'limit'>,
): Promise<ObjectList> {
	const items: KubeObject[] = [];
	let bytes = 0;
	let at = start;
	for (; at < objects.length; at++) {
		if (at % OBJECTS_PER_TURN === OBJECTS_PER_TURN - 1) await turn();
		const one = objects[at];
		if (one === undefined || !matches(one.object)) continue;
		if (limit > 0 && (items.length >= limit || (items.length > 0 && bytes + one.bytes > limits.listPageBytes.value)))
			break;
		items.push(one.object);
		bytes += one.bytes;
		if (limit === 0 && bytes > limits.listBytes.value)
			throw new KubejoinError('API_LIST_TOO_LARGE', { limit: limits.listBytes.value });
	}
	const list = { items, resourceVersion: String(revision) };
	const last = objects[at - 1];
	if (at >= objects.length || last === undefined) return list;
	return {
		...list,
		continueToken: encodeContinue({ after: last.key.slice(prefix.length), revision }),
		...(isPartial ? {} : { remainingItemCount: objects.length - at }),
	};
}
