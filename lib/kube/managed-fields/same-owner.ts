/**
 * The shortcut for updates that change no more than the values of fields that their manager owns alone. Heartbeats are
 * such updates; to compute the owners of all their fields takes ten times as long.
 */
import { countFields, getOwn, isJsonObject, type JsonObject, jsonEqual } from '../../json-object.ts';
import type { KubeObject } from '../types.ts';
import { compareOwners, type ManagerId } from './entries.ts';
import { fieldElement, type PathElement } from './path-element.ts';

/**
 * @param entries  the managedFields of the live object
 * @returns undefined for any other update
 */
export function entriesOfSameOwner(
	{ live, next, entries }: { readonly live: KubeObject; readonly next: KubeObject; readonly entries: unknown },
	{ manager, operation, apiVersion, subresource }: ManagerId,
	now: string,
): readonly JsonObject[] | undefined {
	if (!Array.isArray(entries) || !entries.every(isJsonObject)) return undefined;
	const isOwn = (entry: JsonObject): boolean =>
		entry.manager === manager && entry.operation === operation && (entry.subresource ?? '') === subresource;
	const own = entries.find(isOwn);
	if (own?.time === undefined || entries.some((entry) => entry.apiVersion !== apiVersion)) return undefined;
	const changed: PathElement[][] = [];
	if (!collectChanged(live, next, [], changed) || changed.length === 0) return undefined;
	for (const entry of entries)
		for (const path of changed)
			if (ownership(entry.fieldsV1, path) !== (entry === own ? 'member' : 'none')) return undefined;
	return entries.map((entry) => (entry === own ? { ...entry, time: now } : entry)).sort(compareOwners);
}

const unowned = new Set(['managedFields', 'resourceVersion']);

/** Adds the paths of the changed scalars. @returns false if anything else differs */
function collectChanged(live: object, next: object, path: readonly PathElement[], found: PathElement[][]): boolean {
	const [before, after] = [live as JsonObject, next as JsonObject];
	const ignored = path.length === 1 && path[0] === 'f:metadata' ? unowned : undefined;
	let count = 0;
	for (const name in before) {
		if (!Object.hasOwn(before, name) || ignored?.has(name)) continue;
		count++;
		const left = before[name];
		const right = getOwn(after, name);
		if (left === right) continue;
		if (isJsonObject(left) && isJsonObject(right)) {
			if (!collectChanged(left, right, [...path, fieldElement(name)], found)) return false;
		} else if (isFilledScalar(left) && isFilledScalar(right)) {
			// Go omits empty values, so that another change adds or removes a field.
			found.push([...path, fieldElement(name)]);
		} else if (!jsonEqual(left, right)) return false;
	}
	return count === countFields(after, ignored);
}

const isFilledScalar = (value: unknown): boolean => Boolean(value) && typeof value !== 'object';

/** Whether an entry has the field at a path, or fields below it. */
function ownership(fields: unknown, path: readonly PathElement[]): 'member' | 'parent' | 'none' {
	let at = fields;
	for (const element of path) {
		at = isJsonObject(at) ? getOwn(at, element) : undefined;
		if (at === undefined) return 'none';
	}
	return isJsonObject(at) && Object.keys(at).length === 0 ? 'member' : 'parent';
}
