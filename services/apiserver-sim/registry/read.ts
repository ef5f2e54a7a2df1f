/** Reads objects: get, list and watch. @source apiserver/pkg/registry/generic/registry/store.go Get, List, Watch */
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { unmarshalProblem } from '../../../lib/kube/unmarshal.ts';
import type { StoredItem } from '../../../lib/store/store.ts';
import { type ListedPlace, readList } from '../listing.ts';
import type { ApiRequest, ObjectList } from '../request/api-request.ts';
import { requireVersion } from '../request/list-options.ts';
import { matchesFields, requireSelectable, type SelectableFields, selectedName } from '../selectors.ts';
import { readStored, type StoredObjects } from './stored-objects.ts';
import { storePrefix } from './strategy.ts';

export async function getObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { resourceVersion } = request;
	if (resourceVersion) {
		// No key is stored below an object, so this reads only the revision.
		const { revision } = await objects.store.list(`${objects.keyFor(request)}/`);
		requireVersion({ resourceVersion, isExact: false }, String(revision));
	}
	const object = await objects.find(request);
	const problem = unmarshalProblem(objects.resource, object);
	if (problem === undefined) return object;
	throw new KubejoinError('API_OBJECT_UNREADABLE', { ...objects.facts(request.name), problem });
}

export async function listObjects<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
): Promise<ObjectList> {
	requireSelector(objects, request);
	return readList(objects.store, placeOf(objects, request), request);
}

const eventTypes = { created: 'ADDED', updated: 'MODIFIED', deleted: 'DELETED' } as const;

export function watchObjects<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest) {
	requireSelector(objects, request);
	return events(objects, request);
}

async function* events<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest) {
	/** Revisions of objects that were read later than the watch begins; the caller already has their earlier changes. */
	const newer = new Map<string, number>();
	let after = watchStart(request.resourceVersion);
	try {
		if (after === 0) {
			const { prefix, isOneKey, read } = placeOf(objects, request);
			for await (const page of objects.store.pages<T>(prefix, isOneKey ? 1 : undefined)) {
				after = page.revision;
				for (const item of page.items) {
					if (item.revision > after) newer.set(item.key, item.revision);
					const object = read(item);
					if (object !== undefined) yield { type: 'ADDED' as const, object };
				}
				if (isOneKey) break;
			}
		}
		const prefix = storePrefix(objects.resource, request.namespace);
		for await (const event of objects.store.watch<T>(prefix, after, request.signal)) {
			if (event.revision <= (newer.get(event.key) ?? 0)) continue;
			const object = selected(objects, event, request);
			if (object !== undefined) yield { type: eventTypes[event.type], object };
		}
	} catch (error) {
		if (!hasCode(error, 'STORE_COMPACTED')) throw error;
		const { oldest } = error.facts;
		const facts = { requested: request.resourceVersion, oldest: String(oldest) };
		throw new KubejoinError('API_EXPIRED', facts, { cause: error });
	}
}

const fieldsOf =
	<T extends KubeObject>({ strategy }: StoredObjects<T>): SelectableFields =>
	(object) => ({
		'metadata.name': object.metadata.name ?? '',
		'metadata.namespace': object.metadata.namespace ?? '',
		...strategy.fields?.(object as T),
	});

const noObject = { apiVersion: '', kind: '', metadata: {} };

function requireSelector<T extends KubeObject>(objects: StoredObjects<T>, { fieldSelector }: ApiRequest): void {
	requireSelectable(fieldsOf(objects)(noObject), fieldSelector);
}

/** One key if the selector and the namespace name it, otherwise every key under the prefix. */
function placeOf<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): ListedPlace<T> {
	const { namespace, fieldSelector } = request;
	const { resource } = objects;
	const name = selectedName(fieldSelector);
	const isOneKey = name !== undefined && (!resource.namespaced || namespace !== '');
	const prefix = isOneKey ? objects.keyFor({ namespace, name }) : storePrefix(resource, namespace);
	return { prefix, isOneKey, read: (item) => selected(objects, item, request) };
}

function selected<T extends KubeObject>(
	objects: StoredObjects<T>,
	item: Pick<StoredItem<T>, 'key' | 'value' | 'revision'>,
	{ fieldSelector }: ApiRequest,
): T | undefined {
	const object = readStored(item);
	return objects.isReadable(item.key, object) && matchesFields(fieldsOf(objects)(object), fieldSelector)
		? object
		: undefined;
}

/** 0 begins with the existing objects. @throws API_BAD_REQUEST */
function watchStart(resourceVersion: string): number {
	if (resourceVersion === '') return 0;
	if (!/^\d{1,15}$/.test(resourceVersion))
		throw new KubejoinError('API_BAD_REQUEST', {
			problem: `resourceVersion: Invalid value: "${resourceVersion}": not a number`,
		});
	return Number(resourceVersion);
}
