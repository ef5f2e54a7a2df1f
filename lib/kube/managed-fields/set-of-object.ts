/** The set of all fields of an object. @source structured-merge-diff typed/tofieldset.go */
import { isJsonObject } from '../json-object.ts';
import { anyType, type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { emptySet, type FieldSet, insert } from './field-set.ts';
import { indexed } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

/** @throws SchemaMismatch */
export function setOfObject(type: KubeType, object: unknown): FieldSet {
	const set = emptySet();
	visit(type, object, [], set);
	return set;
}

function visit(type: KubeType, value: unknown, path: PathElement[], set: FieldSet): void {
	if (type.form === 'list') visitList(type, value, path, set);
	else if (type.form === 'scalar' || (type.form === 'any' && !isJsonObject(value))) insert(set, path);
	else if ((type.form === 'struct' || type.form === 'map') && type.isAtomic) insert(set, path);
	else if (isJsonObject(value)) {
		for (const [name, entry] of Object.entries(value)) {
			const isNamed = type.form === 'struct' && type.fields.has(name);
			const isEmptyValue = entry === null || (isJsonObject(entry) && Object.keys(entry).length === 0);
			descend(typeOfField(type, name), entry, path, fieldElement(name), set, !isNamed || isEmptyValue);
		}
	}
}

function descend(
	type: KubeType,
	value: unknown,
	path: PathElement[],
	element: PathElement,
	set: FieldSet,
	isMember: boolean,
): void {
	path.push(element);
	visit(type, value, path, set);
	if (isMember) insert(set, path);
	path.pop();
}

/** Of repeated elements, only the path element is a member. */
function visitList(type: ListType, value: unknown, path: PathElement[], set: FieldSet): void {
	if (type.listType === 'atomic') {
		insert(set, path);
		return;
	}
	for (const [element, values] of indexed(type, Array.isArray(value) ? value : []))
		descend(values.length > 1 ? atomicType : type.element, values[0], path, element, set, true);
}
const atomicType: KubeType = { form: 'map', element: anyType, isAtomic: true };
