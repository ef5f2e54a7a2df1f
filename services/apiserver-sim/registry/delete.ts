/**
 * Deletes one object or a collection.
 *
 * @source apiserver/pkg/registry/generic/registry/store.go Delete, DeleteCollection
 */
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { requirePreconditions } from '../../../lib/kube/preconditions.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import type { ApiRequest, ObjectList } from '../request/api-request.ts';
import { deletionOf } from './deletion.ts';
import { listObjects } from './list.ts';
import type { StoredObjects } from './stored-objects.ts';

/** Answers with the object as it was last, or as it remains. */
export async function deleteObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { group, kind, resource } = objects.resource;
	const isNamespace = resource === 'namespaces';
	for (;;) {
		const previous = await objects.find(request);
		// Upstream names the kind where other conflicts name the resource.
		const details = { resource: isNamespace ? resource : kind, group, name: request.name };
		requirePreconditions(request.preconditions, previous.metadata, details, isNamespace);
		const { next, isRemoved } = deletionOf(objects.strategy, previous, request, objects.nowMs());
		if (next === undefined && !isRemoved) return previous;
		const deletion = { request, operation: 'DELETE', object: undefined, previous } as const;
		await objects.admission.mutate(deletion);
		await objects.admission.validate(deletion);
		try {
			const marked = next === undefined ? previous : await objects.replace(request, next, previous);
			return isRemoved ? await objects.remove(request, marked) : marked;
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_MISSING'))
				throw new KubejoinError('API_NOT_FOUND', objects.details(request.name), { cause: error });
			if (!hasCode(error, 'STORE_CONFLICT')) throw error;
			request.lifetime.signal.throwIfAborted();
		}
	}
}

/** Deletes the selected objects one by one: an error leaves the rest, as upstream. */
export async function deleteCollection<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
): Promise<ObjectList> {
	const isLimited = request.limit > 0;
	const limit = isLimited ? request.limit : limits.listPageItems.value;
	let { continueToken } = request;
	const items: KubeObject[] = [];
	for (;;) {
		const page = await listObjects(objects, { ...request, limit, continueToken });
		for (const { metadata } of page.items) {
			const { name = '', namespace = '' } = metadata;
			await deleteObject(objects, { ...request, name, namespace }).catch((error: unknown) => {
				if (!hasCode(error, 'API_NOT_FOUND')) throw error;
			});
		}
		items.push(...page.items);
		if (isLimited || page.continueToken === undefined) return { ...page, items };
		continueToken = page.continueToken;
		request.lifetime.signal.throwIfAborted();
	}
}
