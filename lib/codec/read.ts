/**
 * Reads a JSON value as a message, as upstream's decoder reads it into a Go struct: types are checked, unknown fields
 * are reported and dropped, and times, quantities and empty fields get the form in which upstream keeps them. An absent
 * field has Go's zero, so no empty list, empty map, null or `omitempty` zero is in the result.
 * @source sigs.k8s.io/json internal/golang/encoding/json decode.go; encoding/base64; time.Parse
 * @differs an integer of more than 53 bits is refused, because a JavaScript number would change it; upstream accepts 64
 *   bits in tolerationSeconds, terminationGracePeriodSeconds, gracePeriodSeconds, observedGeneration,
 *   nodeAllocatableUpdatePeriodSeconds, and the sizes of the images and the swap of a node. 1e2 is accepted as 100. An
 *   object of a request has at most 1,024 quantities
 */
import { decodeBase64 } from '../base64.ts';
import { KubejoinError } from '../errors.ts';
import { isJsonObject, type JsonObject, setOwn } from '../json-object.ts';
import { parseQuantity, QuantityError } from './quantity.ts';
import type { Field, Message, ValueType } from './schema.ts';
import { canonicalTime, isZeroTime, parseTime, TimeError } from './times.ts';

export interface Reading {
	/** Without fields that the message does not have. */
	readonly object: JsonObject;
	/** Upstream's text of the first value that does not fit its type. */
	readonly problem: string | undefined;
	/** `unknown field "spec.foo"`, `duplicate field "metadata.name"`: at most 100, as upstream. */
	readonly strictProblems: readonly string[];
}

/** The keys that each object of a parsed text has more than once. */
export type DuplicateKeys = ReadonlyMap<object, ReadonlySet<string>>;

export interface ReadingOptions {
	readonly duplicates?: DuplicateKeys | undefined;
	/** Default: any number, as for an object that is stored. */
	readonly maxQuantities?: number;
}

/** @throws API_BAD_REQUEST  there are more quantities */
export function readMessage(message: Message, value: unknown, options: ReadingOptions = {}): Reading {
	const reader = new Reader(options);
	const read = reader.message(message, value as JsonObject, undefined);
	return {
		object: read,
		problem: reader.problem,
		strictProblems: reader.problem === undefined ? [...reader.strictProblems] : [],
	};
}

/** A field, an item of a list or an entry of a map; its texts are made for a problem only. */
interface Position {
	readonly parent: Position | undefined;
	/** A field of this struct; absent for an item or an entry. */
	readonly struct?: string;
	readonly through?: readonly string[] | undefined;
	readonly name: string | number;
}

/** With indexes and keys: `spec.taints[0].key`. */
function strictPathOf({ parent, name }: Position): string {
	const above = parent === undefined ? '' : strictPathOf(parent);
	return typeof name === 'number' ? `${above}[${name}]` : below(above, name);
}
/** Names of the fields alone: `spec.taints.key`. */
function fieldPathOf({ parent, struct, through = [], name }: Position): string {
	const above = parent === undefined ? '' : fieldPathOf(parent);
	return struct === undefined ? above : [above, ...through, name].filter((part) => part !== '').join('.');
}
const structOf = (at: Position | undefined): string | undefined =>
	at === undefined || at.struct !== undefined ? at?.struct : structOf(at.parent);

const mismatchText = (what: string, goType: string, at: Position): string =>
	`json: cannot unmarshal ${what} into Go struct field ${structOf(at)}.${fieldPathOf(at)} of type ${goType}`;

export const MAX_STRICT_PROBLEMS = 100;

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The name of a JSON value in Go's messages. For a number that does not fit, the message contains the value. */
export function nameOf(value: unknown): string {
	if (Array.isArray(value)) return 'array';
	if (value === null) return 'null';
	if (typeof value === 'boolean') return 'bool';
	return typeof value;
}

