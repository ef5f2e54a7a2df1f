/**
 * Objects of one resource in the store: names, versions, optimistic concurrency, watches that resume. What is special about a resource stands in
 * its strategy; who may write what was decided before (authorize) or is asked of the strategy (admit).
 * @source apiserver/pkg/registry/generic/registry/store.go
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { type FieldProblem, hasCode, KubejoinError } from '../../lib/errors.ts';
import { subdomainProblems } from '../../lib/kube/names.ts';
import {
	generateName,
	metadataProblems,
	type NameRule,
	nameProblems,
	requireValid,
} from '../../lib/kube/object-meta.ts';
import { requirePreconditions } from '../../lib/kube/preconditions.ts';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta, UserInfo } from '../../lib/kube/types.ts';
import { unmarshalProblem } from '../../lib/kube/unmarshal.ts';
import type { Store, StoredItem } from '../../lib/store/store.ts';
import { type ListedPlace, readList } from './listing.ts';
import { requireVersion } from './request/list-options.ts';
import type { ApiRequest, ObjectList, ResourceStorage, Subresource } from './request.ts';
import { matchesFields, requireSelectable, type SelectableFields, selectedName } from './selectors.ts';

export interface Strategy<T extends KubeObject> {
	readonly resource: ApiResource;
	readonly subresources: readonly Subresource[];
	/** Default: a DNS subdomain. */
	readonly nameRule?: NameRule;
	/** Besides metadata.name and metadata.namespace. */
	readonly fields?: (object: T) => Readonly<Record<string, string>>;
	/** What the server writes itself and what it clears. */
	readonly prepareForCreate?: (created: T, user: UserInfo) => T;
	/** What an update of this subresource may change: the result takes the rest from `previous`. */
	readonly prepareForUpdate?: (next: T, previous: T, subresource: Subresource, now: string) => T;
	readonly validate?: (object: T) => FieldProblem[];
	readonly validateUpdate?: (next: T, previous: T, subresource: Subresource) => FieldProblem[];
	/** Admission: why not, or undefined. Asked with the object as it would be stored. */
	readonly admit?: (
		request: ApiRequest,
		object: T | undefined,
		previous: T | undefined,
	) => Promise<string | undefined> | string | undefined;
}

const storeGroup = (group: string) => (group === '' ? '' : `.${group}`);
/** `configmaps/kube-public/cluster-info`, `nodes/node-1`, `leases.coordination.k8s.io/…` */
export const storeKey = ({ resource, group, namespaced }: ApiResource, namespace: string, name: string): string =>
	`${resource}${storeGroup(group)}/${namespaced ? `${namespace}/` : ''}${name}`;
const storePrefix = ({ resource, group, namespaced }: ApiResource, namespace: string): string =>
	`${resource}${storeGroup(group)}/${namespaced && namespace !== '' ? `${namespace}/` : ''}`;

/** An object as it is stored: its version is the revision of the store. */
const readStored = <T extends KubeObject>({ value, revision }: Pick<StoredItem<T>, 'value' | 'revision'>): T => ({
	...value,
	metadata: { ...value.metadata, resourceVersion: String(revision) },
});
const forStore = <T extends KubeObject>(object: T): T => {
	const { resourceVersion: _version, ...metadata } = object.metadata;
	return { ...object, metadata };
};

/** Called with the key of a stored object that no encoder can write. It is left out of lists and watches, so that the others are answered. */
export type OnUnreadable = (key: string, problem: string) => void;

