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

const whole = <T>(object: T): T => object;

const TURN_ITEMS = 500;
/** Runs the work for each item, and yields to other work after some hundred items. */
async function inTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
	let count = 0;
	for (const item of items) {
		work(item);
		if (++count % TURN_ITEMS === 0) await turn();
	}
}

export const startInformer = <T extends KubeObject>(options: InformerOptions<T>): Informer<T> =>
	new ObjectCache(options);

class ObjectCache<T extends KubeObject> implements Informer<T> {
	readonly synced: Promise<void>;
	readonly done: Promise<void>;
	readonly #options: InformerOptions<T>;
	readonly #objects = new Map<string, T>();
	/** The version with which the next watch begins; undefined: the next one needs a list. */
	#resourceVersion: string | undefined;
	#isSynced = false;
	#markSynced: () => void = () => undefined;

	constructor(options: InformerOptions<T>) {
		this.#options = options;
		const firstList = new Promise<void>((resolve) => {
			this.#markSynced = resolve;
		});
		this.done = this.#run();
		this.synced = Promise.race([firstList, this.done]);
	}

	readonly get = (key: string): T | undefined => this.#objects.get(key);
	readonly list = (): readonly T[] => [...this.#objects.values()];
	readonly isSynced = (): boolean => this.#isSynced;

	async #run(): Promise<void> {
		const { resyncMs, signal, log, name } = this.#options;
		const resync = resyncMs === undefined ? undefined : setInterval(this.#resync, resyncMs);
		const onEnded = (error: unknown, retryMs: number): void => {
			if (error === undefined) return;
			if (hasCode(error, 'API_EXPIRED')) this.#resourceVersion = undefined;
			log.warn({ resource: name, retryMs, ...errorFields(error) }, 'waiting for the API server: the watch ended');
		};
		await repeatWatch(() => this.#watch(), { signal, onEnded });
		clearInterval(resync);
	}

	readonly #resync = (): Promise<void> =>
		inTurns([...this.#objects.keys()], (key) => this.#options.onChange(key, this.get(key)));

	async #watch(): Promise<void> {
		if (this.#resourceVersion === undefined) await this.#relist();
		await this.#follow();
	}

	async #relist(): Promise<void> {
		const { client, select, keep = whole } = this.#options;
		const list = await client.list({ ...select, keep });
		const gone = new Set(this.#objects.keys());
		await inTurns(list.items, (object) => {
			gone.delete(keyOf(object));
			this.#remember(object);
		});
		await inTurns(gone, (key) => this.#forget(key));
		this.#resourceVersion = list.metadata.resourceVersion;
		this.#isSynced = true;
		this.#markSynced();
	}

	async #follow(): Promise<void> {
		const { client, select, keep = whole, signal } = this.#options;
		const resourceVersion = this.#resourceVersion ?? '';
		for await (const { type, object } of client.watch({ ...select, resourceVersion }, signal)) {
			this.#resourceVersion = object.metadata.resourceVersion;
			if (isOlder(object, this.get(keyOf(object)))) continue;
			if (type === 'DELETED') this.#forget(keyOf(object));
			else this.#remember(keep(object));
		}
	}

	#remember(object: T): void {
		const key = keyOf(object);
		const known = this.get(key);
		this.#objects.set(key, object);
		if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) this.#options.onChange(key, known);
	}

	#forget(key: string): void {
		const known = this.get(key);
		this.#objects.delete(key);
		this.#options.onChange(key, known);
	}
}
