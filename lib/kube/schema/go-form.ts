/**
 * An object as the Go types of Kubernetes write it: without the fields that Go omits because they are empty, and with
 * the fields that Go writes although they are empty (`"nodeInfo": {"machineID": "", ...}`).
 *
 * @source encoding/json omitempty, and the struct tags of k8s.io/api
 */
import { sortedKeys } from '../../codec/encode.ts';
import { isJsonObject } from '../../json-object.ts';
import type { Field, KubeType, StructType } from './schema.ts';

/**
 * The object in its Go form. Unknown fields are kept. The order of the known fields is that of the Go type, and keys of
 * a map are sorted.
 */
export function goForm(type: KubeType, value: unknown): unknown {
	switch (type.form) {
		case 'struct':
			return isJsonObject(value) ? goStruct(type, value) : value;
		case 'list':
			if (isPlain(type.element) || !Array.isArray(value)) return value;
			return value.map((element) => goForm(type.element, element));
		case 'map': {
			if (!isJsonObject(value)) return value;
			const { element } = type;
			const keys = sortedKeys(value);
			const isSame = isPlain(element) && isEqual(keys, Object.keys(value));
			return isSame ? value : Object.fromEntries(keys.map((key) => [key, goForm(element, value[key])]));
		}
		default:
			return value;
	}
}

const isEqual = (a: readonly string[], b: readonly string[]): boolean => a.every((one, index) => one === b[index]);

/** Any value is its own Go form. */
const isPlain = ({ form }: KubeType): boolean => form === 'scalar' || form === 'any';

/** `new(Kind)` in Go: the object that a create is compared with. */
export const emptyObject = (type: KubeType): Record<string, unknown> =>
	type.form === 'struct' ? goStruct(type, {}) : {};

function goStruct({ fields }: StructType, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const written: Record<string, unknown> = {};
	for (const [name, field] of fields) {
		const found = goField(field, Object.hasOwn(value, name) ? value[name] : undefined);
		if (found !== undefined) written[name] = found;
	}
	for (const name of Object.keys(value)) if (!fields.has(name)) written[name] = value[name];
	return written;
}

/** @returns undefined for a field that Go omits */
function goField(field: Field, value: unknown): unknown {
	const { type, isPointer, isAlwaysWritten } = field;
	const empty = isAlwaysWritten ? emptyValue(field) : undefined;
	if (isPointer) return value === undefined || value === null ? empty : goForm(type, value);
	if (type.form === 'struct') return goForm(type, value ?? {});
	if (value === undefined || value === null) return empty;
	return isEmpty(value) && !isAlwaysWritten ? undefined : goForm(type, value);
}

const isEmpty = (value: unknown): boolean =>
	value === '' ||
	value === 0 ||
	value === false ||
	(typeof value === 'object' && Object.keys(value ?? {}).length === 0);

const zeros = { string: '', number: 0, boolean: false, time: null, quantity: '0', intOrString: 0 } as const;
/** The empty value of a field, as Go writes it. */
export const emptyValue = ({ type, isPointer }: Pick<Field, 'type' | 'isPointer'>): unknown =>
	type.form === 'scalar' && !isPointer ? zeros[type.scalar] : null;
