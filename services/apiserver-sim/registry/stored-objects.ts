/** The stored objects of one resource, as the verbs of the registry share them. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { approximateMemory } from '../../../lib/kube/json-depth.ts';
import { type ManagedWrite, withUpdatedFields } from '../../../lib/kube/managed-fields/field-manager.ts';
import { managerName } from '../../../lib/kube/managed-fields/manager-name.ts';
import { isSameApartFromTimes } from '../../../lib/kube/managed-fields/times.ts';
import { withoutManagedFields } from '../../../lib/kube/managed-fields/without.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../../lib/kube/types.ts';
import type { Store, StoredItem } from '../../../lib/store/store.ts';
import { type Admission, attributesOf, notAdmitted, type Operation } from '../admit/admission.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { CachedObject } from './cached-objects.ts';
import { isLarge } from './large-object.ts';
import { type Begun, type Strategy, storeKey } from './strategy.ts';
import type { WatchCache } from './watch-cache.ts';

type Item<T extends KubeObject> = Pick<StoredItem<T>, 'value' | 'revision'>;

/** The parts that the storages of all kinds share. */
export interface RegistryContext {
	readonly store: Store;
	readonly admission: Admission;
	/** Decides about the creation in an update. */
	readonly authorizer: Authorizer;
	readonly clock: Clock;
	readonly cache: WatchCache;
}

export class StoredObjects<T extends KubeObject> {
	readonly strategy: Strategy<T>;
	readonly store: Store;
	readonly admission: Admission;
	readonly authorizer: Authorizer;
	readonly cache: WatchCache;
	readonly #clock: Clock;

	constructor(strategy: Strategy<T>, context: RegistryContext) {
		const { store, admission, authorizer, clock, cache } = context;
		this.strategy = strategy;
		this.store = store;
		this.admission = admission;
		this.authorizer = authorizer;
		this.#clock = clock;
		this.cache = cache;
	}

