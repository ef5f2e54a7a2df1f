/**
 * JSON merge patch.
 *
 * @source RFC 7386; gopkg.in/evanphx/json-patch.v4 merge.go
 */
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../../json-object.ts';
import { jsonKind, malformed } from './patch-error.ts';

/**
 * The document with the patch applied. Objects that the patch changes are copied, with their fields sorted by name as
 * upstream writes them; all others are shared.
 *
 * @throws API_BAD_REQUEST  the patch is not an object
 */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
	if (patch === null) throw malformed('Invalid JSON Patch');
	if (!isJsonObject(patch)) {
		const goType = 'map[string]interface {}';
		throw malformed(`error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type ${goType}`);
	}
	return merged(document, patch);
}

function merged(target: Readonly<JsonObject>, patch: Readonly<JsonObject>): JsonObject {
	const result: JsonObject = {};
	for (const name of [...new Set([...Object.keys(target), ...Object.keys(patch)])].sort()) {
		if (!Object.hasOwn(patch, name)) {
			setOwn(result, name, target[name]);
			continue;
		}
		const change = patch[name];
		const found = getOwn(target, name);
		if (change === null) continue;
		setOwn(
			result,
			name,
			isJsonObject(change) ? merged(isJsonObject(found) ? found : {}, change) : withoutNulls(change),
		);
	}
	return result;
}

/** Nulls are removed from new objects, and kept in lists. */
function withoutNulls(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutNulls);
	return isJsonObject(value) ? merged({}, value) : value;
}
