/**
 * Deletes one object or a collection.
 *
 * @source apiserver/pkg/registry/generic/registry/store.go Delete, DeleteCollection
 */
import { hasCode, ignoring, KubejoinError } from '../../../lib/errors.ts';
import { requirePreconditions } from '../../../lib/kube/preconditions.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { unmarshalProblem } from '../../../lib/kube/unmarshal.ts';
import { limits } from '../../../lib/limits.ts';
import { attributesOf, notAdmitted } from '../admit/admission.ts';
import type { ApiRequest, ObjectList } from '../request/api-request.ts';
import { deletionOf } from './deletion.ts';
import { listObjects } from './list.ts';
import { invalidObject } from './precondition.ts';
import type { StoredObjects } from './stored-objects.ts';

/** Answers with the object as it was last, or as it remains. */
export async function deleteObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { group, kind, resource } = objects.resource;
	const isNamespace = resource === 'namespaces';
	if (request.ignoreStoreReadError) requireMayDeleteUnread(objects, request);
	for (;;) {
		const previous = await objects.find(request);
		if (request.ignoreStoreReadError) requireUnreadable(objects, request.name, previous);
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

const unreadVerb = 'unsafe-delete-ignore-read-errors';

/** @throws API_FORBIDDEN @source handlers/delete.go authorizeUnsafeDelete */
function requireMayDeleteUnread<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): void {
	const { user, resource, namespace, name } = request;
	const { decision, reason, error } = objects.authorizer.authorize({
		resourceRequest: true,
		user,
		verb: unreadVerb,
		apiGroup: resource.group,
		apiVersion: resource.version,
		resource: resource.resource,
		subresource: '',
		namespace,
		name,
	});
	if (decision === 'Allow') return;
	const because =
		error === undefined
			? `not permitted to do "${unreadVerb}", reason: ${reason}`
			: `error while checking permission for "${unreadVerb}", ${error}`;
	throw notAdmitted(attributesOf({ request, operation: 'DELETE', object: undefined, previous: undefined }), because);
}

/** @throws API_CONFLICT @source registry/generic/registry/corrupt_obj_deleter.go */
function requireUnreadable<T extends KubeObject>(objects: StoredObjects<T>, name: string, stored: T): void {
	if (unmarshalProblem(objects.resource, stored) !== undefined) return;
	const detail = 'unsafe deletion is not allowed because the object is decodable from storage';
	const because = invalidObject(objects.resource, stored.metadata, detail);
	throw new KubejoinError('API_CONFLICT', { ...objects.details(name), because });
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
			await deleteObject(objects, { ...request, name, namespace }).catch(ignoring('API_NOT_FOUND'));
		}
		items.push(...page.items);
		if (isLimited || page.continueToken === undefined) return { ...page, items };
		continueToken = page.continueToken;
		request.lifetime.signal.throwIfAborted();
	}
}
