/**
 * The messages of the wire, read from tables: Kubernetes' own from proto/kubernetes.txt, which upstream's Go types give,
 * and those of the mesh from proto/kubejoin.txt, which proto/kubejoin gives. A message is parsed when it is first used.
 */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../paths.ts';
import { type ApiResource, apiVersionOf } from '../resources.ts';

/** The form of a value; `any` is JSON as it is, and exists in JSON only. */
export type Form =
	| 'any'
	| 'bool'
	| 'bytes'
	| 'fieldsV1'
	| 'int32'
	| 'int64'
	| 'intOrString'
	| 'list'
	| 'map'
	| 'message'
	| 'microTime'
	| 'quantity'
	| 'raw'
	| 'string'
	/** A list of strings, in a message of its own. */
	| 'strings'
	| 'time';

export interface ValueType {
	readonly form: Form;
	/** As Go's messages name it: `[]string`, `types.UID`, `v1.ObjectMeta`. */
	readonly goType: string;
	/** Of a list or a map. */
	readonly item: ValueType;
	readonly message: Message;
}
export interface Field {
	/** In JSON. For an embedded message, the name of its type. */
	readonly name: string;
	/** On the wire; 0 for a field that is only in JSON. */
	readonly number: number;
	readonly type: ValueType;
	/** A value of Go's zero is present only behind a pointer. */
	readonly isPointer: boolean;
	readonly omitEmpty: boolean;
	readonly omitZero: boolean;
	/** The fields of the message are in the JSON of the outer object. */
	readonly isEmbedded: boolean;
}
/** A field of the JSON form, with the embedded messages that lead to it. */
export interface JsonField {
	readonly field: Field;
	readonly through: readonly string[];
}
export interface Message {
	/** `core/v1.Node` */
	readonly name: string;
	readonly goName: string;
	/** In the order of upstream's JSON. */
	readonly fields: readonly Field[];
	readonly jsonFields: ReadonlyMap<string, JsonField>;
	/** In the order of upstream's bytes. */
	readonly wireFields: readonly Field[];
	readonly byNumber: ReadonlyMap<number, Field>;
}

export interface Schema {
	/** @throws TypeError  a name that no table has */
	readonly message: (name: string) => Message;
	/** Undefined for a kind that no table has. */
	readonly messageOf: (type: { readonly apiVersion: string; readonly kind: string }) => Message | undefined;
	/** Of a service: `Create core/v1.Node core/v1.Node`, and `stream` before a type that is streamed. */
	readonly methods: (service: string) => readonly string[];
	/** The apiVersions and the directories of their messages. */
	readonly apiVersions: ReadonlyMap<string, string>;
	readonly names: readonly string[];
}

const forms: Readonly<Record<string, Form>> = {
	any: 'any',
	bool: 'bool',
	bytes: 'bytes',
	int32: 'int32',
	int64: 'int64',
	string: 'string',
	'meta/v1.FieldsV1': 'fieldsV1',
	'intstr.IntOrString': 'intOrString',
	'meta/v1.MicroTime': 'microTime',
	'resource.Quantity': 'quantity',
	'runtime.RawExtension': 'raw',
	'meta/v1.Time': 'time',
};

/** The only field of a Go type that is a list of strings and a message on the wire. */
const STRINGS = 'items 1 []string';

/** The first field of a message that is a kind. */
const KIND = 'kind 0 string omitempty';

interface Types {
	readonly message: (name: string) => Message;
	readonly formOf: (type: string) => Form;
}

/** Kinds of meta/v1 are kinds of every apiVersion. */
const COMMON = 'meta/v1';

function loadSchema(): Schema {
	const blocks = new Map<string, readonly string[]>();
	for (const file of ['kubernetes.txt', 'kubejoin.txt']) {
		const text = readFileSync(projectPath('proto', file), 'utf8');
		for (const block of text.trimEnd().split(/\n(?!\t)/)) {
			const [name = '', ...lines] = block.split('\n\t');
			blocks.set(name, lines);
		}
	}
	const apiVersions = new Map((blocks.get('apiVersions') ?? []).map((line) => line.split(' ') as [string, string])).set(
		'meta.k8s.io/v1',
		COMMON,
	);
	const messages = new Map<string, Message>();
	const formOf = (type: string): Form => forms[type] ?? (blocks.get(type)?.[0] === STRINGS ? 'strings' : 'message');
	const message = (name: string): Message => {
		const found = messages.get(name);
		if (found !== undefined) return found;
		const lines = blocks.get(name);
		if (lines === undefined) throw new TypeError(`no message ${name} in proto`);
		const parsed = parseMessage(name, lines, { message, formOf });
		messages.set(name, parsed);
		return parsed;
	};
	return {
		message,
		messageOf({ apiVersion, kind }) {
			const directory = apiVersions.get(apiVersion);
			const name = [`${directory}.${kind}`, `${COMMON}.${kind}`].find((one) => blocks.get(one)?.[0] === KIND);
			return directory === undefined || name === undefined ? undefined : message(name);
		},
		methods: (service) => blocks.get(`service ${service}`) ?? [],
		apiVersions,
		names: [...blocks.keys()].filter((name) => name.includes('.')),
	};
}

