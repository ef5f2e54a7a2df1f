/**
 * Reads a protobuf message as an object, in the form of read.ts. The number of fields and the depth are bounded, and a
 * field that the message does not have is reported.
 */
import protobuf from 'protobufjs/minimal.js';
import { causeText, KubejoinError } from '../errors.ts';
import { type JsonObject, setOwn } from '../json-object.ts';
import { limits } from '../limits.ts';
import { parseJsonText } from './json-text.ts';
import { parseQuantity } from './quantity.ts';
import { isDropped, zeroOf } from './read.ts';
import type { Field, Message, ValueType } from './schema.ts';
import { canWrite, formatTime } from './times.ts';

export interface Decoded {
	readonly object: JsonObject;
	/** `unknown field number 99 of v1.NodeSpec` */
	readonly strictProblems: readonly string[];
}

/** Reads the content of a RawExtension that is itself a protobuf message. */
export type DecodeEnvelope = (bytes: Uint8Array, budget: Budget) => unknown;

/** @throws MESSAGE_TOO_COMPLEX, MESSAGE_UNREADABLE */
export function decodeMessage(
	message: Message,
	bytes: Uint8Array,
	budget = new Budget(),
	decodeEnvelope: DecodeEnvelope = () => undefined,
): Decoded {
	const decoder = new Decoder(budget, decodeEnvelope);
	return unreadable(() => ({
		object: decoder.message(message, protobuf.Reader.create(asBuffer(bytes)), {}),
		strictProblems: [...decoder.strictProblems],
	}));
}

const asBuffer = (bytes: Uint8Array): Buffer =>
	Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function unreadable<T>(decode: () => T): T {
	try {
		return decode();
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw new KubejoinError('MESSAGE_UNREADABLE', { problem: causeText(error) }, { cause: error });
	}
}

/** Stops a message of many small fields, whose objects take a hundred times as much time and memory as its bytes. */
export class Budget {
	#left: number;
	depth = 0;

	constructor(fields: number = limits.messageFields.value) {
		this.#left = fields;
	}

	/** @throws MESSAGE_TOO_COMPLEX */
	spend(): void {
		if (--this.#left < 0) throw new KubejoinError('MESSAGE_TOO_COMPLEX', { limit: limits.messageFields.value });
	}
}

type Reader = protobuf.Reader;
type Part = number | string | Buffer;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_STRICT_PROBLEMS = 100;
const wireTypes: Partial<Record<ValueType['form'], number>> = { bool: VARINT, int32: VARINT, int64: VARINT };

class Decoder {
	readonly strictProblems = new Set<string>();
	readonly #budget: Budget;
	readonly #decodeEnvelope: DecodeEnvelope;

	constructor(budget: Budget, decodeEnvelope: DecodeEnvelope) {
		this.#budget = budget;
		this.#decodeEnvelope = decodeEnvelope;
	}

	/** Until the end of the reader, into an object that may have values of the same message. */
	message(message: Message, reader: Reader, into: JsonObject): JsonObject {
		while (hasMore(reader)) {
			this.#budget.spend();
			const tag = reader.uint32();
			const number = tag >>> 3;
			const field = message.byNumber.get(number);
			if (field !== undefined) this.#field(field, tag & 7, reader, into);
			else {
				if (this.strictProblems.size < MAX_STRICT_PROBLEMS)
					this.strictProblems.add(`unknown field number ${number} of ${message.name}`);
				skip(reader, tag & 7, number);
			}
		}
		return into;
	}

	#field(field: Field, wireType: number, reader: Reader, into: JsonObject): void {
		const { type, name } = field;
		const { form } = type;
		const valueType = form === 'list' ? type.item : type;
		const expected = wireTypes[valueType.form] ?? LENGTH_DELIMITED;
		const isPacked = form === 'list' && expected === VARINT && wireType === LENGTH_DELIMITED;
		if (wireType !== expected && !isPacked) throw new TypeError(`wrong wireType = ${wireType} for field ${name}`);
		if (field.isEmbedded) {
			this.message(type.message, this.#sub(reader), into);
		} else if (form === 'list') {
			const list = (Object.hasOwn(into, name) ? into[name] : []) as unknown[];
			if (isPacked) for (const packed = this.#sub(reader); hasMore(packed); ) this.#push(list, valueType, packed);
			else this.#push(list, valueType, reader);
			setOwn(into, name, list);
		} else if (form === 'map') {
			const map = (Object.hasOwn(into, name) ? into[name] : {}) as JsonObject;
			this.#entry(type.item, this.#sub(reader), map);
			setOwn(into, name, map);
		} else {
			const before = form === 'message' && Object.hasOwn(into, name) ? (into[name] as JsonObject) : {};
			const value = this.#value(type, reader, before);
			if (value === undefined || (!field.isPointer && isDropped(field, value))) delete into[name];
			else setOwn(into, name, value);
		}
	}

	#push(list: unknown[], type: ValueType, reader: Reader): void {
		this.#budget.spend();
		list.push(this.#value(type, reader, {}) ?? zeroOf(type));
	}

	#entry(type: ValueType, reader: Reader, map: JsonObject): void {
		let key = '';
		let value: unknown;
		while (hasMore(reader)) {
			this.#budget.spend();
			const tag = reader.uint32();
			if (tag >>> 3 === 1 && (tag & 7) === LENGTH_DELIMITED) key = text(reader);
			else if (tag >>> 3 === 2 && (tag & 7) === (wireTypes[type.form] ?? LENGTH_DELIMITED))
				value = this.#value(type, reader, {});
			else skip(reader, tag & 7, tag >>> 3);
		}
		setOwn(map, key, value ?? zeroOf(type));
	}

