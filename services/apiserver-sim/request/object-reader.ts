/** Reads stored objects of any kind, for decisions about other objects. Implemented in registry/object-reader.ts. */
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';

export interface ObjectReader {
	readonly get: <T extends KubeObject>(
		resource: ApiResource,
		namespace: string,
		name: string,
	) => Promise<T | undefined>;
	/** All objects of a namespace, or all if it is empty. */
	readonly list: <T extends KubeObject>(resource: ApiResource, namespace: string) => Promise<T[]>;
}