class Reader {
	/** Of the first value that Go's decoder saves; one of a type's own decoder ends the decoding and replaces it. */
	problem: string | undefined;
	readonly strictProblems = new Set<string>();
	#isEnded = false;
	#quantities = 0;
	readonly #duplicates: DuplicateKeys;
	readonly #maxQuantities: number;

	constructor({ duplicates = new Map(), maxQuantities = Number.POSITIVE_INFINITY }: ReadingOptions) {
		this.#duplicates = duplicates;
		this.#maxQuantities = maxQuantities;
	}

	message(message: Message, value: JsonObject, parent: Position | undefined): JsonObject {
		const read: JsonObject = {};
		const { jsonFields } = message;
		const duplicates = this.#duplicates.get(value);
		for (const name of Object.keys(value)) {
			const found = jsonFields.get(name);
			const at: Position = { parent, struct: message.goName, through: found?.through, name };
			if (found === undefined) {
				this.#strict('unknown', at);
				continue;
			}
			if (duplicates?.has(name)) this.#strict('duplicate', at);
			const result = this.#field(found.field, value[name], at);
			if (result !== undefined) setOwn(read, name, result);
		}
		return read;
	}

	#field(field: Field, value: unknown, at: Position): unknown {
		if (value === null || value === undefined) return undefined;
		const result = this.value(field.type, value, at);
		// An absent amount is written as zero, and a patch reads the written value.
		const isZeroAmount = field.type.form === 'quantity' && result === '0';
		return field.isPointer || !(isZeroAmount || isDropped(field, result)) ? result : undefined;
	}

	value(type: ValueType, value: unknown, at: Position): unknown {
		if (this.#isEnded) return undefined;
		switch (type.form) {
			case 'any':
			case 'raw':
				return value;
			case 'fieldsV1':
				return value;
			case 'list':
				return this.#list(type, value, at);
			case 'map':
				return this.#map(type, value, at);
			case 'message':
				if (isJsonObject(value)) return this.message(type.message, value, at);
				return this.#mismatch(nameOf(value), type.goType, at);
			case 'strings':
				if (Array.isArray(value)) return value.map((one) => this.#string(one ?? '', 'string', at) ?? '');
				return this.#mismatch(nameOf(value), type.goType, at);
			default:
				return this.#scalar(type, value, at);
		}
	}

	#list(type: ValueType, value: unknown, at: Position): unknown[] | undefined {
		if (!Array.isArray(value)) return this.#mismatch(nameOf(value), type.goType, at);
		const { item } = type;
		return value.map((one, index) => {
			const position = { parent: at, name: index };
			return (one === null ? undefined : this.value(item, one, position)) ?? zeroOf(item);
		});
	}

	#map(type: ValueType, value: unknown, at: Position): JsonObject | undefined {
		if (!isJsonObject(value)) return this.#mismatch(nameOf(value), type.goType, at);
		const read: JsonObject = {};
		const duplicates = this.#duplicates.get(value);
		for (const [key, one] of Object.entries(value)) {
			const position = { parent: at, name: key };
			if (duplicates?.has(key)) this.#strict('duplicate', position);
			this.#string(key, 'string', position);
			setOwn(read, key, (one === null ? undefined : this.value(type.item, one, position)) ?? zeroOf(type.item));
		}
		return read;
	}

	#scalar({ form, goType }: ValueType, value: unknown, at: Position): unknown {
		switch (form) {
			case 'string':
				return this.#string(value, goType, at);
			case 'bool':
				return typeof value === 'boolean' ? value : this.#mismatch(nameOf(value), goType, at);
			case 'int32':
			case 'int64':
				return this.#integer(form, goType, value, at);
			case 'bytes':
				return this.#bytes(value, goType, at);
			case 'quantity':
				return this.#quantity(value);
			case 'intOrString':
				if (typeof value === 'string') return this.#string(value, 'string', at);
				if (typeof value === 'number' && isInt32(value)) return value;
				return this.#end(mismatchText(nameOrNumber(value), 'int32', at));
			default:
				return this.#time(form as 'time' | 'microTime', value, at);
		}
	}

	#string(value: unknown, goType: string, at: Position): string | undefined {
		if (typeof value !== 'string') return this.#mismatch(nameOf(value), goType, at);
		if (!/\p{Cs}/u.test(value)) return value;
		return this.#end(`${strictPathOf(at)}: the text is not well-formed Unicode`);
	}

	#integer(form: 'int32' | 'int64', goType: string, value: unknown, at: Position): number | undefined {
		if (typeof value !== 'number') return this.#mismatch(nameOf(value), goType, at);
		const fits = form === 'int32' ? isInt32(value) : Number.isSafeInteger(value);
		return fits ? value + 0 : this.#mismatch(`number ${value}`, goType, at);
	}

	/** Line breaks are passed over, as Go does. */
	#bytes(value: unknown, goType: string, at: Position): string | undefined {
		if (typeof value !== 'string') return this.#mismatch(nameOf(value), goType, at);
		const found = decodeBase64(value);
		if (!('corruptAt' in found)) return found.toString('base64');
		this.problem ??= `illegal base64 data at input byte ${found.corruptAt}`;
		return undefined;
	}

	#quantity(value: unknown): string | undefined {
		const max = this.#maxQuantities;
		this.#quantities += 1;
		if (this.#quantities > max)
			throw new KubejoinError('API_BAD_REQUEST', { problem: `more than ${max} quantities`, limit: 'quantities' });
		const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
		try {
			return parseQuantity(text ?? '').canonical;
		} catch (error) {
			if (!(error instanceof QuantityError)) throw error;
			return this.#end(error.message);
		}
	}

	#time(form: 'time' | 'microTime', value: unknown, at: Position): string | undefined {
		if (typeof value !== 'string') return this.#end(mismatchText(nameOf(value), 'string', at));
		try {
			const time = parseTime(value, form);
			return isZeroTime(time) ? undefined : canonicalTime(value, time, form);
		} catch (error) {
			if (!(error instanceof TimeError)) throw error;
			return this.#end(error.message);
		}
	}

	#mismatch(what: string, goType: string, at: Position): undefined {
		this.problem ??= mismatchText(what, goType, at);
		return undefined;
	}

	#end(problem: string): undefined {
		if (!this.#isEnded) this.problem = problem;
		this.#isEnded = true;
		return undefined;
	}

	#strict(what: 'unknown' | 'duplicate', at: Position): void {
		if (!this.#isEnded && this.strictProblems.size < MAX_STRICT_PROBLEMS)
			this.strictProblems.add(`${what} field ${JSON.stringify(strictPathOf(at))}`);
	}
}

const isInt32 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
/** As `nameOf`, with the value of a number. */
export const nameOrNumber = (value: unknown): string => (typeof value === 'number' ? `number ${value}` : nameOf(value));

/** Go's zero of a value that is an item of a list or a map. */
export function zeroOf({ form }: ValueType): unknown {
	switch (form) {
		case 'bool':
			return false;
		case 'int32':
		case 'int64':
		case 'intOrString':
			return 0;
		case 'string':
		case 'bytes':
			return '';
		case 'quantity':
			return '0';
		case 'message':
			return {};
		case 'strings':
		case 'list':
			return [];
		default:
			return null;
	}
}

/** Whether a field that is no pointer is omitted, or the same as an absent one. */
export function isDropped({ name, omitEmpty, type: { form } }: Field, value: unknown): boolean {
	if (value === undefined) return true;
	// An empty list removes the owners of all fields, and an absent one keeps them.
	if (name === 'managedFields') return false;
	if (form === 'list' || form === 'strings') return (value as unknown[]).length === 0;
	if (form === 'map') return Object.keys(value as JsonObject).length === 0;
	return omitEmpty && (value === '' || value === 0 || value === false);
}
