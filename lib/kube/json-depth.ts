/** Bounds the nesting of a value, because later code reads it with recursion, and the number of its values. */
import { KubejoinError } from '../errors.ts';
import type { JsonObject } from '../json-object.ts';
import { limits } from '../limits.ts';

/** @throws API_BAD_REQUEST */
export function requireBounded(value: unknown): void {
	if (isDeeperThan(limits.patchDepth.value, value))
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'exceeded max depth' });
	requireFewValues(countValues(value, limits.jsonValues.value));
}

/** @throws API_BAD_REQUEST */
export function requireFewValues(count: number): void {
	const max = limits.jsonValues.value;
	if (count <= max) return;
	throw new KubejoinError('API_BAD_REQUEST', { problem: `more than ${max} values`, limit: 'jsonValues' });
}

/** The entries of lists and objects; it stops soon after `max`. */
export function countValues(value: unknown, max: number): number {
	if (typeof value !== 'object' || value === null) return 0;
	let count = 0;
	if (Array.isArray(value)) {
		for (const one of value) {
			if (count > max) break;
			count += 1 + countValues(one, max - count - 1);
		}
		return count;
	}
	// Without a list of the entries: each write is counted.
	for (const name in value) {
		if (count > max) break;
		if (Object.hasOwn(value, name)) count += 1 + countValues((value as JsonObject)[name], max - count - 1);
	}
	return count;
}

/** The recursion ends at the limit. */
function isDeeperThan(depth: number, value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return false;
	if (depth === 0) return true;
	for (const entry of Array.isArray(value) ? value : Object.values(value)) {
		if (typeof entry === 'object' && isDeeperThan(depth - 1, entry)) return true;
	}
	return false;
}

/** About the length of the JSON text of a value, without making the text. */
export function approximateBytes(value: unknown): number {
	if (typeof value === 'string') return value.length + 2;
	if (typeof value !== 'object' || value === null) return 5;
	let bytes = 2;
	if (Array.isArray(value)) {
		for (const entry of value) bytes += approximateBytes(entry) + 1;
		return bytes;
	}
	// Without a list of the entries, as above.
	for (const name in value)
		if (Object.hasOwn(value, name)) bytes += name.length + 4 + approximateBytes((value as JsonObject)[name]);
	return bytes;
}

/** In memory, a value takes about so much more than its text: a field has a name, and an object has a table. */
const BYTES_OF_VALUE = 64;

/** About the memory that a value takes. */
export const approximateMemory = (value: unknown, bytes = approximateBytes(value)): number =>
	bytes + BYTES_OF_VALUE * countValues(value, Number.POSITIVE_INFINITY);
