/**
 * Watches objects. An object that enters the selection is ADDED, one that leaves it is DELETED.
 *
 * @source apiserver/pkg/storage/cacher/cacher.go Watch, cache_watcher.go convertToWatchEvent
 */
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { versionNumber } from '../request/list-options.ts';
import type { CacheEvent } from './event-log.ts';
import { type Selection, selectionOf } from './selection.ts';
import type { StoredObjects } from './stored-objects.ts';
import type { Subscription } from './subscription.ts';
import type { Snapshot } from './watch-cache.ts';

type Event = WatchEvent<KubeObject>;

/** So many objects are compared before other work runs. */
const OBJECTS_PER_TURN = 100;

/** As upstream: about one each minute. */
const BOOKMARK_MS = 60_000;

/** @throws API_BAD_REQUEST, API_EXPIRED, API_VERSION_TOO_LARGE */
export async function watchObjects<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
): Promise<AsyncIterable<Event>> {
	const { cache } = objects;
	const { sendInitialEvents, resourceVersion } = request;
	const { signal } = request.lifetime;
	const selection = selectionOf(objects, request);
	const from = versionNumber(resourceVersion);
	const isAnyVersion = from === undefined || from === 0;
	if (sendInitialEvents === true || (isAnyVersion && sendInitialEvents === undefined)) {
		await cache.fresh(from);
		const snapshot = cache.snapshot(selection) ?? { objects: [], revision: cache.revision ?? 0 };
		return events(objects, request, selection, cache.subscribeNow(selection, snapshot.revision, signal), snapshot);
	}
	await cache.fresh(isAnyVersion ? undefined : from);
	const after = isAnyVersion ? (cache.revision ?? 0) : from;
	const subscription = await cache.subscribe(selection, after, signal).catch((error) => expired(error, request));
	return events(objects, request, selection, subscription);
}

async function* events<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	selection: Selection,
	subscription: Subscription,
	initial?: Snapshot,
): AsyncGenerator<Event> {
	const { allowWatchBookmarks, sendInitialEvents } = request;
	const { apiVersion, kind } = { apiVersion: apiVersionOf(objects.resource), kind: objects.resource.kind };
	const bookmark = (revision: number, annotations?: Record<string, string>): Event => {
		const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) };
		return { type: 'BOOKMARK', object: { apiVersion, kind, metadata } };
	};
	try {
		for (const [at, { object }] of (initial?.objects ?? []).entries()) {
			if (at % OBJECTS_PER_TURN === OBJECTS_PER_TURN - 1) await turn();
			if (selection.matches(object)) yield { type: 'ADDED', object };
		}
		if (initial !== undefined && sendInitialEvents === true && allowWatchBookmarks)
			yield bookmark(initial.revision, { 'k8s.io/initial-events-end': 'true' });
		for (;;) {
			const batch = await subscription.next(allowWatchBookmarks ? BOOKMARK_MS : undefined);
			if (batch === undefined) return;
			for (const change of batch) {
				const event = eventOf(change, selection);
				if (event !== undefined) yield event;
			}
			// All changes up to the version of the cache have been read, because nothing was pending.
			if (batch.length === 0) yield bookmark(objects.cache.revision ?? 0);
		}
	} catch (error) {
		expired(error, request);
	} finally {
		subscription.close();
	}
}

function eventOf(change: CacheEvent, { matches }: Selection): Event | undefined {
	const { current, previous, isPreviousKnown, last } = change;
	const isSelected = current !== undefined && matches(current.object);
	// A client that resumes may have the object, and ignores the deletion of one that it does not have.
	const wasSelected = isPreviousKnown ? previous !== undefined && matches(previous.object) : true;
	if (isSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object: current.object };
	return wasSelected && last !== undefined ? { type: 'DELETED', object: last } : undefined;
}

function expired(error: unknown, { resourceVersion }: ApiRequest): never {
	if (!hasCode(error, 'STORE_COMPACTED')) throw error;
	const details = { requested: resourceVersion, oldest: String(error.details.oldest) };
	throw new KubejoinError('API_EXPIRED', details, { cause: error });
}
