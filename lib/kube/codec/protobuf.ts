/**
 * Request and response bodies in Kubernetes' protobuf: four bytes, then a message runtime.Unknown with the type of the
 * object and its bytes. A watch is a sequence of events, each after its length.
 * @source apimachinery/pkg/runtime/serializer/protobuf/protobuf.go, pkg/util/framer/framer.go
 */
import protobuf from 'protobufjs/minimal.js';
import { Budget, decodeMessage, unreadable } from '../../codec/decode.ts';
import { encodeMessage } from '../../codec/encode.ts';
import { messageNamed, messageOf } from '../../codec/schema.ts';
import { hasCode } from '../../errors.ts';
import type { KubeObject } from '../types.ts';
import { acceptType, badRequest, cannotBeHandled, type DecodedObject, type TypeMeta } from './object.ts';

const PREFIX = Buffer.from('k8s\0');

/** @throws API_BAD_REQUEST, MESSAGE_TOO_COMPLEX */
export function decodeProtobuf(body: Uint8Array, expected: TypeMeta): DecodedObject {
	if (body.length === 0) throw unrecognized(expected, 'empty data');
	if (!hasPrefix(body)) {
		const found = `expected prefix [${[...PREFIX].join(' ')}]`;
		throw unrecognized(expected, `provided data does not appear to be a protobuf message, ${found}`);
	}
	const budget = new Budget();
	const { sent, raw } = asBadRequest(expected, expected, () => readEnvelope(body));
	const { type, message } = acceptType(sent, expected);
	const { object, strictProblems } = asBadRequest(type, expected, () =>
		decodeMessage(message, raw, budget, decodeNested),
	);
	return { object: { ...type, ...object } as unknown as KubeObject, strictProblems };
}

/** @source runtime/serializer/protobuf Decode without a type, handlers/rest.go transformDecodeError */
const unrecognized = ({ kind }: TypeMeta, problem: string) =>
	badRequest(`the object provided is unrecognized (must be of type ${kind}): ${problem}`);

function asBadRequest<T>(type: TypeMeta, expected: TypeMeta, decode: () => T): T {
	try {
		return decode();
	} catch (error) {
		if (!hasCode(error, 'MESSAGE_UNREADABLE')) throw error;
		throw badRequest(cannotBeHandled(type, expected, `proto: ${String(error.details.problem)}`));
	}
}

const hasPrefix = (bytes: Uint8Array): boolean => PREFIX.equals(bytes.subarray(0, PREFIX.length));

/** @throws MESSAGE_UNREADABLE */
function readEnvelope(bytes: Uint8Array): { sent: TypeMeta; raw: Uint8Array } {
	return unreadable(() => {
		const reader = protobuf.Reader.create(Buffer.from(bytes.subarray(PREFIX.length)));
		let sent: TypeMeta = { apiVersion: '', kind: '' };
		let raw: Uint8Array = Buffer.alloc(0);
		while (reader.pos < reader.len) {
			const tag = reader.uint32();
			if (tag === ((1 << 3) | 2)) {
				const { object } = decodeMessage(messageNamed('runtime.TypeMeta'), reader.bytes());
				sent = { apiVersion: '', kind: '', ...object };
			} else if (tag === ((2 << 3) | 2)) raw = reader.bytes();
			else if (tag >>> 3 === 0 || (tag & 7) === 3 || (tag & 7) === 4) throw new TypeError(`illegal tag ${tag}`);
			else reader.skipType(tag & 7);
		}
		return { sent, raw };
	});
}

/** A list holds objects, and no object holds another one that holds one. */
const MAX_NESTED = 3;

/** The object of an event of a watch, or of an item of a List; undefined for JSON. */
function decodeNested(bytes: Uint8Array, budget: Budget): unknown {
	if (!hasPrefix(bytes)) return undefined;
	if (++budget.depth > MAX_NESTED) throw new RangeError('objects are nested too deeply');
	const { sent, raw } = readEnvelope(bytes);
	const message = messageOf(sent);
	if (message === undefined) throw new TypeError(`no kind "${sent.kind}" is registered for "${sent.apiVersion}"`);
	const { object } = decodeMessage(message, raw, budget, decodeNested);
	budget.depth--;
	return { ...sent, ...object };
}

/** Undefined for a kind without a protobuf form: one that the tables do not have, or a Table. */
export function encodeProtobuf(object: object): Buffer | undefined {
	const raw = rawOf(object);
	return raw && Buffer.concat(envelopeOf(object as TypeMeta, [raw]));
}

/** The message of the object without its envelope; undefined as of `encodeProtobuf`. */
export function rawOf(object: object): Uint8Array | undefined {
	const { apiVersion, kind } = object as TypeMeta;
	const message = messageOf({ apiVersion, kind });
	if (message === undefined || message.wireFields.length === 0) return undefined;
	return encodeMessage(message, object, 'full');
}

/** @param parts  of the message, one after the other */
export function envelopeOf({ apiVersion, kind }: TypeMeta, parts: readonly Uint8Array[]): Uint8Array[] {
	const head = protobuf.Writer.create();
	head.uint32((1 << 3) | 2).fork();
	head
		.uint32((1 << 3) | 2)
		.string(apiVersion)
		.uint32((2 << 3) | 2)
		.string(kind)
		.ldelim();
	head.uint32((2 << 3) | 2).uint32(parts.reduce((sum, { length }) => sum + length, 0));
	const tail = protobuf.Writer.create();
	tail
		.uint32((3 << 3) | 2)
		.string('')
		.uint32((4 << 3) | 2)
		.string('');
	return [PREFIX, head.finish(), ...parts, tail.finish()];
}

/** An event of a watch, after its length. Undefined for an object without a protobuf form. */
export function encodeWatchFrame(type: string, object: object): Buffer | undefined {
	const raw = encodeProtobuf(object);
	if (raw === undefined) return undefined;
	const writer = protobuf.Writer.create();
	writer.uint32((1 << 3) | 2).string(type);
	writer
		.uint32((2 << 3) | 2)
		.fork()
		.uint32((1 << 3) | 2)
		.bytes(raw)
		.ldelim();
	const event = writer.finish();
	const length = Buffer.alloc(4);
	length.writeUInt32BE(event.length);
	return Buffer.concat([length, event]);
}

/** The events of complete frames. @throws MESSAGE_UNREADABLE */
export function decodeWatchFrames(bytes: Uint8Array): { type: string; object: KubeObject }[] {
	const buffer = Buffer.from(bytes);
	const events: { type: string; object: KubeObject }[] = [];
	for (let at = 0; at + 4 <= buffer.length; ) {
		const end = at + 4 + buffer.readUInt32BE(at);
		const { object } = decodeMessage(
			messageNamed('meta/v1.WatchEvent'),
			buffer.subarray(at + 4, end),
			new Budget(),
			decodeNested,
		);
		events.push(object as unknown as { type: string; object: KubeObject });
		at = end;
	}
	return events;
}