	get resource() {
		return this.strategy.resource;
	}
	nowMs(): number {
		return this.#clock();
	}
	/** The current time as `metav1.Time`. */
	now(): string {
		return rfc3339(this.#clock());
	}
	/** The details of an error about the object. */
	details(name: string): { resource: string; group: string; name: string } {
		const { resource, group } = this.clientResource;
		return { resource, group, name };
	}
	get clientResource() {
		return this.strategy.form?.resource ?? this.resource;
	}
	/** As clients write the object. */
	toClient(object: T): KubeObject {
		return this.strategy.form?.to(object) ?? object;
	}
	fromClient(object: KubeObject): T {
		return this.strategy.form?.from(object) ?? (object as T);
	}
	keyFor({ namespace, name }: Pick<ApiRequest, 'namespace' | 'name'>): string {
		return storeKey(this.resource, namespace, name);
	}
	/** @param cached  its object is returned if it is the current one; the object must not be changed */
	async findOptional(request: Pick<ApiRequest, 'namespace' | 'name'>, cached?: CachedObject): Promise<T | undefined> {
		const { key = this.keyFor(request), object, revision = 0 } = cached ?? {};
		const known = object === undefined ? undefined : { key, value: object as T, revision };
		const item = await this.store.get<T>(key, known);
		if (item === undefined) return undefined;
		return item === known ? item.value : readStored(item);
	}
	/** @throws API_NOT_FOUND */
	async find(request: Pick<ApiRequest, 'namespace' | 'name'>, cached?: CachedObject): Promise<T> {
		const found = await this.findOptional(request, cached);
		if (found !== undefined) return found;
		throw new KubejoinError('API_NOT_FOUND', this.details(request.name));
	}
	/** @throws STORE_KEY_EXISTS, API_OBJECT_TOO_LARGE, API_SPACE_EXCEEDED */
	async create(request: ApiRequest, object: T): Promise<T> {
		const { dryRun, namespace } = request;
		const key = this.keyFor({ namespace, name: object.metadata.name ?? '' });
		if (!dryRun) {
			this.#requireSpace(request, object);
			return written(request, object, (one) => this.store.create(key, forStore(one)));
		}
		if ((await this.store.get(key)) !== undefined) throw new KubejoinError('STORE_KEY_EXISTS', { key });
		return object;
	}
	/**
	 * Replaces `previous`, unless there is no difference.
	 *
	 * @throws STORE_KEY_MISSING, STORE_CONFLICT, API_OBJECT_TOO_LARGE, API_SPACE_EXCEEDED
	 */
	async replace(request: ApiRequest, object: T, previous: T): Promise<T> {
		if (isSameApartFromTimes(previous, object)) return previous;
		const next = forStore(object);
		const { resourceVersion = '' } = previous.metadata;
		if (request.dryRun) return { ...next, metadata: { ...next.metadata, resourceVersion } };
		this.#requireSpace(request, next, forStore(previous));
		const key = this.keyFor(request);
		return await written(request, next, (one) => this.store.update(key, one, Number(resourceVersion)));
	}
	/**
	 * A deletion that waits adds a time.
	 *
	 * @throws API_SPACE_EXCEEDED  all objects together have reached the limit, and this one would grow
	 * @source etcd server/etcdserver/apply quotaApplierV3; its alarm refuses every write but deletions
	 */
	#requireSpace({ verb }: ApiRequest, object: T, previous?: T): void {
		if (!this.cache.isFull || verb === 'delete' || verb === 'deletecollection') return;
		if (previous !== undefined && approximateMemory(object) <= approximateMemory(previous)) return;
		throw new KubejoinError('API_SPACE_EXCEEDED', { limit: this.cache.maxMemory });
	}
	/** Removes `previous`; returns it with the version of its deletion. @throws STORE_KEY_MISSING, STORE_CONFLICT */
	async remove(request: ApiRequest, previous: T): Promise<T> {
		if (request.dryRun) return previous;
		const { resourceVersion } = previous.metadata;
		const removed = readStored(await this.store.delete<T>(this.keyFor(request), Number(resourceVersion)));
		await this.strategy.afterDelete?.(removed);
		return removed;
	}
	/** Stores an object with the values that the strategy reserves for it. They are released if the work fails. */
	reserved<R>({ dryRun }: ApiRequest, object: T, previous: T | undefined, work: (object: T) => Promise<R>): Promise<R> {
		const begun = this.strategy.begin?.(object, previous, dryRun);
		return begun === undefined ? work(object) : this.#finished(begun, work);
	}
	async #finished<R>(beginning: Promise<Begun<T>>, work: (object: T) => Promise<R>): Promise<R> {
		const begun = await beginning;
		let result: R;
		try {
			result = await work(begun.object);
		} catch (error) {
			await begun.finish(false);
			throw error;
		}
		await begun.finish(true);
		return result;
	}
	/** Mutating admission and the check of the content: the object to prepare. @throws their refusals */
	async admitted(request: ApiRequest, operation: Operation, object: T, previous: T | undefined): Promise<T> {
		const complete = this.#managed(request, this.strategy.setDefaults?.(object) ?? object, previous);
		const hasManyValues = isLarge(complete);
		if (hasManyValues) await turn();
		const admitted = await this.admission.mutate({ request, operation, object: complete, previous });
		if (hasManyValues) await turn();
		const refusal = this.strategy.authorizeContent?.(request, admitted, previous);
		if (refusal === undefined) return admitted;
		throw notAdmitted(attributesOf({ request, operation, object: admitted, previous }), refusal);
	}
	/** The object with its managedFields; an apply has already computed them. */
	#managed(request: ApiRequest, object: T, previous: T | undefined): T {
		if (isApply(request) || this.strategy.changedByServerIn?.includes(request.subresource)) return object;
		const before = previous && this.toClient(previous);
		return this.fromClient(withUpdatedFields(before, this.toClient(object), this.managedWrite(request)));
	}
	/** The answer has room for few of them. */
	warn({ subresource, warn }: ApiRequest, object: T, previous: T | undefined): void {
		if (subresource !== '') return;
		let count = 0;
		for (const warning of this.strategy.warningsOf?.(object, previous) ?? []) {
			warn(warning);
			if (++count === MAX_WARNINGS) return;
		}
	}
	managedWrite({ subresource, fieldManager, userAgent }: ApiRequest): ManagedWrite {
		const { clientResource } = this;
		return {
			kind: { apiVersion: apiVersionOf(clientResource), kind: clientResource.kind },
			subresource,
			manager: managerName(fieldManager, userAgent),
			now: this.now(),
		};
	}
}

