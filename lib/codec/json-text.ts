/**
 * Parses JSON as Go does: with its messages, with a bounded depth, and with the keys that an object has twice.
 * @source Go encoding/json scanner.go and decode.go
 */
import { KubejoinError } from '../errors.ts';
import { isJsonObject, type JsonObject, setOwn } from '../json-object.ts';
import { limits } from '../limits.ts';

export class JsonSyntaxError extends Error {}

export interface ParsedJson {
	readonly value: unknown;
	readonly duplicates: ReadonlyMap<object, ReadonlySet<string>>;
}

/**
 * @throws JsonSyntaxError  `invalid character '}' looking for beginning of value`
 * @throws API_BAD_REQUEST  more values than the limit
 */
export function parseJsonText(text: string): ParsedJson {
	const shape = shapeOf(text);
	if (shape.depth > limits.jsonDepth.value && shape.values > limits.jsonValues.value)
		throw new JsonSyntaxError('exceeded max depth');
	requireFew(shape);
	const plain = parsePlain(text, shape);
	if (plain !== undefined) return plain;
	const parser = new JsonParser(text);
	return { value: parser.document(), duplicates: parser.duplicates };
}

/**
 * The value of an object in JSON; undefined for another text, and for one with a key that is there twice.
 *
 * @throws API_BAD_REQUEST  more values than the limit
 */
export function valueOfJsonObject(text: string): object | undefined {
	if (!/^\s*\{/.test(text)) return undefined;
	const shape = shapeOf(text);
	requireFew(shape);
	return parsePlain(text, shape)?.value as object | undefined;
}

/** At most so many values are in the text: entries of lists and objects. */
export const countValues = (text: string): number => shapeOf(text).values;

/** @throws API_BAD_REQUEST  more values than the limit */
export const requireFewValues = (text: string): void => requireFew(shapeOf(text));

function requireFew({ values }: Shape): void {
	const max = limits.jsonValues.value;
	if (values <= max) return;
	const problem = `the JSON text has more than ${max} values`;
	throw new KubejoinError('API_BAD_REQUEST', { problem, limit: 'jsonValues' });
}

/** By JSON.parse, which is faster; undefined for a text with a problem or with a key that is there twice. */
function parsePlain(text: string, { depth, keys }: Shape): ParsedJson | undefined {
	if (depth > limits.jsonDepth.value) return undefined;
	try {
		const value: unknown = JSON.parse(text);
		return countKeys(value) === keys ? { value, duplicates: new Map() } : undefined;
	} catch {
		return undefined;
	}
}

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

interface Shape {
	readonly depth: number;
	/** The colons outside of strings. */
	readonly keys: number;
	/** At most: each follows a comma or opens a list or an object. */
	readonly values: number;
}

/** Without parsing, because the values of a long text take a hundred times as much time as its characters. */
function shapeOf(text: string): Shape {
	let [keys, values, depth, open] = [0, 0, 0, 0];
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code === QUOTE) at = endOfString(text, at);
		else if (code === COLON) keys++;
		else if (code === COMMA) values++;
		else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
			values++;
			depth = Math.max(depth, ++open);
		} else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open--;
	}
	return { depth, keys, values };
}

function endOfString(text: string, start: number): number {
	let end = start;
	for (;;) {
		end = text.indexOf('"', end + 1);
		if (end === -1) return text.length;
		let backslashes = 0;
		while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
		if (backslashes % 2 === 0) return end;
	}
}

