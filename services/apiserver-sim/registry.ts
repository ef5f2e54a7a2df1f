/**
 * Objects of one resource in the store: names, versions, optimistic concurrency, watches that resume. The strategy
 * holds the rules of the resource; authorization comes before, and admission is a function of the strategy.
 * @source apiserver/pkg/registry/generic/registry/store.go
 */
import type { Clock } from '../../lib/clock.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import type { Store } from '../../lib/store/store.ts';
import { createObject } from './registry/create.ts';
import { getObject, listObjects, watchObjects } from './registry/read.ts';
import { type OnUnreadable, StoredObjects } from './registry/stored-objects.ts';
import type { Strategy } from './registry/strategy.ts';
import { deleteObject, updateObject } from './registry/update.ts';
import type { ResourceStorage } from './request/api-request.ts';

export type { OnUnreadable } from './registry/stored-objects.ts';
export { type Strategy, storeKey } from './registry/strategy.ts';

export function createStorage<T extends KubeObject>(
	store: Store,
	strategy: Strategy<T>,
	clock: Clock,
	onUnreadable: OnUnreadable = () => undefined,
): Required<Omit<ResourceStorage, 'patch' | 'deletecollection'>> {
	const objects = new StoredObjects(store, strategy, clock, onUnreadable);
	return {
		create: (request) => createObject(objects, request),
		get: (request) => getObject(objects, request),
		list: (request) => listObjects(objects, request),
		watch: (request) => watchObjects(objects, request),
		update: (request) => updateObject(objects, request),
		delete: (request) => deleteObject(objects, request),
		subresources: strategy.subresources,
	};
}
