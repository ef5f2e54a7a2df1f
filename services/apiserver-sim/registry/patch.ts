/**
 * Patches an object: reads it, applies the patch, and writes the result as an update. A patch that another writer
 * overtook is applied again to the newer object, unless it names a version.
 *
 * @source apiserver/pkg/endpoints/handlers/patch.go
 */
import { setImmediate as turn } from 'node:timers/promises';
import { convertMessage } from '../../../lib/codec/convert.ts';
import { MAX_STRICT_PROBLEMS, nameOf } from '../../../lib/codec/read.ts';
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../../../lib/json-object.ts';
import { messageOfResource } from '../../../lib/kube/codec/message-of-resource.ts';
import { noSuchKind, readObject, strictDecodingError } from '../../../lib/kube/codec/object.ts';
import { appliedObject } from '../../../lib/kube/managed-fields/field-manager.ts';
import { goPrint } from '../../../lib/kube/patch/go-print.ts';
import { sortedAlong } from '../../../lib/kube/patch/json-order.ts';
import { applyPatch } from '../../../lib/kube/patch/patch.ts';
import { type ApiResource, apiVersionOf } from '../../../lib/kube/resources.ts';
import { goForm } from '../../../lib/kube/schema/go-form.ts';
import { type GroupVersionKind, typeOfKind } from '../../../lib/kube/schema/schema.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { quoteInput } from '../../../lib/text.ts';
import { requireAcceptable } from '../bounds.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { requireName, type StoredObjects, withoutRepeatedOwners } from './stored-objects.ts';
import { writeNext } from './update.ts';

export async function patchObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { patch } = request;
	if (patch === undefined) throw new KubejoinError('API_BAD_REQUEST', { problem: 'the request has no patch' });
	const { type, document } = patch;
	if (type === 'apply') return applyObject(objects, request, document);
	const { clientResource } = objects;
	const kind = { apiVersion: apiVersionOf(clientResource), kind: clientResource.kind };
	const next = async (previous: T | undefined): Promise<T> => {
		if (previous === undefined) throw new KubejoinError('API_NOT_FOUND', objects.details(request.name));
		// The form in which a client reads the object, to which its patch refers.
		const read = goForm(typeOfKind(kind), objects.toClient(previous)) as JsonObject;
		const patched = applyPatch(type, kind, read, document);
		return objects.fromClient(await patchedObject(request, clientResource, patched.document, patched.strictProblems));
	};
	return writeNext(objects, request, next, false);
}

/** A server-side apply, which creates the object if there is none; never through a subresource. */
function applyObject<T extends KubeObject>(
	objects: StoredObjects<T>,
	request: ApiRequest,
	configuration: unknown,
): Promise<T> {
	const { force, subresource, name } = request;
	const next = async (previous: T | undefined): Promise<T> => {
		const live = previous && objects.toClient(previous);
		const applied = appliedObject(live, configuration, { ...objects.managedWrite(request), force });
		const { uid = '' } = applied.metadata;
		if (previous === undefined && uid !== '') {
			const because = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
			throw new KubejoinError('API_CONFLICT', { ...objects.details(name), because });
		}
		return objects.fromClient(await patchedObject(request, objects.clientResource, applied));
	};
	return writeNext(objects, request, next, subresource === '');
}

/** @throws API_INVALID  strict validation refuses them */
function reportStrictProblems(request: ApiRequest, patched: unknown, problems: readonly string[]): void {
	const { fieldValidation, warn } = request;
	if (problems.length === 0 || fieldValidation === 'Ignore') return;
	if (fieldValidation === 'Strict') throw invalidPatch(request, patched, strictDecodingError(problems));
	for (const problem of problems) warn(problem);
}

/** The text is cut where upstream's is not, so that it fits a log. */
const MAX_PATCH_CHARACTERS = 16_384;

/**
 * Upstream shows the patched object; for a strategic merge patch, the patch.
 *
 * @differs upstream shows a patched Secret, whose content a caller with the permission to patch may not be able to read
 */