/** The fields of a message are resolved when they are first read, because messages name each other. */
function parseMessage(name: string, lines: readonly string[], types: Types): Message {
	const lazy = <T>(compute: () => T): (() => T) => {
		let value: T | undefined;
		return () => {
			value ??= compute();
			return value;
		};
	};
	const fields = lazy(() => lines.map((line) => parseField(line, types)));
	const wireFields = lazy(() =>
		fields()
			.filter(({ number }) => number !== 0)
			.sort((one, other) => one.number - other.number),
	);
	const byNumber = lazy(() => new Map(wireFields().map((field) => [field.number, field])));
	const jsonFields = lazy(() => new Map(fields().flatMap(jsonFieldsOf)));
	return {
		name,
		goName: name.slice(name.lastIndexOf('.') + 1),
		get fields() {
			return fields();
		},
		get wireFields() {
			return wireFields();
		},
		get byNumber() {
			return byNumber();
		},
		get jsonFields() {
			return jsonFields();
		},
	};
}

function jsonFieldsOf(field: Field): [string, JsonField][] {
	if (!field.isEmbedded) return [[field.name, { field, through: [] }]];
	return [...field.type.message.jsonFields].map(([name, inner]) => [
		name,
		{ field: inner.field, through: [field.name, ...inner.through] },
	]);
}

function parseField(line: string, types: Types): Field {
	const [name = '', number = '', type = '', ...flags] = line.split(' ');
	const isPointer = type.startsWith('*');
	const valueType = parseType(isPointer ? type.slice(1) : type, types);
	const isEmbedded = name === '.';
	return {
		name: isEmbedded ? valueType.goType.slice(valueType.goType.lastIndexOf('.') + 1) : name,
		number: Number(number),
		type: valueType,
		isPointer,
		omitEmpty: flags.includes('omitempty'),
		omitZero: flags.includes('omitzero'),
		isEmbedded,
	};
}

const typeForm = /^(?:(\[\])|map\[([^\]]*)\])?(.*?)(?::([^\]]*))?$/;

/** `[]string:v1.KeyUsage`, `map[string:v1.ResourceName]resource.Quantity:v1.ResourceList`, `core/v1.Taint`. */
function parseType(text: string, types: Types): ValueType {
	const [, isList, key, rest = '', named] = typeForm.exec(text) ?? [];
	const absent = (what: string) => (): never => {
		throw new TypeError(`${text} has no ${what}`);
	};
	const value = (form: Form, goType: string, item?: () => ValueType, message?: () => Message): ValueType => ({
		form,
		goType,
		get item() {
			return (item ?? absent('items'))();
		},
		get message() {
			return (message ?? absent('message'))();
		},
	});
	if (isList !== undefined) {
		const item = parseType(text.slice(2), types);
		return value('list', `[]${item.goType}`, () => item);
	}
	if (key !== undefined) {
		const item = parseType(rest, types);
		const goKey = key.slice(key.indexOf(':') + 1);
		return value('map', named ?? `map[${goKey}]${item.goType}`, () => item);
	}
	const short = rest === 'bytes' ? '[]uint8' : rest.slice(rest.lastIndexOf('/') + 1);
	const form = types.formOf(rest);
	return value(form, named ?? short, undefined, () => types.message(rest));
}

const schema = loadSchema();

export const messageNamed = schema.message;
export const messageOf = schema.messageOf;
export const methodsOf = schema.methods;
export const messageNames = schema.names;
export const apiVersions = schema.apiVersions;

/** @throws TypeError  the tables have no such kind */
export function messageOfResource(resource: Pick<ApiResource, 'group' | 'version' | 'kind'>): Message {
	const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
	const message = messageOf(type);
	if (message === undefined) throw new TypeError(`proto/kubernetes.txt has no ${type.kind} of ${type.apiVersion}`);
	return message;
}
