/**
 * Reads one object: that of the cache if the store still has its revision, otherwise the store's.
 *
 * @source apiserver/pkg/registry/generic/registry/store.go Get
 */
import { KubejoinError } from '../../../lib/errors.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { unmarshalProblem } from '../../../lib/kube/unmarshal.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { versionNumber } from '../request/list-options.ts';
import type { StoredObjects } from './stored-objects.ts';

export async function getObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { resourceVersion } = request;
	if (resourceVersion) await objects.cache.requireReached(versionNumber(resourceVersion));
	const cached = objects.cache.get({ prefix: objects.keyFor(request) });
	const object = await objects.find(request, cached);
	if (object === cached?.object) return object;
	const problem = unmarshalProblem(objects.resource, object);
	if (problem === undefined) return object;
	throw new KubejoinError('API_OBJECT_UNREADABLE', { ...objects.details(request.name), problem });
}