export function createStorage<T extends KubeObject>(
	store: Store,
	strategy: Strategy<T>,
	clock: Clock,
	onUnreadable: OnUnreadable = () => undefined,
): Required<ResourceStorage> {
	const { resource } = strategy;
	const facts = (name: string) => ({ resource: resource.resource, group: resource.group, name });
	const keyFor = ({ namespace, name }: Pick<ApiRequest, 'namespace' | 'name'>) => storeKey(resource, namespace, name);
	const fieldsOf: SelectableFields = (object) => ({
		'metadata.name': object.metadata.name ?? '',
		'metadata.namespace': object.metadata.namespace ?? '',
		...strategy.fields?.(object as T),
	});

	async function find(request: Pick<ApiRequest, 'namespace' | 'name'>): Promise<T> {
		const item = await store.get<T>(keyFor(request));
		if (item === undefined) throw new KubejoinError('API_NOT_FOUND', facts(request.name));
		return readStored(item);
	}
	async function get(request: ApiRequest): Promise<T> {
		const { resourceVersion } = request;
		if (resourceVersion) {
			// Nothing is stored below an object: this reads the revision alone.
			const { revision } = await store.list(`${keyFor(request)}/`);
			requireVersion({ resourceVersion, isExact: false }, String(revision));
		}
		const object = await find(request);
		const problem = unmarshalProblem(resource, object);
		if (problem === undefined) return object;
		throw new KubejoinError('API_OBJECT_UNREADABLE', { ...facts(request.name), problem });
	}
	async function admit(request: ApiRequest, object: T | undefined, previous: T | undefined): Promise<void> {
		const refusal = await strategy.admit?.(request, object, previous);
		if (refusal === undefined) return;
		const { name, generateName: base } = (object ?? previous)?.metadata ?? {};
		const [because = '', ...lines] = refusal.split('\n');
		throw new KubejoinError('API_FORBIDDEN', { ...facts(name || base || 'Unknown'), because, lines });
	}
	/** The store bounds the size of an object. @throws API_OBJECT_TOO_LARGE */
	async function stored(write: Promise<StoredItem<T>>): Promise<T> {
		try {
			return readStored(await write);
		} catch (error) {
			if (!hasCode(error, 'STORE_VALUE_TOO_LARGE')) throw error;
			const { bytes, limit } = error.facts;
			throw new KubejoinError('API_OBJECT_TOO_LARGE', { bytes: Number(bytes), limit: Number(limit) }, { cause: error });
		}
	}

	async function create(request: ApiRequest): Promise<KubeObject> {
		const sent = sentObject<T>(request);
		await requireNamespace(store, request);
		const base = strategy.prepareForCreate?.(sent, request.user) ?? sent;
		const created: T = {
			...base,
			apiVersion: apiVersionOf(resource),
			kind: resource.kind,
			metadata: newMetadata(base.metadata, resource.namespaced ? request.namespace : undefined, rfc3339(clock())),
		};
		const { name = '' } = created.metadata;
		requireValid(resource, name, nameProblems(created.metadata, strategy.nameRule ?? subdomainProblems));
		await admit(request, created, undefined);
		requireValid(resource, name, [...metadataProblems(created.metadata), ...(strategy.validate?.(created) ?? [])]);
		try {
			return await stored(store.create(keyFor({ namespace: request.namespace, name }), forStore(created)));
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_EXISTS'))
				throw new KubejoinError('API_ALREADY_EXISTS', facts(name), { cause: error });
			throw error;
		}
	}

	/** Without a version in the object it is the latest that is replaced, again and again until nobody was quicker. */
	async function update(request: ApiRequest): Promise<KubeObject> {
		const sent = sentObject<T>(request);
		const wantedVersion = sent.metadata.resourceVersion ?? '';
		for (;;) {
			const previous = await find(request);
			const foundVersion = previous.metadata.resourceVersion ?? '';
			if (wantedVersion !== '' && wantedVersion !== foundVersion)
				throw new KubejoinError('API_CONFLICT', facts(request.name));
			requireSameObject(sent.metadata, previous.metadata, facts(request.name));
			const next = nextVersion(sent, previous, request.subresource);
			await admit(request, next, previous);
			requireValid(resource, request.name, [
				...metadataProblems(next.metadata),
				...(strategy.validate?.(next) ?? []),
				...(strategy.validateUpdate?.(next, previous, request.subresource) ?? []),
			]);
			if (isDeepStrictEqual(forStore(next), forStore(previous))) return previous;
			try {
				return await stored(store.update(keyFor(request), forStore(next), Number(foundVersion)));
			} catch (error) {
				if (hasCode(error, 'STORE_KEY_MISSING'))
					throw new KubejoinError('API_NOT_FOUND', facts(request.name), { cause: error });
				if (!hasCode(error, 'STORE_CONFLICT')) throw error;
				if (wantedVersion !== '') throw new KubejoinError('API_CONFLICT', facts(request.name), { cause: error });
			}
		}
	}
	function nextVersion(sent: T, previous: T, subresource: Subresource): T {
		const { uid, creationTimestamp, name, namespace, generateName: base } = previous.metadata;
		const kept = Object.fromEntries(
			Object.entries({ uid, creationTimestamp, name, namespace, generateName: base }).filter(
				([, value]) => value !== undefined,
			),
		);
		const next = {
			...sent,
			apiVersion: previous.apiVersion,
			kind: previous.kind,
			metadata: { ...sent.metadata, ...kept },
		};
		return strategy.prepareForUpdate?.(next, previous, subresource, rfc3339(clock())) ?? next;
	}

	async function remove(request: ApiRequest): Promise<KubeObject> {
		const previous = await find(request);
		requirePreconditions(request.preconditions, previous.metadata, facts(request.name));
		await admit(request, undefined, previous);
		try {
			const isConditional = Object.keys(request.preconditions).length > 0;
			return readStored(
				await store.delete<T>(keyFor(request), ...(isConditional ? [Number(previous.metadata.resourceVersion)] : [])),
			);
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_MISSING'))
				throw new KubejoinError('API_NOT_FOUND', facts(request.name), { cause: error });
			if (hasCode(error, 'STORE_CONFLICT'))
				throw new KubejoinError('API_CONFLICT', facts(request.name), { cause: error });
			throw error;
		}
	}

	const noObject = { apiVersion: '', kind: '', metadata: {} };
	/** One key when the selector names it and the namespace, every key under the prefix otherwise. */
	function placeOf({ namespace, fieldSelector }: ApiRequest): ListedPlace<T> {
		const name = selectedName(fieldSelector);
		const isOneKey = name !== undefined && (!resource.namespaced || namespace !== '');
		const prefix = isOneKey ? keyFor({ namespace, name }) : storePrefix(resource, namespace);
		return { prefix, isOneKey, read: (item) => selected(item, fieldSelector) };
	}
	function selected(item: Pick<StoredItem<T>, 'key' | 'value' | 'revision'>, selector: ApiRequest['fieldSelector']) {
		const object = readStored(item);
		return isReadable(item.key, object) && matchesFields(fieldsOf(object), selector) ? object : undefined;
	}
	function isReadable(key: string, object: T): boolean {
		const problem = unmarshalProblem(resource, object);
		if (problem !== undefined) onUnreadable(key, problem);
		return problem === undefined;
	}
	async function list(request: ApiRequest): Promise<ObjectList> {
		requireSelectable(fieldsOf(noObject), request.fieldSelector);
		return readList(store, placeOf(request), request);
	}

	async function* watch(request: ApiRequest) {
		requireSelectable(fieldsOf(noObject), request.fieldSelector);
		/** What was read at a later revision than the watch begins; its changes up to then are known. */
		const newer = new Map<string, number>();
		let after = watchStart(request.resourceVersion);
		try {
			if (after === 0) {
				const { prefix, isOneKey, read } = placeOf(request);
				for await (const page of store.pages<T>(prefix, isOneKey ? 1 : undefined)) {
					after = page.revision;
					for (const item of page.items) {
						if (item.revision > after) newer.set(item.key, item.revision);
						const object = read(item);
						if (object !== undefined) yield { type: 'ADDED' as const, object };
					}
					if (isOneKey) break;
				}
			}
			for await (const event of store.watch<T>(storePrefix(resource, request.namespace), after, request.signal)) {
				if (event.revision <= (newer.get(event.key) ?? 0)) continue;
				const object = selected(event, request.fieldSelector);
				if (object !== undefined) yield { type: eventTypes[event.type], object };
			}
		} catch (error) {
			if (!hasCode(error, 'STORE_COMPACTED')) throw error;
			throw new KubejoinError(
				'API_EXPIRED',
				{ requested: request.resourceVersion, oldest: String(error.facts.oldest) },
				{ cause: error },
			);
		}
	}
	return { create, get, list, watch, update, delete: remove, subresources: strategy.subresources };
}

