/** Values as Go's `%v` prints them in messages: `map[a:1 b:[x y]]`. */
import { isJsonObject } from '../../json-object.ts';

const MAX_CHARACTERS = 4096;

export function goPrint(value: unknown): string {
	const text = printed(value);
	return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}...`;
}

function printed(value: unknown): string {
	if (value === null || value === undefined) return '<nil>';
	if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
	if (!isJsonObject(value)) return String(value);
	const names = Object.keys(value).sort();
	return `map[${names.map((name) => `${name}:${printed(value[name])}`).join(' ')}]`;
}
