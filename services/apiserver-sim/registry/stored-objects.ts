/** The stored objects of one resource, as the verbs of the registry share them. */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { unmarshalProblem } from '../../../lib/kube/unmarshal.ts';
import type { Store, StoredItem } from '../../../lib/store/store.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { type Strategy, storeKey } from './strategy.ts';

type Item<T extends KubeObject> = Pick<StoredItem<T>, 'value' | 'revision'>;

/**
 * Called with the key of a stored object that no encoder can write. It is left out of lists and watches, so that the
 * others are answered.
 */
export type OnUnreadable = (key: string, problem: string) => void;

export class StoredObjects<T extends KubeObject> {
	readonly store: Store;
	readonly strategy: Strategy<T>;
	readonly #clock: Clock;
	readonly #onUnreadable: OnUnreadable;

	constructor(store: Store, strategy: Strategy<T>, clock: Clock, onUnreadable: OnUnreadable) {
		this.store = store;
		this.strategy = strategy;
		this.#clock = clock;
		this.#onUnreadable = onUnreadable;
	}

	get resource() {
		return this.strategy.resource;
	}
	/** The current time as `metav1.Time`. */
	now(): string {
		return rfc3339(this.#clock());
	}
	/** The facts of an error about the object. */
	facts(name: string): { resource: string; group: string; name: string } {
		return { resource: this.resource.resource, group: this.resource.group, name };
	}
	keyFor({ namespace, name }: Pick<ApiRequest, 'namespace' | 'name'>): string {
		return storeKey(this.resource, namespace, name);
	}
	/** @throws API_NOT_FOUND */
	async find(request: Pick<ApiRequest, 'namespace' | 'name'>): Promise<T> {
		const item = await this.store.get<T>(this.keyFor(request));
		if (item === undefined) throw new KubejoinError('API_NOT_FOUND', this.facts(request.name));
		return readStored(item);
	}
	/** @throws API_FORBIDDEN */
	async admit(request: ApiRequest, object: T | undefined, previous: T | undefined): Promise<void> {
		const refusal = await this.strategy.admit?.(request, object, previous);
		if (refusal === undefined) return;
		const { name, generateName: base } = (object ?? previous)?.metadata ?? {};
		const [because = '', ...lines] = refusal.split('\n');
		throw new KubejoinError('API_FORBIDDEN', { ...this.facts(name || base || 'Unknown'), because, lines });
	}
	isReadable(key: string, object: T): boolean {
		const problem = unmarshalProblem(this.resource, object);
		if (problem !== undefined) this.#onUnreadable(key, problem);
		return problem === undefined;
	}
}

/** The version of a stored object is the revision of the store. */
export const readStored = <T extends KubeObject>({ value, revision }: Item<T>): T => ({
	...value,
	metadata: { ...value.metadata, resourceVersion: String(revision) },
});

export const forStore = <T extends KubeObject>(object: T): T => {
	const { resourceVersion: _version, ...metadata } = object.metadata;
	return { ...object, metadata };
};

/** The result of a write. @throws API_OBJECT_TOO_LARGE  the store limits the size of an object */
export async function written<T extends KubeObject>(write: Promise<StoredItem<T>>): Promise<T> {
	try {
		return readStored(await write);
	} catch (error) {
		if (!hasCode(error, 'STORE_VALUE_TOO_LARGE')) throw error;
		const { bytes, limit } = error.facts;
		throw new KubejoinError('API_OBJECT_TOO_LARGE', { bytes: Number(bytes), limit: Number(limit) }, { cause: error });
	}
}

/** The object of a create or update, which the pipeline has put in the namespace of the request. @throws API_BAD_REQUEST */
export function sentObject<T extends KubeObject>({ object, resource, verb, name }: ApiRequest): T {
	if (object?.metadata === undefined)
		throw new KubejoinError('API_BAD_REQUEST', { problem: `the ${resource.kind} has no metadata` });
	const sent = object.metadata;
	if (verb === 'create' && (sent.resourceVersion ?? '') !== '') {
		throw new KubejoinError('API_BAD_REQUEST', {
			problem: 'resourceVersion should not be set on objects to be created',
		});
	}
	if (verb === 'update' && sent.name !== name) {
		throw new KubejoinError('API_BAD_REQUEST', {
			problem: `the name of the object (${sent.name ?? ''}) does not match the name on the URL (${name})`,
		});
	}
	return object as T;
}
