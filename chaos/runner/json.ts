/** What a document, an output or a tolerance is made of, and how Python writes it: Chaos Toolkit hands values to programs that way. */

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
	readonly [key: string]: Json;
}

export const isMap = (value: unknown): value is JsonMap =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);
/** Its own value under a key; never one that every object has. */
export const at = (map: JsonMap, key: string): Json | undefined => (Object.hasOwn(map, key) ? map[key] : undefined);

/** A value with every text in it, at any depth, replaced. Keys stay. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
	const map = (one: unknown): unknown => {
		if (typeof one === 'string') return change(one);
		if (Array.isArray(one)) return one.map(map);
		if (typeof one !== 'object' || one === null) return one;
		return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, map(item)]));
	};
	return map(value) as T;
}

const named: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const hex = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;

function quoted(text: string): string {
	const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
	const inside = text.replace(/[\\\p{Cc}]/gu, (found) => named[found] ?? hex(found.charCodeAt(0)));
	return quote + (quote === "'" ? inside.replaceAll("'", "\\'") : inside) + quote;
}

/** Python's `repr()`. */
function repr(value: Json): string {
	if (value === null) return 'None';
	if (typeof value === 'boolean') return value ? 'True' : 'False';
	if (typeof value === 'number') return String(value);
	if (typeof value === 'string') return quoted(value);
	if (isList(value)) return `[${value.map(repr).join(', ')}]`;
	return `{${Object.entries(value)
		.map(([key, item]) => `${quoted(key)}: ${repr(item)}`)
		.join(', ')}}`;
}

/** Python's `str()`. */
export const pythonText = (value: Json): string => (typeof value === 'string' ? value : repr(value));
