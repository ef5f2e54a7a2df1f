/**
 * Objects of one resource in the store: names, versions, optimistic concurrency, watches that resume. The strategy
 * holds the rules of the resource. Authorization comes before; every write passes the admission chain here.
 * @source apiserver/pkg/registry/generic/registry/store.go
 */
import type { KubeObject } from '../../lib/kube/types.ts';
import { createObject } from './registry/create.ts';
import { deleteCollection, deleteObject } from './registry/delete.ts';
import { getObject } from './registry/get.ts';
import { listObjects } from './registry/list.ts';
import { patchObject } from './registry/patch.ts';
import { type RegistryContext, StoredObjects } from './registry/stored-objects.ts';
import type { Strategy } from './registry/strategy.ts';
import { updateObject } from './registry/update.ts';
import { watchObjects } from './registry/watch.ts';
import type { ResourceStorage } from './request/api-request.ts';

export type { RegistryContext } from './registry/stored-objects.ts';
export { type Strategy, storeKey, storePrefix } from './registry/strategy.ts';
export { WatchCache } from './registry/watch-cache.ts';

export function createStorage<T extends KubeObject>(
	strategy: Strategy<T>,
	context: RegistryContext,
): Required<Omit<ResourceStorage, 'connect'>> {
	const objects = new StoredObjects(strategy, context);
	return {
		create: (request) => createObject(objects, request),
		get: (request) => getObject(objects, request),
		list: (request) => listObjects(objects, request),
		watch: (request) => watchObjects(objects, request),
		update: (request) => updateObject(objects, request),
		patch: (request) => patchObject(objects, request),
		delete: (request) => deleteObject(objects, request),
		deletecollection: (request) => deleteCollection(objects, request),
		subresources: strategy.subresources,
	};
}
