/** The fields in which two objects differ. @source structured-merge-diff typed/compare.go */
import { isJsonObject, type JsonObject, jsonEqual } from '../json-object.ts';
import { anyType, type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { emptySet, type FieldSet, insert } from './field-set.ts';
import { indexed } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

export interface Comparison {
	readonly removed: FieldSet;
	readonly modified: FieldSet;
	readonly added: FieldSet;
}

/** @throws SchemaMismatch */
export function compareObjects(type: KubeType, left: unknown, right: unknown): Comparison {
	const found: Comparison = { removed: emptySet(), modified: emptySet(), added: emptySet() };
	compare(type, { left, right, path: [], found });
	return found;
}

/** One field on both sides; undefined where it is absent. */
interface Pair {
	readonly left: unknown;
	readonly right: unknown;
	/** Shared by all pairs: each level adds its element and removes it afterwards. */
	readonly path: PathElement[];
	readonly found: Comparison;
}

function compare(type: KubeType, pair: Pair): void {
	const { left, right, path, found } = pair;
	if (isLeaf(type, left, right)) {
		if (left !== undefined && right !== undefined) {
			if (!jsonEqual(left, right)) insert(found.modified, path);
			return;
		}
	} else if (type.form === 'list') compareLists(type, pair);
	else compareFields(type, pair);
	if (left === undefined) insert(found.added, path);
	else if (right === undefined) insert(found.removed, path);
}

/** A scalar, an atomic list or map, and a list or map that is empty on both sides. */
export function isLeaf(type: KubeType, left: unknown, right: unknown): boolean {
	switch (type.form) {
		case 'scalar':
			return true;
		case 'list':
			return type.listType === 'atomic' || (!hasElements(left) && !hasElements(right));
		case 'any':
			return !isJsonObject(left ?? right) || !isJsonObject(right ?? left) || !(hasFields(left) || hasFields(right));
		default:
			return type.isAtomic || !(hasFields(left) || hasFields(right));
	}
}
const hasElements = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
const hasFields = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length > 0;

function descend(type: KubeType, pair: Pair, element: PathElement, left: unknown, right: unknown): void {
	pair.path.push(element);
	compare(type, { ...pair, left, right });
	pair.path.pop();
}

function compareFields(type: Exclude<KubeType, ListType>, pair: Pair): void {
	const [left, right] = [asObject(pair.left), asObject(pair.right)];
	const names = new Set([...Object.keys(left), ...Object.keys(right)]);
	for (const name of names) {
		const fieldType = type.form === 'scalar' ? anyType : typeOfField(type, name);
		descend(fieldType, pair, fieldElement(name), ownOf(left, name), ownOf(right, name));
	}
}
const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const ownOf = (object: JsonObject, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);

/** A repeated element is compared as a whole, beside the others of its path element. */
function compareLists(type: ListType, pair: Pair): void {
	const [left, right] = [pair.left, pair.right].map((list) => indexed(type, Array.isArray(list) ? list : []));
	const { removed, modified, added } = pair.found;
	for (const element of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
		const [before, after] = [left?.get(element) ?? [], right?.get(element) ?? []];
		const path = [...pair.path, element];
		if (before.length > 1 && after.length > 1) {
			if (!jsonEqual(before, after)) insert(modified, path);
		} else if (before.length > 1) {
			if (after.length > 0) descend(type.element, pair, element, undefined, after[0]);
			insert(removed, path);
		} else if (after.length > 1) {
			if (before.length > 0) descend(type.element, pair, element, before[0], undefined);
			insert(added, path);
		} else descend(type.element, pair, element, before[0], after[0]);
	}
}
