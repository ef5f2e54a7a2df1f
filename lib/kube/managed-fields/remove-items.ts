/** An object without the fields of a set. @source structured-merge-diff typed/remove.go */
import { isJsonObject, type JsonObject, setOwn } from '../../json-object.ts';
import { type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import type { FieldSet } from './field-set.ts';
import { elementOf } from './list-elements.ts';
import { fieldElement } from './path-element.ts';

/** @returns null where nothing remains */
export function removeItems(type: KubeType, value: unknown, toRemove: FieldSet): unknown {
	if (type.form === 'list') return removeElements(type, value, toRemove);
	if (type.form === 'scalar') return value;
	if (!isJsonObject(value)) return type.form === 'any' && !Array.isArray(value) ? value : null;
	if (type.form !== 'any' && type.isAtomic) return null;
	const kept: JsonObject = {};
	for (const [name, entry] of Object.entries(value)) {
		const element = fieldElement(name);
		if (toRemove.members.has(element)) continue;
		const child = toRemove.children.get(element);
		setOwn(kept, name, child === undefined ? entry : removeItems(typeOfField(type, name), entry, child));
	}
	return Object.keys(kept).length === 0 ? null : kept;
}

function removeElements(type: ListType, value: unknown, toRemove: FieldSet): unknown {
	if (!Array.isArray(value) || type.listType === 'atomic') return null;
	const kept = value.flatMap((item: unknown) => {
		const element = elementOf(type, item);
		if (toRemove.members.has(element)) return [];
		const child = toRemove.children.get(element);
		return [child === undefined ? item : removeItems(type.element, item, child)];
	});
	return kept.length === 0 ? null : kept;
}
