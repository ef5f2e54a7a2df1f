/** Creates an object. @source apiserver/pkg/registry/generic/registry/store.go Create */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import {
	finalizerNameProblems,
	generateName,
	metadataProblems,
	nameProblems,
	requireValid,
} from '../../../lib/kube/object-meta.ts';
import { type ApiResource, apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { isLarge } from './large-object.ts';
import { type StoredObjects, sentObject } from './stored-objects.ts';

/** With eight attempts, one of a thousand creations fails when a million names of the same base exist. */
const MAX_NAME_ATTEMPTS = 8;

export async function createObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	requireNamespaceOfRequest(request);
	const sent = await objects.admitted(request, 'CREATE', sentObject<T>(request), undefined);
	const isGenerated = !sent.metadata.name && Boolean(sent.metadata.generateName);
	for (let attempt = 1; ; attempt++) {
		let { name = '' } = sent.metadata;
		try {
			return await objects.reserved(request, sent, undefined, async (object) => {
				const created = await preparedObject(objects, request, object);
				name = created.metadata.name ?? '';
				return objects.create(request, created);
			});
		} catch (error) {
			if (!hasCode(error, 'STORE_KEY_EXISTS')) throw error;
			if (isGenerated && attempt < MAX_NAME_ATTEMPTS) continue;
			const details = objects.details(name);
			if (isGenerated) throw new KubejoinError('API_NAME_NOT_GENERATED', { ...details, retryAfterSeconds: 1 });
			throw new KubejoinError('API_ALREADY_EXISTS', details, { cause: error });
		}
	}
}

/** The object as it will be stored: prepared, valid and admitted. */
export async function preparedObject<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	sent: T,
): Promise<T> {
	const { strategy, resource } = objects;
	const metadata = newMetadata(sent.metadata, resource.namespaced ? request.namespace : undefined, objects.now());
	const named: T = { ...sent, metadata };
	const base = strategy.prepareForCreate?.(named, request.user, objects.now(), request.warn) ?? named;
	const isCounted = strategy.generationOf !== undefined && strategy.hasNoFirstGeneration !== true;
	const created: T = {
		...base,
		apiVersion: apiVersionOf(resource),
		kind: resource.kind,
		metadata: isCounted ? { ...base.metadata, generation: 1 } : base.metadata,
	};
	const hasManyValues = isLarge(created);
	if (hasManyValues) await turn();
	const { name = '' } = created.metadata;
	const { nameRule = subdomainProblems } = strategy;
	requireValid(resource, name, [
		...nameProblems(created.metadata, (one) => nameRule(one, created)),
		...metadataProblems(created.metadata),
		...(hasGenericMetadata(resource) ? [] : newFinalizerProblems(created.metadata)),
		...(strategy.validate?.(created) ?? []),
		...(strategy.validateCreate?.(created) ?? []),
	]);
	if (hasManyValues) await turn();
	objects.warn(request, created, undefined);
	await objects.admission.validate({ request, operation: 'CREATE', object: created, previous: undefined });
	if (hasManyValues) await turn();
	return created;
}

/** @source pkg/apis/admissionregistration/validation, pkg/apis/core/validation/events.go */
export const hasGenericMetadata = ({ group, resource }: ApiResource): boolean =>
	group === 'admissionregistration.k8s.io' || resource === 'events';

export const newFinalizerProblems = ({ finalizers = [] }: ObjectMeta) =>
	finalizers.flatMap((finalizer, index) => finalizerNameProblems(`metadata.finalizers[${index}]`, finalizer));

function requireNamespaceOfRequest({ resource, namespace }: ApiRequest): void {
	if (resource.namespaced && namespace === '')
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'an empty namespace may not be set during creation' });
}

function newMetadata(sent: ObjectMeta, namespace: string | undefined, now: string): ObjectMeta {
	const { deletionTimestamp: _never, deletionGracePeriodSeconds: _either, ...living } = sent;
	const {
		resourceVersion: _none,
		selfLink: _obsolete,
		...kept
	} = living as ObjectMeta & { readonly selfLink?: string };
	const name = sent.name || (sent.generateName ? generateName(sent.generateName) : '');
	return {
		...kept,
		name,
		...(namespace === undefined ? {} : { namespace }),
		uid: randomUUID(),
		creationTimestamp: now,
	};
}
