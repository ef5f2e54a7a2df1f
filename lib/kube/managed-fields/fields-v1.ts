/**
 * FieldsV1, the JSON form of a set of fields: `{"f:data":{".":{},"f:a":{}}}`.
 *
 * @source structured-merge-diff fieldpath/serialize.go
 */
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { emptySet, type FieldSet, isEmpty } from './field-set.ts';
import { canonicalElement, sortedElements } from './path-element.ts';

export function fieldsV1Of(set: FieldSet, isMember = false): JsonObject {
	const written: JsonObject = {};
	if (isMember && !isEmpty(set)) written['.'] = {};
	for (const element of sortedElements(new Set([...set.members, ...set.children.keys()]))) {
		const child = set.children.get(element);
		written[element] = child === undefined ? {} : fieldsV1Of(child, set.members.has(element));
	}
	return written;
}

/** @throws SyntaxError  the value is not FieldsV1 */
export function setOfFieldsV1(fields: unknown): FieldSet {
	return isJsonObject(fields) ? readSet(fields, 0) : emptySet();
}

function readSet(fields: JsonObject, depth: number): FieldSet {
	if (depth > limits.patchDepth.value) throw new SyntaxError('FieldsV1 is nested too deeply');
	const set = emptySet();
	for (const [text, value] of Object.entries(fields)) {
		const element = text === '.' ? undefined : canonicalElement(text);
		if (element === undefined) continue;
		if (!isJsonObject(value)) throw new SyntaxError(`FieldsV1 has no object at ${element}`);
		const child = readSet(value, depth + 1);
		if (isEmpty(child) || Object.hasOwn(value, '.')) set.members.add(element);
		if (!isEmpty(child)) set.children.set(element, child);
	}
	return set;
}
