/** `ObjectReader` over the store. */
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { readStored } from './stored-objects.ts';
import { storeKey, storePrefix } from './strategy.ts';

export const createObjectReader = (store: Store): ObjectReader => ({
	async get<T extends KubeObject>(resource: ApiResource, namespace: string, name: string) {
		const item = await store.get<T>(storeKey(resource, namespace, name));
		return item === undefined ? undefined : readStored(item);
	},
	async list<T extends KubeObject>(resource: ApiResource, namespace: string) {
		const objects: T[] = [];
		for await (const { items } of store.pages<T>(storePrefix(resource, namespace)))
			objects.push(...items.map(readStored));
		return objects;
	},
});
