/**
 * Updates an object, and creates or removes it where upstream's update does: a PUT creates objects of some kinds, and
 * an update that removes the last finalizer of a deleted object removes the object.
 *
 * @source apiserver/pkg/registry/generic/registry/store.go Update
 */
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { withManagedFieldsOf } from '../../../lib/kube/managed-fields/field-manager.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import {
	forbiddenField,
	invalid,
	metadataProblems,
	nameProblems,
	requireValid,
} from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { ResourceRequest } from '../authorize/attributes.ts';
import { forbidden } from '../authorize/forbidden.ts';
import { quoted } from '../authorize/go-text.ts';
import type { ApiRequest, Subresource } from '../request/api-request.ts';
import { requireVersionNumber } from '../request/list-options.ts';
import { hasGenericMetadata, newFinalizerProblems, preparedObject } from './create.ts';
import { isRemovable } from './deletion.ts';
import { isLarge } from './large-object.ts';
import { failedPrecondition } from './precondition.ts';
import { type StoredObjects, sentObject } from './stored-objects.ts';

/** The object to write over the stored one, which is undefined if there is none. */
export type NextObject<T extends KubeObject> = (previous: T | undefined) => Promise<T> | T;

export async function updateObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const sent = sentObject<T>(request);
	const { name, namespace } = request;
	const next = (previous: T | undefined): T => {
		requireSameObject(objects, sent.metadata, previous?.metadata ?? { name, namespace });
		return sent;
	};
	return writeNext(objects, request, next, objects.strategy.allowsCreateOnUpdate === true);
}

/**
 * Computes the next object from the stored one and writes it. A write that another writer overtook is computed again,
 * so an update without a version applies to the latest object.
 *
 * @throws API_CONFLICT  the next object names another version than the stored one has
 */
export async function writeNext<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	nextOf: NextObject<T>,
	allowsCreate: boolean,
): Promise<T> {
	for (;;) {
		const previous = await objects.findOptional(request, objects.cache.get({ prefix: objects.keyFor(request) }));
		if (previous === undefined && !allowsCreate)
			throw new KubejoinError('API_NOT_FOUND', objects.details(request.name));
		try {
			const sent = await nextOf(previous);
			return previous === undefined
				? await createInUpdate(objects, request, sent)
				: await replaceObject(objects, request, sent, previous);
		} catch (error) {
			if (!hasCode(error, 'STORE_CONFLICT', 'STORE_KEY_EXISTS', 'STORE_KEY_MISSING')) throw error;
			request.lifetime.signal.throwIfAborted();
		}
	}
}

async function replaceObject<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	sent: T,
	previous: T,
): Promise<T> {
	const { strategy } = objects;
	const identified = withIdentity(sent, previous);
	const admitted = await objects.admitted(request, 'UPDATE', identified, previous);
	requireVersion(objects, request.name, admitted.metadata, previous.metadata);
	const prepared = strategy.prepareForUpdate?.(admitted, previous, request.subresource, objects.now()) ?? admitted;
	const hasManyValues = isLarge(prepared);
	if (hasManyValues) await turn();
	return await objects.reserved(request, withManagedFieldsOf(prepared, admitted), previous, (object) =>
		storeNext(objects, request, withGeneration(objects, request, object, previous), {
			previous,
			sent: sent.metadata,
			hasManyValues,
		}),
	);
}

async function storeNext<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	next: T,
	{ previous, sent, hasManyValues }: { previous: T; sent: ObjectMeta; hasManyValues: boolean },
): Promise<T> {
	const { strategy, resource } = objects;
	const keepsTime = strategy.ignoresDeletionTimeIn?.includes(request.subresource) === true;
	const ofObject = strategy.validate?.(next, previous, request.subresource) ?? [];
	const ofChange = strategy.validateUpdate?.(next, previous, request.subresource) ?? [];
	requireValid(resource, request.name, [
		...(checksBase(resource, request.subresource) ? baseNameProblems(objects, next) : []),
		...metadataProblems(next.metadata),
		...addedFinalizerProblems(next.metadata, previous.metadata),
		...uidProblems(sent, previous.metadata),
		...deletionProblems(sent, previous.metadata, keepsTime),
		...(checksFinalizers(resource, request.subresource) ? newFinalizerProblems(next.metadata) : []),
		...(strategy.reportsChangesFirst === true ? [...ofChange, ...ofObject] : [...ofObject, ...ofChange]),
	]);
	if (hasManyValues) await turn();
	objects.warn(request, next, previous);
	await objects.admission.validate({ request, operation: 'UPDATE', object: next, previous });
	if (hasManyValues) await turn();
	if (!isRemovable(strategy, next, previous)) return await objects.replace(request, next, previous);
	await objects.remove(request, previous);
	return next;
}

/** @throws API_FORBIDDEN  the user may update but not create it */
async function createInUpdate<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	sent: T,
): Promise<T> {
	const admitted = await objects.admitted(request, 'CREATE', sent, undefined);
	const stored = await objects.reserved(request, admitted, undefined, async (object) => {
		const created = await preparedObject(objects, request, object);
		requireMayCreate(objects, request);
		return objects.create(request, created);
	});
	request.created();
	return stored;
}

function requireMayCreate<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): void {
	const { user, resource, subresource, namespace, name } = request;
	const attributes: ResourceRequest = {
		resourceRequest: true,
		user,
		verb: 'create',
		apiGroup: resource.group,
		apiVersion: resource.version,
		resource: resource.resource,
		subresource,
		namespace,
		name,
	};
	const { decision, reason, error } = objects.authorizer.authorize(attributes);
	if (decision === 'Allow') return;
	if (error !== undefined) throw new Error(`authorization could not be evaluated: ${error}`);
	throw forbidden(attributes, reason);
}

