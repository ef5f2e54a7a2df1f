/** Applies the patch types that need no field manager: JSON patch, merge patch and strategic merge patch. */
import type { JsonObject } from '../../json-object.ts';
import { requireBounded } from '../json-depth.ts';
import { type GroupVersionKind, typeOfKind } from '../schema/schema.ts';
import { applyJsonPatch, type Patched } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

/**
 * The patched document, which has not been checked against the type of the object.
 *
 * @throws API_BAD_REQUEST
 * @throws API_PATCH_REJECTED
 * @throws API_TOO_LARGE
 */
export function applyPatch(
	type: 'json' | 'merge' | 'strategic',
	kind: GroupVersionKind,
	document: JsonObject,
	patch: unknown,
): Patched {
	requireBounded(patch);
	const patched = dispatch(type, kind, document, patch);
	requireBounded(patched.document);
	return patched;
}

function dispatch(
	type: 'json' | 'merge' | 'strategic',
	kind: GroupVersionKind,
	document: JsonObject,
	patch: unknown,
): Patched {
	if (type === 'json') return applyJsonPatch(document, patch);
	const merged =
		type === 'merge' ? applyMergePatch(document, patch) : applyStrategicMergePatch(typeOfKind(kind), document, patch);
	return { document: merged, strictProblems: [] };
}
