/** The path elements of the elements of a list. @source structured-merge-diff typed/helpers.go listItemToPathElement */
import { getOwn, isJsonObject, type JsonObject } from '../../json-object.ts';
import { emptyValue } from '../schema/go-form.ts';
import type { ListType } from '../schema/schema.ts';
import { keyElement, type PathElement, valueElement } from './path-element.ts';

/** An object does not fit its type. */
export class SchemaMismatch extends Error {}

export function elementOf(list: ListType, child: unknown): PathElement {
	return list.listType === 'map' ? keyed(list, child) : ofSet(child);
}

function keyed(list: ListType, child: unknown): PathElement {
	if (child === null || child === undefined)
		throw new SchemaMismatch('associative list with keys may not have a null element');
	if (!isJsonObject(child)) throw new SchemaMismatch('associative list with keys may not have non-map elements');
	const keys: JsonObject = {};
	for (const name of list.keys) {
		const value = getOwn(child, name) ?? defaultOf(list, name);
		if (value !== undefined) keys[name] = value;
	}
	if (Object.keys(keys).length > 0) return keyElement(keys);
	const names = `[${list.keys.map((name) => JSON.stringify(name)).join(' ')}]`;
	const because = "(and doesn't have default values for any key fields)";
	throw new SchemaMismatch(`associative list with keys has an element that omits all key fields ${names} ${because}`);
}

/** The default of the field, or the empty value of a field that Go always writes. */
function defaultOf({ element }: ListType, name: string): unknown {
	const field = element.form === 'struct' ? element.fields.get(name) : undefined;
	if (field === undefined || field.default !== undefined) return field?.default;
	return field.isAlwaysWritten ? (emptyValue(field) ?? undefined) : undefined;
}

function ofSet(child: unknown): PathElement {
	if (Array.isArray(child)) throw new SchemaMismatch('not supported: associative list with lists as elements');
	if (child === null || child === undefined)
		throw new SchemaMismatch("associative list without keys has an element that's an explicit null");
	if (isJsonObject(child)) throw new SchemaMismatch("associative list without keys has an element that's a map type");
	return valueElement(child);
}

/** The elements by path element, in the order of the list; several where a path element is repeated. */
export function indexed(list: ListType, values: readonly unknown[]): Map<PathElement, unknown[]> {
	const found = new Map<PathElement, unknown[]>();
	for (const [at, value] of values.entries()) {
		const element = atElement(list, value, at);
		const same = found.get(element);
		if (same === undefined) found.set(element, [value]);
		else same.push(value);
	}
	return found;
}

function atElement(list: ListType, value: unknown, at: number): PathElement {
	try {
		return elementOf(list, value);
	} catch (error) {
		if (error instanceof SchemaMismatch) throw new SchemaMismatch(`: element ${at}: ${error.message}`);
		throw error;
	}
}
