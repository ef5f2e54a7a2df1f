/** The values that a YAML or JSON document consists of. */
import { isJsonObject } from '../../lib/json-object.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
	readonly [key: string]: Json;
}

export const isMap = (value: unknown): value is JsonMap => isJsonObject(value);
export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);
/** The map's own value of a key, never an inherited one. */
export const at = (map: JsonMap, key: string): Json | undefined => (Object.hasOwn(map, key) ? map[key] : undefined);

/** A copy of the value in which every string, at any depth, is replaced. Keys stay. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
	const map = (one: unknown): unknown => {
		if (typeof one === 'string') return change(one);
		if (Array.isArray(one)) return one.map(map);
		if (typeof one !== 'object' || one === null) return one;
		return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, map(item)]));
	};
	return map(value) as T;
}
