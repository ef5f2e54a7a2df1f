/** Writes that change no more than the times of managedFields. */
import { countFields, getOwn, isJsonObject, type JsonObject, jsonEqual } from '../../json-object.ts';
import type { KubeObject } from '../types.ts';

/**
 * Whether two objects differ in no more than their versions and the times of their managedFields: such a write stores
 * nothing. A heartbeat is compared without copies, and no further than its first difference.
 *
 * @source apiserver/pkg/endpoints/handlers/fieldmanager/equality.go IgnoreManagedFieldsTimestampsTransformer
 */
export function isSameApartFromTimes(stored: KubeObject, written: KubeObject): boolean {
	const [before, after] = [stored.metadata as JsonObject, written.metadata as JsonObject];
	return (
		isSameExcept(metadata, stored as unknown as JsonObject, written as unknown as JsonObject) &&
		isSameExcept(ofServer, before, after) &&
		hasSameOwners(getOwn(before, 'managedFields'), getOwn(after, 'managedFields'))
	);
}

const [metadata, ofServer, time] = [
	new Set(['metadata']),
	new Set(['managedFields', 'resourceVersion']),
	new Set(['time']),
];

function isSameExcept(ignored: ReadonlySet<string>, left: JsonObject, right: JsonObject): boolean {
	let count = 0;
	for (const name in left) {
		if (!Object.hasOwn(left, name) || ignored.has(name)) continue;
		if (!Object.hasOwn(right, name) || !jsonEqual(left[name], right[name])) return false;
		count++;
	}
	return count === countFields(right, ignored);
}

function hasSameOwners(before: unknown, after: unknown): boolean {
	if (!Array.isArray(before) || !Array.isArray(after)) return jsonEqual(before, after);
	return before.length === after.length && before.every((entry, at) => isSameEntry(entry, after[at]));
}

const isSameEntry = (left: unknown, right: unknown): boolean =>
	isJsonObject(left) && isJsonObject(right) ? isSameExcept(time, left, right) : jsonEqual(left, right);