function invalidPatch(
	{ patch, resource }: Pick<ApiRequest, 'patch' | 'resource'>,
	patched: unknown,
	detail: string,
): KubejoinError {
	const ordered = patch?.type === 'json' ? sortedAlong(patched, patch.document) : patched;
	const document = resource.resource === 'secrets' ? '<secret contents redacted>' : JSON.stringify(ordered);
	const shown = patch?.type === 'strategic' ? goPrint(patch.document) : document;
	const value = quoteInput(shown, MAX_PATCH_CHARACTERS);
	const problem: FieldProblem = {
		field: 'patch',
		reason: 'FieldValueInvalid',
		message: `Invalid value: ${value}: ${detail}`,
	};
	return new KubejoinError('API_INVALID', { kind: '', group: '', name: '', causes: [problem] });
}

/**
 * The patched object without the fields that its type does not have. Other work runs between a patch and this check of
 * its result, each of which can take long.
 *
 * @param strictProblems  those of the patch itself
 * @throws API_INVALID, API_BAD_REQUEST
 */
async function patchedObject(
	request: ApiRequest,
	resource: ApiResource,
	patched: unknown,
	strictProblems: readonly string[] = [],
): Promise<KubeObject> {
	await turn();
	const { name, namespace } = request;
	if (!isJsonObject(patched)) throw invalidPatch(request, patched, 'the patched object is not a JSON object');
	const kind = { apiVersion: apiVersionOf(resource), kind: resource.kind };
	const typed = await typedObject(request, resource, patched);
	requireKind(request, typed, kind);
	const complete = { ...typed, ...kind, metadata: typed.metadata ?? {} } as unknown as KubeObject & JsonObject;
	requireAcceptable(resource, complete, (problem) => invalidPatch(request, patched, problem));
	const read = readObject(complete, kind);
	reportStrictProblems(request, patched, [...strictProblems, ...read.strictProblems]);
	const { object } = read;
	if (resource.namespaced && (object.metadata.namespace ?? namespace) !== namespace) {
		const problem = 'the namespace of the provided object does not match the namespace sent on the request';
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	requireName(object.metadata, name);
	const metadata = withoutRepeatedOwners(object.metadata, request.warn, ' after mutating admission happens');
	if (resource.namespaced) return { ...object, metadata };
	const { namespace: _none, ...cluster } = metadata;
	return { ...object, metadata: cluster };
}

/** The result of a strategic merge patch is converted to its type, and not decoded again. @throws API_INVALID */
async function typedObject(request: ApiRequest, resource: ApiResource, patched: JsonObject): Promise<JsonObject> {
	if (request.patch?.type !== 'strategic') return patched;
	const { object, problem } = convertMessage(messageOfResource(resource), patched);
	if (problem !== undefined) throw invalidPatch(request, patched, problem);
	return turn(object as JsonObject);
}

/**
 * A strategic merge patch is applied to the type, whose name it cannot change. The result of another patch is decoded
 * again, and without a version its type is unknown.
 *
 * @throws API_INVALID, API_BAD_REQUEST
 */
function requireKind(request: ApiRequest, patched: JsonObject, { apiVersion, kind }: GroupVersionKind): void {
	const { patch, name } = request;
	const { apiVersion: sentVersion, kind: sentKind, ...fields } = patched;
	const [version, named] = [sentVersion ?? '', sentKind ?? ''];
	if (patch?.type === 'strategic' || patch?.type === 'apply') return;
	if (typeof version !== 'string' || typeof named !== 'string') {
		const [field, value] = typeof version === 'string' ? ['kind', nameOf(named)] : ['apiVersion', nameOf(version)];
		const detail = `cannot unmarshal ${value} into Go struct field .${field} of type string`;
		throw invalidPatch(request, patched, `couldn't get version/kind; json parse error: json: ${detail}`);
	}
	if (version === '') {
		const unknown = Object.keys(fields).toSorted().slice(0, MAX_STRICT_PROBLEMS);
		const problems = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
		reportStrictProblems(request, patched, problems);
		requireName({}, name);
	}
	if (version === apiVersion && (named === '' || named === kind)) return;
	throw invalidPatch(request, patched, noSuchKind({ apiVersion: version, kind: named || kind }));
}
