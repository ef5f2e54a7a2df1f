/** The set of all fields of an object. @source structured-merge-diff typed/tofieldset.go */
import { isJsonObject } from '../../json-object.ts';
import { type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { emptySet, type FieldSet, isEmpty } from './field-set.ts';
import { indexed } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

/** @throws SchemaMismatch */
export function setOfObject(type: KubeType, object: unknown): FieldSet {
	const set = emptySet();
	if (!isWhole(type, object)) addInner(type, object, set);
	return set;
}

/** A scalar, and an atomic list or map. */
const isWhole = (type: KubeType, value: unknown): boolean =>
	type.form === 'list'
		? type.listType === 'atomic'
		: type.form === 'scalar' || (type.form === 'any' ? !isJsonObject(value) : type.isAtomic);

/** Adds the fields of a struct or map, or the elements of a list. */
function addInner(type: KubeType, value: unknown, set: FieldSet): void {
	if (type.form === 'list') {
		addElements(type, Array.isArray(value) ? value : [], set);
		return;
	}
	if (type.form === 'scalar' || !isJsonObject(value)) return;
	for (const name of Object.keys(value)) {
		const entry = value[name];
		const isNamed = type.form === 'struct' && type.fields.has(name);
		const isEmptyValue = entry === null || (isJsonObject(entry) && Object.keys(entry).length === 0);
		add(typeOfField(type, name), entry, fieldElement(name), set, !isNamed || isEmptyValue);
	}
}

/** Of repeated elements, only the path element is a member. */
function addElements(type: ListType, values: readonly unknown[], set: FieldSet): void {
	for (const [element, same] of indexed(type, values)) {
		if (same.length > 1) set.members.add(element);
		else add(type.element, same[0], element, set, true);
	}
}

function add(type: KubeType, value: unknown, element: PathElement, set: FieldSet, isMember: boolean): void {
	const isLeaf = isWhole(type, value);
	if (isMember || isLeaf) set.members.add(element);
	if (isLeaf) return;
	const inner = emptySet();
	addInner(type, value, inner);
	if (!isEmpty(inner)) set.children.set(element, inner);
}
