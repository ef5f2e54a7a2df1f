/**
 * The types of the served kinds: which lists and maps merge by element, which fields Go writes when they are empty, and
 * how a strategic merge patch treats a list. Read from schema-text.ts, in which a field is
 * `name:TYPE[@atomic|@set|@map(KEYS)][!][*][~STRATEGIES[(KEY)]][=DEFAULT]`; `!` is written when empty, `*` is a pointer.
 */
import { kindRows, typeRows } from './schema-text.ts';

export interface ScalarType {
	readonly form: 'scalar';
	readonly scalar: 'string' | 'number' | 'boolean' | 'time' | 'quantity' | 'intOrString';
}
/** Of any form: a list in it is replaced as a whole, a map is merged by key. */
export interface AnyType {
	readonly form: 'any';
}
export interface ListType {
	readonly form: 'list';
	readonly element: KubeType;
	readonly listType: 'atomic' | 'set' | 'map';
	/** Of a `map`. */
	readonly keys: readonly string[];
}
export interface MapType {
	readonly form: 'map';
	readonly element: KubeType;
	readonly isAtomic: boolean;
}
export interface StructType {
	readonly form: 'struct';
	readonly isAtomic: boolean;
	readonly fields: ReadonlyMap<string, Field>;
}
export type KubeType = ScalarType | AnyType | ListType | MapType | StructType;

export interface Field {
	readonly type: KubeType;
	readonly isPointer: boolean;
	readonly isAlwaysWritten: boolean;
	/** Of a strategic merge patch: `merge`, `replace`, `retainKeys`. */
	readonly patchStrategies: readonly string[];
	readonly patchMergeKey: string;
	/** Of a key of a list, when an element omits it. */
	readonly default?: unknown;
}

export const anyType: AnyType = { form: 'any' };

const scalars: Readonly<Record<string, ScalarType>> = {
	string: { form: 'scalar', scalar: 'string' },
	number: { form: 'scalar', scalar: 'number' },
	boolean: { form: 'scalar', scalar: 'boolean' },
	time: { form: 'scalar', scalar: 'time' },
	quantity: { form: 'scalar', scalar: 'quantity' },
	intOrString: { form: 'scalar', scalar: 'intOrString' },
};

interface OpenStruct extends StructType {
	readonly fields: Map<string, Field>;
}

const fieldForm =
	/^([^:]+):((?:\[\]|\{\})*)([\w.]+)(@atomic|@set|@map\(([^)]*)\))?(!?)(\*?)(?:~([\w,]+)(?:\((\w+)\))?)?(?:=(.*))?$/;

function readTypes(text: string): ReadonlyMap<string, StructType> {
	const rows = text
		.replaceAll('\n ', ' ')
		.trim()
		.split('\n')
		.map((line) => line.split(' '));
	const structs = new Map<string, OpenStruct>();
	for (const [head = ''] of rows) {
		const [name = '', atomic] = head.split('@');
		structs.set(name, { form: 'struct', isAtomic: atomic === 'atomic', fields: new Map() });
	}
	for (const [head = '', ...fields] of rows) {
		const struct = structs.get(head.split('@')[0] ?? '');
		for (const text of fields) struct?.fields.set(...readField(text, structs));
	}
	return structs;
}

function readField(text: string, structs: ReadonlyMap<string, StructType>): [string, Field] {
	const parts = fieldForm.exec(text);
	if (parts === null) throw new TypeError(`schema-text.ts: cannot read the field ${text}`);
	const [, name = '', wraps = '', base = '', merge = '', keys = '', always, pointer, strategies, mergeKey, init] =
		parts;
	const named = base === 'any' ? anyType : (scalars[base] ?? structs.get(base));
	if (named === undefined) throw new TypeError(`schema-text.ts: ${text} has an unknown type`);
	return [
		name,
		{
			type: wrapped(named, wraps, merge, keys),
			isPointer: pointer === '*',
			isAlwaysWritten: always === '!',
			patchStrategies: strategies?.split(',') ?? [],
			patchMergeKey: mergeKey ?? '',
			...(init === undefined ? {} : { default: JSON.parse(init) }),
		},
	];
}

function wrapped(named: KubeType, wraps: string, merge: string, keys: string): KubeType {
	const isAtomic = merge === '@atomic';
	if (wraps === '') return isAtomic && named.form === 'struct' ? { ...named, isAtomic } : named;
	const element = wrapped(named, wraps.slice(2), '', '');
	if (wraps.startsWith('{}')) return { form: 'map', element, isAtomic };
	const listType = merge === '@set' ? 'set' : merge.startsWith('@map') ? 'map' : 'atomic';
	return { form: 'list', element, listType, keys: keys === '' ? [] : keys.split(',') };
}

function readKinds(text: string, types: ReadonlyMap<string, StructType>): ReadonlyMap<string, StructType> {
	const rows = text.trim().split('\n');
	return new Map(
		rows.map((row) => {
			const [apiVersion = '', kind = '', name = ''] = row.split(' ');
			const type = types.get(name);
			if (type === undefined) throw new TypeError(`schema-text.ts: ${kind} has an unknown type`);
			return [`${apiVersion} ${kind}`, type];
		}),
	);
}

const kinds = readKinds(kindRows, readTypes(typeRows));

export interface GroupVersionKind {
	readonly apiVersion: string;
	readonly kind: string;
}

/** The type of a kind; `any` when the kind is not in the schema. */
export const typeOfKind = ({ apiVersion, kind }: GroupVersionKind): StructType | AnyType =>
	kinds.get(`${apiVersion} ${kind}`) ?? anyType;

/** The type of a field of a struct, or of an entry of a map. */
export function typeOfField(type: StructType | MapType | AnyType, name: string): KubeType {
	if (type.form === 'map') return type.element;
	return type.form === 'struct' ? (type.fields.get(name)?.type ?? anyType) : anyType;
}