function countKeys(value: unknown): number {
	if (typeof value !== 'object' || value === null) return 0;
	const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
	let count = Array.isArray(value) ? 0 : inner.length;
	for (const one of inner) count += countKeys(one);
	return count;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
// Tables by code, because a text can have millions of escapes.
const codesOf = (text: string): Uint8Array => {
	const table = new Uint8Array(0x80);
	for (const one of text) table[one.charCodeAt(0)] = 1;
	return table;
};
const escapes = codesOf('"\\/bfnrtu');
const hexDigits = codesOf('0123456789abcdefABCDEF');
const UNICODE_ESCAPE = 0x75;
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const space = /[ \t\r\n]*/y;

class JsonParser {
	readonly duplicates = new Map<object, Set<string>>();
	readonly #text: string;
	#at = 0;
	#depth = 0;
	#repeats = 0;

	constructor(text: string) {
		this.#text = text;
	}

	document(): unknown {
		this.#space();
		const value = this.#value();
		this.#space();
		if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
		return value;
	}

	#value(): unknown {
		const start = this.#text[this.#at];
		if (start === '{') return this.#nested(() => this.#object());
		if (start === '[') return this.#nested(() => this.#array());
		if (start === '"') return this.#string();
		if (start === 't') return this.#literal('true', true);
		if (start === 'f') return this.#literal('false', false);
		if (start === 'n') return this.#literal('null', null);
		if (start !== undefined && /[-\d]/.test(start)) return this.#number();
		throw this.#unexpected('looking for beginning of value');
	}

	#nested<T>(parse: () => T): T {
		if (++this.#depth > limits.jsonDepth.value) throw new JsonSyntaxError('exceeded max depth');
		this.#at++;
		this.#space();
		const value = parse();
		this.#depth--;
		return value;
	}

	#object(): JsonObject {
		const object: JsonObject = {};
		if (this.#takes('}')) return object;
		for (;;) {
			if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
			const key = this.#string();
			this.#space();
			if (!this.#takes(':')) throw this.#unexpected('after object key');
			this.#space();
			const value = this.#value();
			if (Object.hasOwn(object, key)) this.#repeat(object, key, value);
			else setOwn(object, key, value);
			this.#space();
			if (this.#takes('}')) return object;
			if (!this.#takes(',')) throw this.#unexpected('after object key:value pair');
			this.#space();
		}
	}

	/**
	 * Go reads the second value into the first, so that objects are merged.
	 *
	 * @throws API_BAD_REQUEST  more repeated keys than the limit
	 */
	#repeat(object: JsonObject, key: string, value: unknown): void {
		const max = limits.jsonRepeatedKeys.value;
		if (++this.#repeats > max) {
			const problem = `the JSON text has more than ${max} repeated keys`;
			throw new KubejoinError('API_BAD_REQUEST', { problem, limit: 'jsonRepeatedKeys' });
		}
		this.duplicates.set(object, (this.duplicates.get(object) ?? new Set()).add(key));
		const before = object[key];
		if (!isJsonObject(before) || !isJsonObject(value)) setOwn(object, key, value);
		// In place, because a key can be there thousands of times.
		else for (const [name, one] of Object.entries(value)) setOwn(before, name, one);
	}

	#array(): unknown[] {
		const array: unknown[] = [];
		if (this.#takes(']')) return array;
		for (;;) {
			array.push(this.#value());
			this.#space();
			if (this.#takes(']')) return array;
			if (!this.#takes(',')) throw this.#unexpected('after array element');
			this.#space();
		}
	}

	#string(): string {
		const [text, start] = [this.#text, this.#at];
		let hasEscapes = false;
		let at = start + 1;
		for (; ; at++) {
			const code = text.charCodeAt(at);
			if (code === QUOTE) break;
			if (code === BACKSLASH) {
				hasEscapes = true;
				at = this.#endOfEscape(at);
			} else if (!(code >= FIRST_PRINTABLE)) throw this.#unexpectedAt(at, 'in string literal');
		}
		this.#at = at + 1;
		return hasEscapes ? JSON.parse(this.#text.slice(start, this.#at)) : this.#text.slice(start + 1, this.#at - 1);
	}

	/** The place of its last character. */
	#endOfEscape(start: number): number {
		const text = this.#text;
		const code = text.charCodeAt(start + 1);
		if (escapes[code] !== 1) throw this.#unexpectedAt(start + 1, 'in string escape code');
		if (code !== UNICODE_ESCAPE) return start + 1;
		const end = start + 5;
		for (let at = start + 2; at <= end; at++) {
			if (hexDigits[text.charCodeAt(at)] !== 1) throw this.#unexpectedAt(at, 'in \\u hexadecimal character escape');
		}
		return end;
	}

	#number(): number {
		numberForm.lastIndex = this.#at;
		const start = this.#at;
		if (!numberForm.test(this.#text)) {
			this.#at++;
			throw this.#unexpected('in numeric literal');
		}
		this.#at = numberForm.lastIndex;
		const next = this.#text[this.#at] ?? '';
		if (next === '.') {
			this.#at++;
			throw this.#unexpected('after decimal point in numeric literal');
		}
		if (/[eE]/.test(next)) {
			this.#at += /^[eE][+-]/.test(this.#text.slice(this.#at, this.#at + 2)) ? 2 : 1;
			throw this.#unexpected('in exponent of numeric literal');
		}
		return Number(this.#text.slice(start, this.#at));
	}

	#literal<T>(text: string, value: T): T {
		for (const character of text) {
			if (this.#text[this.#at] !== character) {
				const expected = `in literal ${text} (expecting '${character}')`;
				throw this.#unexpected(expected);
			}
			this.#at++;
		}
		return value;
	}

	#space(): void {
		space.lastIndex = this.#at;
		space.test(this.#text);
		this.#at = space.lastIndex;
	}

	#takes(character: string): boolean {
		if (this.#text[this.#at] !== character) return false;
		this.#at++;
		return true;
	}

	#unexpectedAt(at: number, where: string): JsonSyntaxError {
		this.#at = at;
		return this.#unexpected(where);
	}

	#unexpected(where: string): JsonSyntaxError {
		const character = this.#text.codePointAt(this.#at);
		if (character === undefined) return new JsonSyntaxError('unexpected end of JSON input');
		const [byte = 0] = Buffer.from(String.fromCodePoint(character));
		return new JsonSyntaxError(`invalid character ${quoteByte(byte)} ${where}`);
	}
}

/** @source scanner.go quoteChar, which reads a byte as a code point */
function quoteByte(byte: number): string {
	if (byte === 0x27) return "'\\''";
	if (byte === 0x22) return `'"'`;
	const names: Readonly<Record<number, string>> = {
		7: '\\a',
		8: '\\b',
		9: '\\t',
		10: '\\n',
		11: '\\v',
		12: '\\f',
		13: '\\r',
		92: '\\\\',
	};
	const isPrintable = (byte >= 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
	const hex = byte.toString(16).padStart(2, '0');
	return `'${names[byte] ?? (isPrintable ? String.fromCharCode(byte) : byte < 0x80 ? `\\x${hex}` : `\\u00${hex}`)}'`;
}