/** The object as it was sent, with the metadata that an update never changes. @source rest.BeforeUpdate */
function withIdentity<T extends KubeObject>(sent: T, previous: T): T {
	const { uid, creationTimestamp, name, namespace, generateName, generation } = previous.metadata;
	const { deletionTimestamp, deletionGracePeriodSeconds } = previous.metadata;
	const { generation: _generation, deletionTimestamp: _time, ...own } = sent.metadata;
	const metadata: ObjectMeta = deletionGracePeriodSeconds === undefined ? own : { deletionGracePeriodSeconds, ...own };
	if (uid !== undefined) metadata.uid = uid;
	if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp;
	if (name !== undefined) metadata.name = name;
	if (namespace !== undefined) metadata.namespace = namespace;
	if (generateName !== undefined) metadata.generateName = generateName;
	if (generation !== undefined) metadata.generation = generation;
	if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
	return { ...sent, apiVersion: previous.apiVersion, kind: previous.kind, metadata };
}

function withGeneration<T extends KubeObject>(
	{ strategy }: StoredObjects<T>,
	{ subresource }: ApiRequest,
	next: T,
	previous: T,
): T {
	const { generationOf, changedByServerIn = [] } = strategy;
	if (changedByServerIn.includes(subresource)) return next;
	if (generationOf === undefined || isDeepStrictEqual(generationOf(next), generationOf(previous))) return next;
	return { ...next, metadata: { ...next.metadata, generation: (previous.metadata.generation ?? 0) + 1 } };
}

function requireVersion<T extends KubeObject>(
	objects: StoredObjects<T>,
	name: string,
	{ resourceVersion: wanted = '' }: ObjectMeta,
	{ resourceVersion: found = '' }: ObjectMeta,
): void {
	if (wanted === found) return;
	requireVersionNumber(wanted);
	if (wanted !== '' && wanted !== '0') throw new KubejoinError('API_CONFLICT', objects.details(name));
	const { strategy, resource } = objects;
	if (strategy.requiresVersionOnUpdate !== true) return;
	const problem = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
	// Upstream puts the resource where the kind belongs.
	requireValid({ ...resource, kind: resource.resource }, name, [problem]);
}

/** The updates of these kinds do not check the names of finalizers, or the base of the name. @source Validate*Update */
const withoutFinalizers = ['leases', 'runtimeclasses'];
const withoutBase = ['leases', 'resourcequotas', 'priorityclasses', 'services', 'podtemplates', 'csidrivers'];
const wholePod = ['ephemeralcontainers', 'resize'];
const checksBase = ({ resource }: ApiResource, subresource: Subresource): boolean =>
	subresource === '' ? !withoutBase.includes(resource) : resource === 'pods' && wholePod.includes(subresource);
/** These check the finalizers in every subresource. */
const wholeAlways = ['namespaces', 'nodes', 'pods', 'services', 'resourcequotas', 'certificatesigningrequests'];

const checksFinalizers = (resource: ApiResource, subresource: Subresource): boolean =>
	!hasGenericMetadata(resource) &&
	!withoutFinalizers.includes(resource.resource) &&
	(subresource === '' || wholeAlways.includes(resource.resource));

/** The name of a stored object is valid; the base from which it was made can change. */
function baseNameProblems<T extends KubeObject>({ strategy }: StoredObjects<T>, next: T) {
	const { nameRule = subdomainProblems } = strategy;
	return nameProblems(next.metadata, (name) => (name === next.metadata.name ? [] : nameRule(name, next)));
}

/** Of a patch; an update with another uid is a conflict. @source ValidateObjectMetaAccessorUpdate */
const uidProblems = ({ uid: sent = '' }: ObjectMeta, { uid = '' }: ObjectMeta) =>
	sent === '' || sent === uid ? [] : [invalid('metadata.uid', sent, 'field is immutable')];

/** Only a deletion sets them. @source rest.BeforeUpdate, ValidateObjectMetaAccessorUpdate */
function deletionProblems(sent: ObjectMeta, previous: ObjectMeta, keepsTime: boolean) {
	const { deletionTimestamp, deletionGracePeriodSeconds: seconds } = sent;
	const isMarked = !keepsTime && previous.deletionTimestamp === undefined && (deletionTimestamp ?? '') !== '';
	const isChanged = (seconds ?? undefined) !== undefined && seconds !== previous.deletionGracePeriodSeconds;
	return [
		...(isMarked ? [invalid('metadata.deletionTimestamp', deletionTimestamp, 'field is immutable')] : []),
		...(isChanged ? [invalid('metadata.deletionGracePeriodSeconds', seconds, 'field is immutable')] : []),
	];
}

function addedFinalizerProblems(next: ObjectMeta, previous: ObjectMeta) {
	if (previous.deletionTimestamp === undefined) return [];
	const added = (next.finalizers ?? []).filter((finalizer) => !(previous.finalizers ?? []).includes(finalizer));
	if (added.length === 0) return [];
	const found = `[]string{${[...new Set(added)].toSorted().map(quoted).join(', ')}}`;
	const detail = 'no new finalizers can be added if the object is being deleted, found new finalizers';
	return [forbiddenField('metadata.finalizers', `${detail} ${found}`)];
}

/** An object that is to be created has no uid yet. @throws API_CONFLICT */
function requireSameObject<T extends KubeObject>(
	objects: StoredObjects<T>,
	{ uid: wanted = '' }: ObjectMeta,
	{ uid: found = '', name = '', namespace = '' }: ObjectMeta,
): void {
	if (wanted === '' || wanted === found) return;
	const because = failedPrecondition(objects.resource, { name, namespace }, 'UID', [wanted, found]);
	throw new KubejoinError('API_CONFLICT', { ...objects.details(name), because });
}