const MAX_WARNINGS = 100;

/** The version of a stored object is the revision of the store. */
export const readStored = <T extends KubeObject>({ value, revision }: Item<T>): T => ({
	...value,
	metadata: { ...value.metadata, resourceVersion: String(revision) },
});

export const forStore = <T extends KubeObject>(object: T): T => {
	const { resourceVersion: _version, ...metadata } = object.metadata;
	return { ...object, metadata };
};

const isApply = ({ patch }: ApiRequest): boolean => patch?.type === 'apply';

/**
 * The result of a write. An object that its managedFields make too large is stored without them.
 *
 * @throws API_OBJECT_TOO_LARGE  the store limits the size of an object
 * @source apiserver/pkg/endpoints/handlers/{create,update,patch}.go isTooLargeError
 */
async function written<T extends KubeObject>(
	request: ApiRequest,
	object: T,
	write: (object: T) => Promise<StoredItem<T>>,
): Promise<T> {
	try {
		return readStored(await write(object));
	} catch (error) {
		if (!hasCode(error, 'STORE_VALUE_TOO_LARGE')) throw error;
		if (!isApply(request) && 'managedFields' in object.metadata)
			return written(request, withoutManagedFields(object), write);
		const { bytes, limit } = error.details;
		throw new KubejoinError('API_OBJECT_TOO_LARGE', { bytes: Number(bytes), limit: Number(limit) }, { cause: error });
	}
}

/**
 * The object of a create or update, which the pipeline has put in the namespace of the request.
 *
 * @throws API_BAD_REQUEST
 */
export function sentObject<T extends KubeObject>({ object, resource, verb, name, warn }: ApiRequest): T {
	if (object?.metadata === undefined)
		throw new KubejoinError('API_BAD_REQUEST', { problem: `the ${resource.kind} has no metadata` });
	const sent = object.metadata;
	if (verb === 'create' && (sent.resourceVersion ?? '') !== '') {
		throw new KubejoinError('API_BAD_REQUEST', {
			problem: 'resourceVersion should not be set on objects to be created',
		});
	}
	if (verb === 'update') requireName(sent, name);
	const metadata = withoutRepeatedOwners(verb === 'create' ? withoutSystemFields(sent) : sent, warn);
	return { ...object, metadata } as T;
}

/** A client cannot create an object that is being deleted. @source WipeObjectMetaSystemFields */
function withoutSystemFields({ deletionTimestamp: _time, deletionGracePeriodSeconds: _grace, ...sent }: ObjectMeta) {
	return sent;
}

/** @param after  for the warning about a patch @source handlers/create.go dedupOwnerReferencesAndAddWarning */
export function withoutRepeatedOwners(metadata: ObjectMeta, warn: (text: string) => void, after = ''): ObjectMeta {
	const { ownerReferences: sent = [] } = metadata;
	if (sent.length < 2) return metadata;
	const unique = new Map<string, OwnerReference>();
	const repeated: string[] = [];
	for (const owner of sent) {
		const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
		const text = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]);
		if (unique.has(text)) repeated.push(uid);
		else unique.set(text, owner);
	}
	if (repeated.length === 0) return metadata;
	warn(
		`.metadata.ownerReferences contains duplicate entries${after}; API server dedups owner references in 1.20+, and may ` +
			'reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ' +
			repeated.join(', '),
	);
	return { ...metadata, ownerReferences: [...unique.values()] };
}

/** @throws API_BAD_REQUEST */
export function requireName(sent: ObjectMeta, name: string): void {
	if (sent.name === name) return;
	if (!sent.name) {
		const undetermined = `the name of the object (${name} based on URL) was undeterminable: name must be provided`;
		throw new KubejoinError('API_BAD_REQUEST', { problem: undetermined });
	}
	const problem = `the name of the object (${sent.name ?? ''}) does not match the name on the URL (${name})`;
	throw new KubejoinError('API_BAD_REQUEST', { problem });
}
