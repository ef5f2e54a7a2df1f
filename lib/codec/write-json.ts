/**
 * Writes an object as the JSON of upstream: fields in the order of its Go structs, keys of maps sorted, absent fields
 * with Go's zero unless they are `omitempty`, and the characters escaped that Go escapes.
 * @source Go encoding/json encode.go
 */
import type { JsonObject } from '../json-object.ts';
import { sortedKeys } from './encode.ts';
import { escapeHtml } from './escape-html.ts';
import { isDropped, zeroOf } from './read.ts';
import { type Field, type Message, messageOf, type ValueType } from './schema.ts';

/** Without a line break at the end. A kind that the tables do not have keeps the order of its fields. */
export function writeJson(object: object): string {
	const { apiVersion, kind } = object as { apiVersion: string; kind: string };
	// The older version has the fields of the newer one.
	const isOlder = apiVersion === 'meta.k8s.io/v1beta1';
	const message = messageOf({ apiVersion: isOlder ? 'meta.k8s.io/v1' : apiVersion, kind });
	return message === undefined ? writeAny(object) : writeMessage(message, object as JsonObject);
}

function writeMessage(message: Message, object: JsonObject): string {
	const text = fieldsText(message, object);
	return text === '' ? '{}' : `{${text.slice(1)}}`;
}

/** Each field after a comma. */
function fieldsText(message: Message, object: JsonObject): string {
	let text = '';
	for (const field of message.fields) {
		if (field.isEmbedded) {
			text += fieldsText(field.type.message, object);
			continue;
		}
		const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
		const isEmptyList = message.isCollection && field.type.form === 'list' && (value ?? undefined) === undefined;
		const written = isEmptyList ? '[]' : writeField(field, value);
		if (written !== undefined) text += `,${field.jsonKey}${written}`;
	}
	return text;
}

function writeField(field: Field, value: unknown): string | undefined {
	const { type, isPointer, omitEmpty, omitZero } = field;
	if (value !== undefined && value !== null) {
		const isOmitted = omitEmpty && !isPointer && isDropped(field, value);
		return isOmitted ? undefined : writeValue(type, value);
	}
	if (isPointer) return omitEmpty ? undefined : 'null';
	switch (type.form) {
		case 'list':
		case 'map':
		case 'bytes':
		case 'strings':
		case 'any':
			return omitEmpty ? undefined : 'null';
		case 'time':
		case 'microTime':
			return omitZero ? undefined : 'null';
		case 'raw':
		case 'fieldsV1':
			return 'null';
		case 'message':
		case 'quantity':
		case 'intOrString':
			return omitZero ? undefined : writeValue(type, zeroOf(type));
		default:
			return omitEmpty ? undefined : writeValue(type, zeroOf(type));
	}
}

function writeValue(type: ValueType, value: unknown): string {
	switch (type.form) {
		case 'message':
			return value === null ? 'null' : writeMessage(type.message, value as JsonObject);
		case 'list':
			return `[${(value as unknown[]).map((one) => writeValue(type.item, one)).join(',')}]`;
		case 'map': {
			const entries = value as JsonObject;
			const texts = sortedKeys(entries).map((key) => `${quote(key)}:${writeValue(type.item, entries[key])}`);
			return `{${texts.join(',')}}`;
		}
		case 'raw':
			return writeRaw(value);
		case 'any':
		case 'fieldsV1':
		case 'strings':
			return writeAny(value);
		default:
			return typeof value === 'string' ? quote(value) : String(value);
	}
}

/** An object inside of another: an event of a watch, a row of a table, an item of a List. */
function writeRaw(value: unknown): string {
	if (typeof value !== 'object' || value === null || !('kind' in value)) return writeAny(value);
	return writeJson(value);
}

function writeAny(value: unknown): string {
	return escapeHtml(JSON.stringify(value) ?? 'null');
}
const quote = (text: string): string => (needsNoEscape.test(text) ? `"${text}"` : escapeHtml(JSON.stringify(text)));
/** Without control characters, quotes, backslashes, HTML, surrogates, and the line separators of JavaScript. */
const needsNoEscape = /^[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*$/;
