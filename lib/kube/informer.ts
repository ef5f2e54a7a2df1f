/**
 * A cache of the objects of one resource, kept by list and watch as client-go's reflector does. It resumes a broken
 * watch from its last version, lists again if that version is too old, and calls back for every change.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode } from '../errors.ts';
import { errorFields, type Log } from '../log.ts';
import { repeatWatch } from '../poll.ts';
import type { ListOptions, ResourceClient } from './client.ts';
import type { KubeObject } from './types.ts';

export interface Informer<T extends KubeObject> {
	/** The cached object, by `name` or `namespace/name`. */
	readonly get: (key: string) => T | undefined;
	readonly list: () => readonly T[];
	/** True once the first list is in. */
	readonly isSynced: () => boolean;
	/** Resolves with the first list, or when the signal aborts. */
	readonly synced: Promise<void>;
	/** Ends when the signal aborts. */
	readonly done: Promise<void>;
}

export interface InformerOptions<T extends KubeObject> {
	readonly client: Pick<ResourceClient<T>, 'list' | 'watch'>;
	readonly select?: ListOptions;
	/** The part of an object that the cache keeps; metadata must keep its names and its version. Default: all of it. */
	readonly keep?: (object: T) => T;
	/** Called with the key of everything that was added, changed or deleted, and with the object cached before. */
	readonly onChange: (key: string, previous: T | undefined) => void;
	/** Interval at which every cached key is called again, to recover from a missed event. Default: never. */
	readonly resyncMs?: number;
	readonly signal: AbortSignal;
	readonly log: Log;
	/** For the log: `nodes`. */
	readonly name: string;
}

/** `name` or `namespace/name` */
export const keyOf = ({ metadata }: KubeObject): string =>
	metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '');

/** The later pages of a list can be newer than the version that its watch begins with. */
const isOlder = (object: KubeObject, known: KubeObject | undefined): boolean =>
	Number(object.metadata.resourceVersion) < Number(known?.metadata.resourceVersion);

const TURN_ITEMS = 500;
/** Runs the work for each item, and yields to other work after some hundred items. */
async function inTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
	let count = 0;
	for (const item of items) {
		work(item);
		if (++count % TURN_ITEMS === 0) await turn();
	}
}

export function startInformer<T extends KubeObject>({
	client,
	select = {},
	keep = (object) => object,
	onChange,
	resyncMs,
	signal,
	log,
	name,
}: InformerOptions<T>): Informer<T> {
	const cache = new Map<string, T>();
	let synced = false;
	let resourceVersion: string | undefined;
	let markSynced = (): void => undefined;
	const firstList = new Promise<void>((resolve) => {
		markSynced = resolve;
	});

	async function relist(): Promise<void> {
		const list = await client.list({ ...select, keep });
		const gone = new Set(cache.keys());
		await inTurns(list.items, (object) => {
			gone.delete(keyOf(object));
			remember(object);
		});
		await inTurns(gone, forget);
		resourceVersion = list.metadata.resourceVersion;
		synced = true;
		markSynced();
	}
	function remember(object: T): void {
		const key = keyOf(object);
		const known = cache.get(key);
		cache.set(key, object);
		if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) onChange(key, known);
	}
	function forget(key: string): void {
		const known = cache.get(key);
		cache.delete(key);
		onChange(key, known);
	}
	async function follow(): Promise<void> {
		for await (const { type, object } of client.watch({ ...select, resourceVersion: resourceVersion ?? '' }, signal)) {
			resourceVersion = object.metadata.resourceVersion;
			if (isOlder(object, cache.get(keyOf(object)))) continue;
			if (type === 'DELETED') forget(keyOf(object));
			else remember(keep(object));
		}
	}
	async function watch(): Promise<void> {
		if (resourceVersion === undefined) await relist();
		await follow();
	}
	function onEnded(error: unknown, retryMs: number): void {
		if (error === undefined) return;
		if (hasCode(error, 'API_EXPIRED')) resourceVersion = undefined;
		log.warn({ resource: name, retryMs, ...errorFields(error) }, 'waiting for the API server: the watch ended');
	}
	const again = (key: string): void => onChange(key, cache.get(key));
	const resync =
		resyncMs === undefined ? undefined : setInterval(() => void inTurns([...cache.keys()], again), resyncMs);
	const done = repeatWatch(watch, { signal, onEnded }).then(() => clearInterval(resync));
	return {
		...{ get: (key) => cache.get(key), list: () => [...cache.values()], isSynced: () => synced },
		synced: Promise.race([firstList, done]),
		done,
	};
}
