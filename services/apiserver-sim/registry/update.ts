/** Updates and deletes an object. @source apiserver/pkg/registry/generic/registry/store.go Update, Delete */
import { isDeepStrictEqual } from 'node:util';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { metadataProblems, requireValid } from '../../../lib/kube/object-meta.ts';
import { requirePreconditions } from '../../../lib/kube/preconditions.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { forStore, readStored, type StoredObjects, sentObject, written } from './stored-objects.ts';

/** An update without a version applies to the latest object, and is retried until no other writer was faster. */
export async function updateObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const sent = sentObject<T>(request);
	const wantedVersion = sent.metadata.resourceVersion ?? '';
	for (;;) {
		const previous = await objects.find(request);
		const foundVersion = previous.metadata.resourceVersion ?? '';
		if (wantedVersion !== '' && wantedVersion !== foundVersion)
			throw new KubejoinError('API_CONFLICT', objects.facts(request.name));
		const next = await checkedUpdate(objects, request, sent, previous);
		if (isDeepStrictEqual(forStore(next), forStore(previous))) return previous;
		try {
			return await written(objects.store.update(objects.keyFor(request), forStore(next), Number(foundVersion)));
		} catch (error) {
			if (hasCode(error, 'STORE_KEY_MISSING'))
				throw new KubejoinError('API_NOT_FOUND', objects.facts(request.name), { cause: error });
			if (!hasCode(error, 'STORE_CONFLICT')) throw error;
			if (wantedVersion !== '') throw new KubejoinError('API_CONFLICT', objects.facts(request.name), { cause: error });
		}
	}
}

/** The object to store, after admission and validation. */
async function checkedUpdate<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	sent: T,
	previous: T,
): Promise<T> {
	const { strategy, resource } = objects;
	requireSameObject(sent.metadata, previous.metadata, objects.facts(request.name));
	const admitted = await objects.admitted(request, 'UPDATE', withIdentity(sent, previous), previous);
	const next = strategy.prepareForUpdate?.(admitted, previous, request.subresource, objects.now()) ?? admitted;
	requireValid(resource, request.name, [
		...metadataProblems(next.metadata),
		...(strategy.validate?.(next) ?? []),
		...(strategy.validateUpdate?.(next, previous, request.subresource) ?? []),
	]);
	await objects.admission.validate({ request, operation: 'UPDATE', object: next, previous });
	return next;
}

/** The object as it was sent, with the metadata that an update never changes. */
function withIdentity<T extends KubeObject>(sent: T, previous: T): T {
	const { uid, creationTimestamp, name, namespace, generateName } = previous.metadata;
	const kept = Object.fromEntries(
		Object.entries({ uid, creationTimestamp, name, namespace, generateName }).filter(
			([, value]) => value !== undefined,
		),
	);
	return {
		...sent,
		apiVersion: previous.apiVersion,
		kind: previous.kind,
		metadata: { ...sent.metadata, ...kept },
	};
}

export async function deleteObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const facts = objects.facts(request.name);
	const previous = await objects.find(request);
	requirePreconditions(request.preconditions, previous.metadata, facts);
	const deletion = { request, operation: 'DELETE', object: undefined, previous } as const;
	await objects.admission.mutate(deletion);
	await objects.admission.validate(deletion);
	const isConditional = Object.keys(request.preconditions).length > 0;
	const revision = isConditional ? [Number(previous.metadata.resourceVersion)] : [];
	try {
		return readStored(await objects.store.delete<T>(objects.keyFor(request), ...revision));
	} catch (error) {
		if (hasCode(error, 'STORE_KEY_MISSING')) throw new KubejoinError('API_NOT_FOUND', facts, { cause: error });
		if (hasCode(error, 'STORE_CONFLICT')) throw new KubejoinError('API_CONFLICT', facts, { cause: error });
		throw error;
	}
}

function requireSameObject(
	sent: ObjectMeta,
	found: ObjectMeta,
	facts: { resource: string; group: string; name: string },
): void {
	if (sent.uid !== undefined && sent.uid !== '' && sent.uid !== found.uid) {
		throw new KubejoinError('API_CONFLICT', {
			...facts,
			because: `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${found.uid}`,
		});
	}
}
