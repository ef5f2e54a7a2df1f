/** The fields in which two objects differ. @source structured-merge-diff typed/compare.go */
import { getOwn, isJsonObject, type JsonObject, jsonEqual } from '../../json-object.ts';
import { anyType, type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { emptySet, type FieldSet, isEmpty } from './field-set.ts';
import { indexed } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

export interface Comparison {
	readonly removed: FieldSet;
	readonly modified: FieldSet;
	readonly added: FieldSet;
}

/** @throws SchemaMismatch */
export function compareObjects(type: KubeType, left: unknown, right: unknown): Comparison {
	return isLeaf(type, left, right) ? noDifference() : compareInner(type, left, right);
}

const noDifference = (): Comparison => ({ removed: emptySet(), modified: emptySet(), added: emptySet() });

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

const compareInner = (type: KubeType, left: unknown, right: unknown): Comparison =>
	type.form === 'list' ? compareLists(type, left, right) : compareFields(type, left, right);

/** One field or element; a side is undefined where it is absent. */
function compare(type: KubeType, left: unknown, right: unknown, element: PathElement, found: Comparison): void {
	if (isLeaf(type, left, right)) {
		if (left !== undefined && right !== undefined) {
			if (!jsonEqual(left, right)) found.modified.members.add(element);
			return;
		}
	} else {
		const inner = compareInner(type, left, right);
		for (const part of ['removed', 'modified', 'added'] as const)
			if (!isEmpty(inner[part])) found[part].children.set(element, inner[part]);
	}
	if (left === undefined) found.added.members.add(element);
	else if (right === undefined) found.removed.members.add(element);
}

function compareFields(type: Exclude<KubeType, ListType>, before: unknown, after: unknown): Comparison {
	const found = noDifference();
	const [left, right] = [asObject(before), asObject(after)];
	const compareField = (name: string) => {
		const fieldType = type.form === 'scalar' ? anyType : typeOfField(type, name);
		compare(fieldType, getOwn(left, name), getOwn(right, name), fieldElement(name), found);
	};
	for (const name of Object.keys(left)) compareField(name);
	for (const name of Object.keys(right)) if (!Object.hasOwn(left, name)) compareField(name);
	return found;
}
const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** A repeated element is compared as a whole, beside the others of its path element. */
function compareLists(type: ListType, before: unknown, after: unknown): Comparison {
	const found = noDifference();
	const [left, right] = [before, after].map((list) => indexed(type, Array.isArray(list) ? list : []));
	for (const element of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
		const [one, other] = [left?.get(element) ?? [], right?.get(element) ?? []];
		if (one.length > 1 && other.length > 1) {
			if (!jsonEqual(one, other)) found.modified.members.add(element);
		} else if (one.length > 1) {
			if (other.length > 0) compare(type.element, undefined, other[0], element, found);
			found.removed.members.add(element);
		} else if (other.length > 1) {
			if (one.length > 0) compare(type.element, one[0], undefined, element, found);
			found.added.members.add(element);
		} else compare(type.element, one[0], other[0], element, found);
	}
	return found;
}
