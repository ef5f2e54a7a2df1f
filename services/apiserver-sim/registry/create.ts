/** Creates an object. @source apiserver/pkg/registry/generic/registry/store.go Create */
import { randomUUID } from 'node:crypto';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { generateName, metadataProblems, nameProblems, requireValid } from '../../../lib/kube/object-meta.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { forStore, type StoredObjects, sentObject, written } from './stored-objects.ts';

export async function createObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { store, strategy, resource } = objects;
	requireNamespaceOfRequest(request);
	const sent = await objects.admitted(request, 'CREATE', sentObject<T>(request), undefined);
	const base = strategy.prepareForCreate?.(sent, request.user) ?? sent;
	const created: T = {
		...base,
		apiVersion: apiVersionOf(resource),
		kind: resource.kind,
		metadata: newMetadata(base.metadata, resource.namespaced ? request.namespace : undefined, objects.now()),
	};
	const { name = '' } = created.metadata;
	requireValid(resource, name, nameProblems(created.metadata, strategy.nameRule ?? subdomainProblems));
	requireValid(resource, name, [...metadataProblems(created.metadata), ...(strategy.validate?.(created) ?? [])]);
	await objects.admission.validate({ request, operation: 'CREATE', object: created, previous: undefined });
	try {
		const key = objects.keyFor({ namespace: request.namespace, name });
		return await written(store.create(key, forStore(created)));
	} catch (error) {
		if (hasCode(error, 'STORE_KEY_EXISTS'))
			throw new KubejoinError('API_ALREADY_EXISTS', objects.facts(name), { cause: error });
		throw error;
	}
}

function requireNamespaceOfRequest({ resource, namespace }: ApiRequest): void {
	if (resource.namespaced && namespace === '')
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'an empty namespace may not be set during creation' });
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
