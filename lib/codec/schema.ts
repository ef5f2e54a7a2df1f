/**
 * The messages of the wire, read from tables: those of Kubernetes from proto/kubernetes.txt, made from upstream's Go
 * types, and those of the mesh from proto/kubejoin.txt, made from proto/kubejoin. A message is parsed when it is first
 * used.
 */
import { readFileSync } from 'node:fs';
import { projectPath } from '../paths.ts';

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
	/** Of the items of a list, or of the values of a map. */
	readonly item: ValueType;
	readonly message: Message;
}
export interface Field {
	/** In JSON. For an embedded message, the name of its type. */
	readonly name: string;
	/** `"name":` */
	readonly jsonKey: string;
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
	/** Its place in Go's struct, with the fields of embedded messages. */
	readonly order: number;
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
	/** A list or a Table, whose empty lists upstream's server makes, so that they are not null. */
	readonly isCollection: boolean;
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
		const empty = new ParsedMessage(name);
		messages.set(name, empty);
		empty.fill(lines.map((line) => parseField(line, { message, formOf })));
		return empty;
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

/** Filled after it is known by its name, because messages name each other. */
class ParsedMessage implements Message {
	readonly name: string;
	readonly goName: string;
	fields: readonly Field[] = [];
	wireFields: readonly Field[] = [];
	byNumber: ReadonlyMap<number, Field> = new Map();
	isCollection = false;
	#jsonFields: ReadonlyMap<string, JsonField> | undefined;

	constructor(name: string) {
		this.name = name;
		this.goName = name.slice(name.lastIndexOf('.') + 1);
	}

	fill(fields: readonly Field[]): void {
		this.fields = fields;
		this.wireFields = fields.filter(({ number }) => number !== 0).sort((one, other) => one.number - other.number);
		this.byNumber = new Map(this.wireFields.map((field) => [field.number, field]));
		const metadata = fields.find(({ name }) => name === 'metadata');
		this.isCollection = metadata?.type.goType === 'v1.ListMeta' && this.goName !== 'Status';
	}

	/** With those of embedded messages, which are filled later. */
	get jsonFields(): ReadonlyMap<string, JsonField> {
		this.#jsonFields ??= new Map(
			this.fields.flatMap(jsonFieldsOf).map(([name, found], order) => [name, { ...found, order }]),
		);
		return this.#jsonFields;
	}
}

function jsonFieldsOf(field: Field): [string, Omit<JsonField, 'order'>][] {
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
	const fieldName = isEmbedded ? valueType.goType.slice(valueType.goType.lastIndexOf('.') + 1) : name;
	return {
		name: fieldName,
		jsonKey: `${JSON.stringify(fieldName)}:`,
		number: Number(number),
		type: valueType,
		isPointer,
		omitEmpty: flags.includes('omitempty'),
		omitZero: flags.includes('omitzero'),
		isEmbedded,
	};
}

/** Of a type that has no message, and of one that has no items. */
const NOTHING: Message = new ParsedMessage('.');
const ANY: ValueType = { form: 'any', goType: 'any', item: undefined as never, message: NOTHING };

const typeForm = /^(?:(\[\])|map\[([^\]]*)\])?(.*?)(?::([^\]]*))?$/;

/** `[]string:v1.KeyUsage`, `map[string:v1.ResourceName]resource.Quantity:v1.ResourceList`, `core/v1.Taint`. */
function parseType(text: string, types: Types): ValueType {
	const [, isList, key, rest = '', named] = typeForm.exec(text) ?? [];
	if (isList !== undefined) {
		const item = parseType(text.slice(2), types);
		return { form: 'list', goType: `[]${item.goType}`, item, message: NOTHING };
	}
	if (key !== undefined) {
		const item = parseType(rest, types);
		const goKey = key.slice(key.indexOf(':') + 1);
		return { form: 'map', goType: named ?? `map[${goKey}]${item.goType}`, item, message: NOTHING };
	}
	const short = rest === 'bytes' ? '[]uint8' : rest.slice(rest.lastIndexOf('/') + 1);
	const form = types.formOf(rest);
	const message = form === 'message' ? types.message(rest) : NOTHING;
	return { form, goType: named ?? short, item: ANY, message };
}

const schema = loadSchema();

export const messageNamed = schema.message;
export const messageOf = schema.messageOf;
export const methodsOf = schema.methods;
export const messageNames = schema.names;
export const apiVersions = schema.apiVersions;
