/**
 * Converts a parsed value to the types of a message, as upstream converts the result of a strategic merge patch or of
 * an apply: the value is not decoded again, so the messages are others, and an integer that is too large for a field of
 * 32 bits keeps its lower 32 bits.
 *
 * @source apimachinery/pkg/runtime/converter.go fromUnstructured; structured-merge-diff value/reflectcache.go
 */
import { decodeBase64 } from '../base64.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { parseQuantity, QuantityError } from './quantity.ts';
import { nameOf, nameOrNumber } from './read.ts';
import type { Message, ValueType } from './schema.ts';
import { parseTime, TimeError } from './times.ts';

export interface Conversion {
	/** With the unknown fields of the value. Unchanged parts are shared. */
	readonly object: JsonObject;
	/** Upstream's text of the first value that cannot be converted. */
	readonly problem: string | undefined;
}

export function convertMessage(message: Message, value: JsonObject): Conversion {
	try {
		return { object: convertedMessage(message, value), problem: undefined };
	} catch (error) {
		if (error instanceof ConversionError || error instanceof QuantityError || error instanceof TimeError)
			return { object: value, problem: error.message };
		throw error;
	}
}

class ConversionError extends Error {}
const refuse = (problem: string): never => {
	throw new ConversionError(problem);
};

/** In the order of Go's struct, which decides about the first problem. */
function convertedMessage({ jsonFields }: Message, value: JsonObject): JsonObject {
	const names = Object.keys(value).filter((name) => jsonFields.has(name));
	if (names.length > 1) names.sort((one, other) => orderOf(one) - orderOf(other));
	let changed: JsonObject | undefined;
	for (const name of names) {
		const found = value[name];
		const field = jsonFields.get(name)?.field;
		if (field === undefined || found === null || found === undefined) continue;
		const converted = convertedValue(field.type, found);
		if (converted !== found) changed = { ...(changed ?? value), [name]: converted };
	}
	return changed ?? value;

	function orderOf(name: string): number {
		return jsonFields.get(name)?.order ?? 0;
	}
}

function convertedValue(type: ValueType, value: unknown): unknown {
	switch (type.form) {
		case 'message':
			if (!isJsonObject(value)) return refuse(`cannot restore struct from: ${kindOf(value)}`);
			return convertedMessage(type.message, value);
		case 'map':
			if (!isJsonObject(value)) return refuse(`cannot restore map from ${kindOf(value)}`);
			return convertedMap(type.item, value);
		case 'list':
			if (!Array.isArray(value)) return refuse(`cannot restore slice from ${kindOf(value)}`);
			return convertedList(type.item, value);
		case 'strings':
			if (!Array.isArray(value)) return refuse(`cannot restore slice from ${kindOf(value)}`);
			for (const item of value) if (item !== null) requireText('string', item);
			return value;
		case 'bytes':
			requireBytes(value);
			return value;
		default:
			return convertedScalar(type, value);
	}
}

function convertedMap(item: ValueType, value: JsonObject): JsonObject {
	const changes: [string, unknown][] = [];
	for (const [key, one] of Object.entries(value)) {
		const converted = one === null ? one : convertedValue(item, one);
		if (converted !== one) changes.push([key, converted]);
	}
	return changes.length === 0 ? value : Object.fromEntries([...Object.entries(value), ...changes]);
}

function convertedList(item: ValueType, values: readonly unknown[]): readonly unknown[] {
	const converted = values.map((one) => (one === null ? one : convertedValue(item, one)));
	return converted.some((one, index) => one !== values[index]) ? converted : values;
}

function convertedScalar({ form, goType }: ValueType, value: unknown): unknown {
	switch (form) {
		case 'string':
			requireText(goType, value);
			return value;
		case 'bool':
			return typeof value === 'boolean' ? value : refuse('unrecognized type: bool');
		case 'int32':
		case 'int64':
			if (typeof value !== 'number') return refuse(`unrecognized type: ${form}`);
			if (!Number.isInteger(value)) return refuse(`cannot convert float64 to ${goType}`);
			return form === 'int32' ? lower32Bits(value) : value;
		case 'quantity':
			parseQuantity(typeof value === 'string' ? value.trim() : JSON.stringify(value));
			return value;
		case 'intOrString':
			if (typeof value === 'string' || (typeof value === 'number' && (value | 0) === value)) return value;
			return refuse(`json: cannot unmarshal ${nameOrNumber(value)} into Go value of type int32`);
		case 'time':
		case 'microTime':
			if (typeof value !== 'string')
				return refuse(`json: cannot unmarshal ${nameOf(value)} into Go value of type string`);
			parseTime(value, form);
			return value;
		default:
			return value;
	}
}

function requireText(goType: string, value: unknown): void {
	if (typeof value === 'string') return;
	// Go converts an integer to a string, and no other value.
	refuse(Number.isInteger(value) ? `cannot convert int64 to ${goType}` : 'unrecognized type: string');
}

function requireBytes(value: unknown): void {
	if (typeof value !== 'string') return void refuse(`cannot restore slice from ${kindOf(value)}`);
	const bytes = decodeBase64(value);
	if ('corruptAt' in bytes) refuse(`error decoding from json: illegal base64 data at input byte ${bytes.corruptAt}`);
}

const lower32Bits = (value: number): number =>
	Number.isSafeInteger(value) ? Number(BigInt.asIntN(32, BigInt(value))) : value;

/** As Go's reflection names it. */
function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'slice';
	if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
	return typeof value === 'object' ? 'map' : nameOf(value);
}
