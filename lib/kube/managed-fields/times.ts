/** The times of managedFields of a write that changes nothing else. */
import { getOwn, isJsonObject, type JsonObject, jsonEqual } from '../json-object.ts';
import type { KubeObject } from '../types.ts';

/**
 * The written object, with the managedFields of the stored one when both differ in no more than the times of the
 * entries: such a write stores nothing.
 *
 * @source apiserver/pkg/endpoints/handlers/fieldmanager/equality.go IgnoreManagedFieldsTimestampsTransformer
 */
export function withStoredTimes<T extends KubeObject>(stored: KubeObject, written: T): T {
	const before = getOwn(stored.metadata as JsonObject, 'managedFields');
	const after = getOwn(written.metadata as JsonObject, 'managedFields');
	if (jsonEqual(before, after) || !jsonEqual(untimed(before), untimed(after))) return written;
	const kept = { ...written, metadata: { ...written.metadata, managedFields: before } };
	return jsonEqual(comparable(stored), comparable(kept)) ? kept : written;
}

const untimed = (entries: unknown): unknown =>
	Array.isArray(entries) ? entries.map((entry) => (isJsonObject(entry) ? { ...entry, time: '' } : entry)) : entries;

const comparable = ({ metadata, ...object }: KubeObject): unknown => {
	const { managedFields: _entries, resourceVersion: _version, ...rest } = metadata as JsonObject;
	return { ...object, metadata: rest };
};
