/**
 * Writes an object as a protobuf message. Go's form has every field that is no pointer, with its zero if it is absent;
 * the sparse form has only the fields of the object. Both are the same message to a reader.
 * @source generated.pb.go Marshal: fields in the order of their numbers, entries of maps in the order of their keys
 */
import protobuf from 'protobufjs/minimal.js';
import { decodeBase64 } from '../base64.ts';
import { getOwn, type JsonObject } from '../json-object.ts';
import { zeroOf } from './read.ts';
import type { Field, Message, ValueType } from './schema.ts';
import { parseTime } from './times.ts';

type Writer = protobuf.Writer;
export type Density = 'full' | 'sparse';

export function encodeMessage(message: Message, object: object, density: Density): Buffer {
	const writer = protobuf.Writer.create();
	writeMessage(writer, message, object as JsonObject, density);
	return writer.finish() as Buffer;
}

function writeMessage(writer: Writer, message: Message, object: JsonObject, density: Density): void {
	for (const field of message.wireFields) {
		if (field.isEmbedded) writeEmbedded(writer, field, object, density);
		else writeField(writer, field, getOwn(object, field.name), density);
	}
}

function writeEmbedded(writer: Writer, { number, type }: Field, object: JsonObject, density: Density): void {
	const { message } = type;
	if (density === 'sparse' && ![...message.jsonFields.keys()].some((name) => Object.hasOwn(object, name))) return;
	writer.uint32(tagOf(number, LENGTH_DELIMITED)).fork();
	writeMessage(writer, message, object, density);
	writer.ldelim();
}

function writeField(writer: Writer, field: Field, value: unknown, density: Density): void {
	const { number, type, isPointer } = field;
	const { form } = type;
	if (form === 'list') {
		for (const one of (value ?? []) as unknown[]) writeTagged(writer, number, type.item, one, density);
	} else if (form === 'map') {
		const entries = (value ?? {}) as JsonObject;
		for (const key of sortedKeys(entries)) {
			writer.uint32(tagOf(number, LENGTH_DELIMITED)).fork().uint32(tagOf(1, LENGTH_DELIMITED)).string(key);
			writeTagged(writer, 2, type.item, entries[key], density);
			writer.ldelim();
		}
	} else if (value !== undefined && value !== null) {
		writeTagged(writer, number, type, value, density);
	} else if (!isPointer && density === 'full' && form !== 'bytes' && form !== 'strings') {
		writeTagged(writer, number, type, zeroOf(type), density);
	}
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const tagOf = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0;

function writeTagged(writer: Writer, number: number, type: ValueType, value: unknown, density: Density): void {
	const { form } = type;
	if (form === 'bool') writer.uint32(tagOf(number, VARINT)).bool(Boolean(value));
	else if (form === 'int32') writer.uint32(tagOf(number, VARINT)).int32(Number(value));
	else if (form === 'int64') writer.uint32(tagOf(number, VARINT)).int64(Number(value));
	else if (form === 'string') writer.uint32(tagOf(number, LENGTH_DELIMITED)).string(String(value));
	else if (form === 'bytes') writer.uint32(tagOf(number, LENGTH_DELIMITED)).bytes(bytesOf(String(value)));
	else {
		writer.uint32(tagOf(number, LENGTH_DELIMITED)).fork();
		writeContent(writer, type, value, density);
		writer.ldelim();
	}
}

function bytesOf(base64: string): Buffer {
	const found = decodeBase64(base64);
	if ('corruptAt' in found) throw new TypeError(`illegal base64 data at input byte ${found.corruptAt}`);
	return found;
}

function writeContent(writer: Writer, type: ValueType, value: unknown, density: Density): void {
	const { form } = type;
	if (form === 'message') writeMessage(writer, type.message, (value ?? {}) as JsonObject, density);
	else if (form === 'time' || form === 'microTime') {
		if (value === null) return;
		const { seconds, nanos } = parseTime(String(value), form);
		writer.uint32(tagOf(1, VARINT)).int64(seconds).uint32(tagOf(2, VARINT)).int32(nanos);
	} else if (form === 'quantity') writer.uint32(tagOf(1, LENGTH_DELIMITED)).string(String(value));
	else if (form === 'intOrString') writeIntOrString(writer, value as number | string);
	else if (form === 'strings')
		for (const one of (value ?? []) as string[]) writer.uint32(tagOf(1, LENGTH_DELIMITED)).string(one);
	else if (form === 'raw' || form === 'fieldsV1') {
		if (value !== null) writer.uint32(tagOf(1, LENGTH_DELIMITED)).string(JSON.stringify(value));
	} else throw new TypeError(`a ${type.goType} has no wire form`);
}

function writeIntOrString(writer: Writer, value: number | string): void {
	const [kind, number, text] = typeof value === 'number' ? [0, value, ''] : [1, 0, value];
	writer.uint32(tagOf(1, VARINT)).int64(kind).uint32(tagOf(2, VARINT)).int32(number);
	writer.uint32(tagOf(3, LENGTH_DELIMITED)).string(text);
}

/** In the order of their bytes in UTF-8, as Go sorts them. */
export function sortedKeys(entries: JsonObject): string[] {
	const keys = Object.keys(entries);
	if (keys.length < 2) return keys;
	keys.sort();
	return keys.some((key) => /[\ud800-\udfff]/.test(key))
		? keys.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
		: keys;
}
