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
	let count = 0;
	for (const name in left) {
		if (!Object.hasOwn(left, name)) continue;
		if (!Object.hasOwn(right, name) || !jsonEqual(left[name], right[name])) return false;
		count++;
	}
	return count === countFields(right);
}

/** Without a list of their names: a heartbeat is compared several times. */
export function countFields(object: object, ignored?: ReadonlySet<string>): number {
	let count = 0;
	for (const name in object) if (Object.hasOwn(object, name) && ignored?.has(name) !== true) count++;
	return count;
}

/**
 * A value that was just parsed, with the parts of an older one that are equal to its own, so that these are not kept in
 * memory twice. It is changed; the older one is not.
 */
export function withPartsOf<T>(older: unknown, value: T): T {
	if (value === older) return older as T;
	if (!isSameKind(older, value)) return value;
	const [before, after] = [older as JsonObject, value as JsonObject];
	let isEqual = true;
	let count = 0;
	for (const name in after) {
		if (!Object.hasOwn(after, name)) continue;
		count++;
		const known = getOwn(before, name);
		const part = withPartsOf(known, after[name]);
		setOwn(after, name, part);
		if (part !== known) isEqual = false;
	}
	return isEqual && count === countFields(before) ? (older as T) : value;
}

const isSameKind = (left: unknown, right: unknown): boolean =>
	typeof left === 'object' &&
	typeof right === 'object' &&
	left !== null &&
	right !== null &&
	Array.isArray(left) === Array.isArray(right);

/** Sets an own property, also for names such as `__proto__`. */
export function setOwn(object: JsonObject, name: string, value: unknown): void {
	if (name === '__proto__')
		Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
	else object[name] = value;
}

export const getOwn = (object: Readonly<JsonObject>, name: string): unknown =>
	Object.hasOwn(object, name) ? object[name] : undefined;

/** Without the fields of objects that are null; the elements of lists stay. */
export const withoutNulls = (value: unknown): unknown =>
	pruned(value, (entry, isInList) => entry === null && !isInList);

/**
 * Without the fields and elements that `drops` names. A part without them is shared, not copied: a copy of thousands
 * of objects, each with names of its own, occupies the event loop for longer than all other work on them.
 */
export function pruned(value: unknown, drops: (entry: unknown, isInList: boolean) => boolean): unknown {
	if (typeof value !== 'object' || value === null) return value;
	const isList = Array.isArray(value);
	let isChanged = false;
	const kept: [name: string, entry: unknown][] = [];
	for (const [name, entry] of Object.entries(value)) {
		const isDropped = drops(entry, isList);
		const next = isDropped ? undefined : pruned(entry, drops);
		if (isDropped || next !== entry) isChanged = true;
		if (!isDropped) kept.push([name, next]);
	}
	if (!isChanged) return value;
	return isList ? kept.map(([, entry]) => entry) : Object.fromEntries(kept);
}
