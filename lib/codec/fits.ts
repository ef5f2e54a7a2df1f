/**
 * Whether a JSON value has the types of a message, without a copy and without a text: a heartbeat is checked several
 * times. It knows the usual forms of values only; read.ts has the rules, and decides about any other value.
 */
import { isJsonObject, type JsonObject } from '../json-object.ts';
import type { Message, ValueType } from './schema.ts';
import { usualTimes } from './times.ts';

/** A larger object is not checked twice. */
const MAX_VALUES = 1_000;

interface Budget {
	left: number;
}

/** @returns false if a value does not fit, has an unusual form, or the object has many values */
export const fits = (message: Message, value: JsonObject): boolean => fitsMessage(message, value, { left: MAX_VALUES });

function fitsMessage({ jsonFields }: Message, value: JsonObject, budget: Budget): boolean {
	// Without a list of the names: a heartbeat is checked twice.
	for (const name in value) {
		if (--budget.left < 0) return false;
		const one = Object.hasOwn(value, name) ? value[name] : undefined;
		if (one === null || one === undefined) continue;
		const found = jsonFields.get(name);
		if (found !== undefined && !fitsType(found.field.type, one, budget)) return false;
	}
	return true;
}

function fitsType(type: ValueType, value: unknown, budget: Budget): boolean {
	switch (type.form) {
		case 'any':
		case 'raw':
		case 'fieldsV1':
			return true;
		case 'message':
			return isJsonObject(value) && fitsMessage(type.message, value, budget);
		case 'list':
			return Array.isArray(value) && fitsList(value, budget, type.item);
		case 'map':
			return isJsonObject(value) && fitsMap(type.item, value, budget);
		case 'strings':
			return Array.isArray(value) && fitsList(value, budget);
		default:
			return fitsScalar(type, value);
	}
}

/** @param item  absent: strings */
function fitsList(list: readonly unknown[], budget: Budget, item?: ValueType): boolean {
	for (const one of list) {
		if (--budget.left < 0) return false;
		if (one === null) continue;
		if (!(item === undefined ? isText(one) : fitsType(item, one, budget))) return false;
	}
	return true;
}

function fitsMap(item: ValueType, map: JsonObject, budget: Budget): boolean {
	for (const key of Object.keys(map)) {
		if (--budget.left < 0) return false;
		const one = map[key];
		if (!isText(key) || !(one === null || fitsType(item, one, budget))) return false;
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
			return usual !== undefined && typeof value === 'string' && usual.test(value);
		}
	}
}

const surrogate = /\p{Cs}/u;
const isText = (value: unknown): boolean => typeof value === 'string' && !surrogate.test(value);

const usualForms: Partial<Record<ValueType['form'], RegExp>> = {
	...usualTimes,
	quantity: /^\d{1,15}(?:[KMG]i|m)?$/,
};