	/** A reader of the bytes of a length-delimited field. */
	#sub(reader: Reader): Reader {
		const length = reader.uint32();
		const start = reader.pos;
		if (length > reader.len - start) throw new RangeError('unexpected EOF');
		reader.pos = start + length;
		const inner = protobuf.Reader.create(reader.buf);
		inner.pos = start;
		inner.len = start + length;
		return inner;
	}

	#value(type: ValueType, reader: Reader, before: JsonObject): unknown {
		switch (type.form) {
			case 'bool':
				return reader.bool();
			case 'int32':
				return reader.int32();
			case 'int64':
				return int64(reader);
			case 'string':
				return text(reader);
			case 'bytes':
				return asBuffer(reader.bytes()).toString('base64');
			case 'message':
				return this.message(type.message, this.#sub(reader), before);
			case 'strings':
				return this.#strings(this.#sub(reader));
			default:
				return this.#special(type, this.#sub(reader));
		}
	}

	#special({ form }: ValueType, reader: Reader): unknown {
		const isEmpty = !hasMore(reader);
		let first: Part | undefined;
		let second: Part | undefined;
		let third: Part | undefined;
		this.#eachPart(reader, form === 'raw' || form === 'fieldsV1', (number, value) => {
			if (number === 1) first = value;
			else if (number === 2) second = value;
			else if (number === 3) third = value;
		});
		switch (form) {
			case 'time':
			case 'microTime': {
				if (isEmpty) return undefined;
				const time = { seconds: Number(first ?? 0), nanos: Number(second ?? 0) };
				if (!canWrite(time)) throw new RangeError(`${time.seconds} seconds, ${time.nanos} nanoseconds is no time`);
				return formatTime(time, form);
			}
			case 'quantity':
				return first === undefined ? '0' : parseQuantity(String(first)).canonical;
			case 'intOrString':
				return first === 1 ? String(third ?? '') : Number(second ?? 0) | 0;
			default:
				return this.#raw(first as Buffer | undefined);
		}
	}

	#raw(bytes: Buffer | undefined): unknown {
		if (bytes === undefined || bytes.length === 0) return undefined;
		const embedded = this.#decodeEnvelope(bytes, this.#budget);
		if (embedded !== undefined) return embedded;
		return parseJsonText(bytes.toString('utf8')).value ?? undefined;
	}

	#strings(reader: Reader): string[] {
		const texts: string[] = [];
		this.#eachPart(reader, false, (number, value) => {
			if (number === 1) texts.push(String(value));
		});
		return texts;
	}

	/** The fields of a small message: numbers, texts, or bytes. */
	#eachPart(reader: Reader, isBytes: boolean, found: (number: number, value: Part) => void): void {
		while (hasMore(reader)) {
			this.#budget.spend();
			const tag = reader.uint32();
			const [number, wireType] = [tag >>> 3, tag & 7];
			if (wireType === VARINT) found(number, int64(reader));
			else if (wireType === LENGTH_DELIMITED) found(number, isBytes ? asBuffer(reader.bytes()) : text(reader));
			else skip(reader, wireType, number);
		}
	}
}

/** A number that does not end where its message ends is refused by the reader. */
const hasMore = ({ pos, len }: Reader): boolean => pos < len;

/** The reader of protobufjs cuts a text that is too long for its message. */
function text(reader: Reader): string {
	const length = reader.uint32();
	const start = reader.pos;
	if (length > reader.len - start) throw new RangeError('unexpected EOF');
	reader.pos = start + length;
	return (reader.buf as Buffer).toString('utf8', start, reader.pos);
}

function int64(reader: Reader): number {
	const { buf, pos } = reader;
	const end = Math.min(reader.len, pos + SAFE_BYTES);
	let small = 0;
	let factor = 1;
	for (let at = pos; at < end; at++, factor *= 128) {
		const byte = buf[at] ?? 0;
		small += (byte & 127) * factor;
		if (byte >= 128) continue;
		reader.pos = at + 1;
		return small;
	}
	// The reader of protobufjs reads the fourth byte also after the end.
	if (end === reader.len) throw new RangeError('unexpected EOF');
	const value = (reader.int64() as unknown as { toNumber(): number }).toNumber();
	if (!Number.isSafeInteger(value)) throw new RangeError(`${value} has more than 53 bits`);
	return value;
}
/** So many bytes of a number have less than 53 bits. */
const SAFE_BYTES = 7;

/** @throws a group, which no message of Kubernetes has */
function skip(reader: Reader, wireType: number, number: number): void {
	if (number === 0 || ![VARINT, FIXED64, LENGTH_DELIMITED, FIXED32].includes(wireType))
		throw new TypeError(`illegal tag ${number} (wire type ${wireType})`);
	reader.skipType(wireType);
}
