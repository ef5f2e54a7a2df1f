/** Values as `JSON.parse` returns them. */

export type JsonObject = Record<string, unknown>;

export const isJsonObject = (value: unknown): value is JsonObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Equal as JSON values: objects regardless of the order of their fields. */
export function jsonEqual(left: unknown, right: unknown): boolean {
	if (left === right) return true;
	if (Array.isArray(left)) {
		return (
			Array.isArray(right) && left.length === right.length && left.every((element, at) => jsonEqual(element, right[at]))
		);
	}
	if (!isJsonObject(left) || !isJsonObject(right)) return false;
	const names = Object.keys(left);
	return (
		names.length === Object.keys(right).length &&
		names.every((name) => Object.hasOwn(right, name) && jsonEqual(left[name], right[name]))
	);
}

/** Sets an own property, also for names such as `__proto__`. */
export function setOwn(object: JsonObject, name: string, value: unknown): void {
	if (name === '__proto__')
		Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
	else object[name] = value;
}

export const getOwn = (object: Readonly<JsonObject>, name: string): unknown =>
	Object.hasOwn(object, name) ? object[name] : undefined;

/** Without the fields of objects that are null; the elements of lists stay. */
export function withoutNulls(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutNulls);
	if (!isJsonObject(value)) return value;
	const kept = Object.entries(value).filter(([, entry]) => entry !== null);
	return Object.fromEntries(kept.map(([name, entry]) => [name, withoutNulls(entry)]));
}
