/**
 * Patches an object: reads it, applies the patch, and writes the result as an update. A patch that another writer
 * overtook is applied again to the newer object, unless it names a version.
 *
 * @source apiserver/pkg/endpoints/handlers/patch.go
 */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { isJsonObject, type JsonObject } from '../../../lib/kube/json-object.ts';
import { invalid } from '../../../lib/kube/object-meta.ts';
import { applyPatch } from '../../../lib/kube/patch/patch.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { requireAcceptable } from '../bounds.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { requireName, type StoredObjects } from './stored-objects.ts';
import { writeNext } from './update.ts';

export async function patchObject<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Promise<T> {
	const { patch } = request;
	if (patch === undefined) throw new KubejoinError('API_BAD_REQUEST', { problem: 'the request has no patch' });
	const { type, document } = patch;
	if (type === 'apply') throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
	const kind = { apiVersion: apiVersionOf(objects.resource), kind: objects.resource.kind };
	const next = (previous: T | undefined): T => {
		if (previous === undefined) throw new KubejoinError('API_NOT_FOUND', objects.facts(request.name));
		const patched = applyPatch(type, kind, { ...previous } as KubeObject & JsonObject, document);
		reportStrictProblems(request, patched.document, patched.strictProblems);
		return patchedObject<T>(request, patched.document);
	};
	return writeNext(objects, request, next, false);
}

/** @throws API_INVALID  strict validation refuses them */
function reportStrictProblems({ fieldValidation, warn }: ApiRequest, patched: unknown, problems: readonly string[]) {
	if (problems.length === 0 || fieldValidation === 'Ignore') return;
	if (fieldValidation === 'Strict') throw invalidPatch(patched, `strict decoding error: ${problems.join(', ')}`);
	for (const problem of problems) warn(problem);
}

const invalidPatch = (patched: unknown, detail: string): KubejoinError => {
	const problem: FieldProblem = invalid('patch', JSON.stringify(patched), detail);
	return new KubejoinError('API_INVALID', { kind: '', group: '', name: '', causes: [problem] });
};

/** @throws API_INVALID, API_BAD_REQUEST */
function patchedObject<T extends KubeObject>(request: ApiRequest, patched: unknown): T {
	const { resource, name, namespace } = request;
	if (!isJsonObject(patched)) throw invalidPatch(patched, 'the patched object is not a JSON object');
	const metadata = isJsonObject(patched.metadata) ? patched.metadata : {};
	const object = { ...patched, metadata } as unknown as T;
	requireAcceptable(resource, object, (problem) => invalidPatch(patched, problem));
	if (resource.namespaced && (object.metadata.namespace ?? namespace) !== namespace) {
		const problem = 'the namespace of the provided object does not match the namespace sent on the request';
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	requireName(object.metadata, name);
	return object;
}
