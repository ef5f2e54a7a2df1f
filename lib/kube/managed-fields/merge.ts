/**
 * Merges an applied object into the live object: no field is removed, and the applied value wins.
 *
 * @source structured-merge-diff typed/merge.go
 */
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../../json-object.ts';
import { anyType, type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { isLeaf } from './compare.ts';
import { elementOf } from './list-elements.ts';
import type { PathElement } from './path-element.ts';

/** @throws SchemaMismatch */
export function mergeObjects(type: KubeType, live: unknown, applied: unknown): unknown {
	if (isLeaf(type, live, applied)) return applied === undefined ? live : applied;
	return type.form === 'list' ? mergeLists(type, live, applied) : mergeFields(type, live, applied);
}

function mergeFields(type: Exclude<KubeType, ListType>, live: unknown, applied: unknown): JsonObject | undefined {
	const [left, right] = [live, applied].map((value) => (isJsonObject(value) ? value : {}));
	const merged: JsonObject = {};
	for (const name of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
		const fieldType = type.form === 'scalar' ? anyType : typeOfField(type, name);
		const value = mergeObjects(fieldType, getOwn(left ?? {}, name), getOwn(right ?? {}, name));
		if (value !== undefined) setOwn(merged, name, value);
	}
	return Object.keys(merged).length === 0 ? undefined : merged;
}

interface Indexed {
	/** In the order of the list, with repetitions. */
	readonly elements: readonly PathElement[];
	readonly values: readonly unknown[];
	/** Undefined for a repeated element, which is not merged. */
	readonly byElement: ReadonlyMap<PathElement, unknown>;
}
function index(type: ListType, list: unknown): Indexed {
	const values: readonly unknown[] = Array.isArray(list) ? list : [];
	const elements = values.map((value) => elementOf(type, value));
	const byElement = new Map<PathElement, unknown>();
	for (const [at, element] of elements.entries())
		byElement.set(element, byElement.has(element) ? undefined : values[at]);
	return { elements, values, byElement };
}

/** The order of the applied list; elements that only the live list has keep their place between their neighbors. */
function mergeLists(type: ListType, live: unknown, applied: unknown): unknown[] | undefined {
	const [left, right] = [index(type, live), index(type, applied)];
	const shared = right.elements.filter((element) => left.byElement.has(element));
	const merged: unknown[] = [];
	const done = new Set<PathElement>();
	const take = (element: PathElement): void => {
		done.add(element);
		const value = mergeObjects(type.element, left.byElement.get(element), right.byElement.get(element));
		if (value !== undefined) merged.push(value);
	};
	let [l, r, s] = [0, 0, 0];
	while (l < left.elements.length || r < right.elements.length) {
		const [ours, theirs] = [left.elements[l], right.elements[r]];
		if (ours !== undefined && theirs !== undefined) {
			if (ours === theirs) {
				take(ours);
				[l, r, s] = [l + 1, r + 1, s + 1];
				continue;
			}
			if (right.byElement.has(ours) && s < shared.length && shared[s] !== ours) {
				l += 1;
				continue;
			}
		}
		if (ours !== undefined && !right.byElement.has(ours)) {
			merged.push(left.values[l]);
			l += 1;
			continue;
		}
		if (ours !== undefined && done.has(ours)) l += 1;
		if (theirs === undefined) continue;
		take(theirs);
		r += 1;
		if (shared[s] === theirs) s += 1;
	}
	return merged.length === 0 ? undefined : merged;
}