const eventTypes = { created: 'ADDED', updated: 'MODIFIED', deleted: 'DELETED' } as const;

/** The object of a create or update. The pipeline has put it in the namespace of the request. @throws API_BAD_REQUEST */
function sentObject<T extends KubeObject>({ object, resource, verb, name }: ApiRequest): T {
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

async function requireNamespace(store: Store, { resource, namespace }: ApiRequest): Promise<void> {
	if (!resource.namespaced) return;
	if (namespace === '')
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'an empty namespace may not be set during creation' });
	if ((await store.get(storeKey(resources.namespaces, '', namespace))) === undefined) {
		throw new KubejoinError('API_NOT_FOUND', { resource: 'namespaces', group: '', name: namespace });
	}
}

function newMetadata(sent: ObjectMeta, namespace: string | undefined, now: string): ObjectMeta {
	const { deletionTimestamp: _never, ...kept } = sent;
	const name = sent.name || (sent.generateName ? generateName(sent.generateName) : '');
	return {
		...kept,
		name,
		...(namespace === undefined ? {} : { namespace }),
		uid: randomUUID(),
		creationTimestamp: now,
	};
}

type Named = { resource: string; group: string; name: string };

function requireSameObject(sent: ObjectMeta, found: ObjectMeta, facts: Named): void {
	if (sent.uid !== undefined && sent.uid !== '' && sent.uid !== found.uid) {
		throw new KubejoinError('API_CONFLICT', {
			...facts,
			because: `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${found.uid}`,
		});
	}
}

/** 0 for "begin with what exists". @throws API_BAD_REQUEST */
function watchStart(resourceVersion: string): number {
	if (resourceVersion === '') return 0;
	if (!/^\d{1,15}$/.test(resourceVersion))
		throw new KubejoinError('API_BAD_REQUEST', {
			problem: `resourceVersion: Invalid value: "${resourceVersion}": not a number`,
		});
	return Number(resourceVersion);
}
