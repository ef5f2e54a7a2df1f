/**
 * Whether a JSON value has the types of a message, without a copy and without a text: a heartbeat is checked several
 * times. It knows the usual forms of values only; read.ts has the rules, and decides about any other value.
 */
import { isObject, type Json } from './read.ts';
import type { Message, ValueType } from './schema.ts';

/** @returns false if a value does not fit, or has an unusual form */
export function fits(message: Message, value: Json): boolean {
	const { jsonFields } = message;
	for (const name of Object.keys(value)) {
		const found = jsonFields.get(name);
		const one = value[name];
		if (found !== undefined && !isAbsent(one) && !fitsType(found.field.type, one)) return false;
	}
	return true;
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined;

function fitsType(type: ValueType, value: unknown): boolean {
	switch (type.form) {
		case 'any':
		case 'raw':
		case 'fieldsV1':
			return true;
		case 'message':
			return isObject(value) && fits(type.message, value);
		case 'list':
			return Array.isArray(value) && value.every((one) => one === null || fitsType(type.item, one));
		case 'map':
			return isObject(value) && fitsMap(type, value);
		case 'strings':
			return Array.isArray(value) && value.every((one) => isAbsent(one) || isText(one));
		default:
			return fitsScalar(type, value);
	}
}

function fitsMap({ item }: ValueType, map: Json): boolean {
	for (const key of Object.keys(map)) {
		const one = map[key];
		if (!isText(key) || !(one === null || fitsType(item, one))) return false;
	}
	return true;
}

function fitsScalar({ form }: ValueType, value: unknown): boolean {
	switch (form) {
		case 'string':
			return isText(value);
		case 'bool':
			return typeof value === 'boolean';
		case 'int32':
			return Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31;
		case 'int64':
			return Number.isSafeInteger(value);
		default: {
			const usual = usualForms[form];
			return usual !== undefined && typeof value === 'string' && value.length <= MAX_USUAL && usual.test(value);
		}
	}
}

const isText = (value: unknown): boolean => typeof value === 'string' && !/\p{Cs}/u.test(value);

const MAX_USUAL = 32;
/** Days that not every month has are unusual. */
const usualTime = '(?!0000)\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d';
const usualForms: Partial<Record<ValueType['form'], RegExp>> = {
	time: new RegExp(`^${usualTime}Z$`),
	microTime: new RegExp(`^${usualTime}\\.\\d{6}Z$`),
	quantity: /^\d{1,15}(?:[KMG]i|m)?$/,
};
