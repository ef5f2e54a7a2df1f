/**
 * DER structures, built and parsed. A node has its encoding from the start: parsing keeps the bytes of the input, so
 * what is verified, hashed or copied is what was read. Parsing is strict: it refuses each encoding that is not the only
 * one of its value, so two parsers cannot read two meanings. No keys and no signatures here. Parsers throw a plain
 * Error with the mistake; each parser of lib/pki converts it into its own code.
 *
 * @source X.690 sections 8 and 10
 */
import { isUtf8 } from 'node:buffer';

export interface DerNode {
	/** Class, constructed bit and number of the type. */
	readonly identifier: number;
	/** With identifier and length. */
	readonly der: Buffer;
	/** Offset of the contents in `der`. */
	readonly contentsAt: number;
	/** Undefined for a primitive value. */
	readonly items: readonly DerNode[] | undefined;
}
export type StringType = 'utf8' | 'printable' | 'ia5';

const tag = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	null: 0x05,
	oid: 0x06,
	utf8: 0x0c,
	printable: 0x13,
	ia5: 0x16,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
} as const;
const CONTEXT_SPECIFIC = 0x80;
const CONSTRUCTED = 0x20;
/** The type has a number of several octets, which no structure here has. */
const LONG_NUMBER = 0x1f;
const MAX_DEPTH = 32;
const notDer = 'it is not encoded as DER';

/** @throws Error  not DER, trailing bytes, or nested too deeply */
export function readDer(bytes: Uint8Array): DerNode {
	const node = readNode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
	if (node.der.length !== bytes.length) throw new Error('it has bytes after its end');
	return node;
}

/** The node at the start of these bytes. */
function readNode(bytes: Buffer, depth: number): DerNode {
	const [identifier = 0, first] = [bytes[0], bytes[1]];
	if (depth > MAX_DEPTH) throw new Error('it is nested too deeply');
	if (first === undefined || (identifier & LONG_NUMBER) === LONG_NUMBER) throw new Error(notDer);
	const contentsAt = first < 0x80 ? 2 : 2 + (first & 0x7f);
	const end = contentsAt + (first < 0x80 ? first : longLength(bytes.subarray(2, contentsAt), first & 0x7f));
	if (end > bytes.length) throw new Error('it is truncated');
	const der = bytes.subarray(0, end);
	if ((identifier & CONSTRUCTED) === 0) {
		if (!isShortest(identifier, der.subarray(contentsAt))) throw new Error(notDer);
		return { identifier, der, contentsAt, items: undefined };
	}
	const items: DerNode[] = [];
	for (let at = contentsAt; at < end; ) {
		const item = readNode(der.subarray(at), depth + 1);
		items.push(item);
		at += item.der.length;
	}
	return { identifier, der, contentsAt, items };
}

/** In the shortest form; no length is indefinite. */
function longLength(octets: Buffer, count: number): number {
	if (count === 0 || count > 4 || octets.length < count || octets[0] === 0) throw new Error(notDer);
	const length = octets.readUIntBE(0, count);
	if (length < 0x80) throw new Error(notDer);
	return length;
}

function isShortest(identifier: number, contents: Buffer): boolean {
	if (identifier === tag.boolean) return contents.length === 1 && (contents[0] === 0 || contents[0] === 0xff);
	if (identifier !== tag.integer || contents.length === 1) return true;
	// The first nine bits of an integer are not all the same.
	const firstBits = contents.length === 0 ? 0 : contents.readUInt16BE() >> 7;
	return firstBits !== 0 && firstBits !== 0x1ff;
}

function encode(identifier: number, parts: readonly Uint8Array[], items?: readonly DerNode[]): DerNode {
	let length = 0;
	for (const part of parts) length += part.length;
	const lengthOctets = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8);
	const contentsAt = 2 + lengthOctets;
	const der = Buffer.allocUnsafe(contentsAt + length);
	der[0] = identifier;
	der[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets;
	if (lengthOctets > 0) der.writeUIntBE(length, 2, lengthOctets);
	let at = contentsAt;
	for (const part of parts) {
		der.set(part, at);
		at += part.length;
	}
	return { identifier, der, contentsAt, items };
}

const derOf = ({ der }: DerNode): Buffer => der;
const constructed = (identifier: number, items: readonly DerNode[]): DerNode =>
	encode(identifier, items.map(derOf), items);

export const sequence = (...items: DerNode[]): DerNode => constructed(tag.sequence, items);
export const setOf = (item: DerNode): DerNode => constructed(tag.set, [item]);
export const nullValue = encode(tag.null, []);
export const trueValue = encode(tag.boolean, [Buffer.from([0xff])]);
export const octetString = (bytes: Uint8Array): DerNode => encode(tag.octetString, [bytes]);
export const bitString = (bytes: Uint8Array, unusedBits = 0): DerNode =>
	encode(tag.bitString, [Buffer.from([unusedBits]), bytes]);
/** An EXPLICIT tag around items. */
export const tagged = (number: number, ...items: DerNode[]): DerNode =>
	constructed(CONTEXT_SPECIFIC | CONSTRUCTED | number, items);
/** An IMPLICIT tag in place of a primitive type's own. */
export const taggedBytes = (number: number, bytes: Uint8Array): DerNode => encode(CONTEXT_SPECIFIC | number, [bytes]);

export function oid(dotted: string): DerNode {
	const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
	return encode(tag.oid, [Buffer.from([first * 40 + second, ...arcs].flatMap(arcOctets))]);
}

/** Base 128, the most significant digit first; all but the last have the high bit. */
function arcOctets(arc: number): number[] {
	const octets = [arc % 0x80];
	for (let rest = Math.floor(arc / 0x80); rest > 0; rest = Math.floor(rest / 0x80))
		octets.unshift(0x80 | (rest % 0x80));
	return octets;
}

/** A non-negative INTEGER from big-endian bytes, in its shortest form. */
export function unsignedInteger(bytes: Uint8Array): DerNode {
	const start = bytes.findIndex((byte) => byte !== 0);
	const significant = start === -1 ? Buffer.alloc(1) : bytes.subarray(start);
	const sign = (significant[0] ?? 0) >= 0x80 ? [Buffer.alloc(1)] : [];
	return encode(tag.integer, [...sign, significant]);
}

/** Whole seconds; UTCTime up to 2049 and GeneralizedTime from 2050. @source RFC 5280 section 4.1.2.5 */
export function time(ms: number): DerNode {
	const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
	return text < '2050'
		? encode(tag.utcTime, [Buffer.from(text.slice(2))])
		: encode(tag.generalizedTime, [Buffer.from(text)]);
}

/** PrintableString where its alphabet suffices, as Go's encoder chooses, otherwise UTF8String. */
export const directoryString = (text: string): DerNode =>
	encode(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? tag.printable : tag.utf8, [Buffer.from(text)]);

export const itemsOfSequence = (node: DerNode | undefined): readonly DerNode[] =>
	itemsOf(node, tag.sequence, 'a SEQUENCE');
export const itemsOfSet = (node: DerNode | undefined): readonly DerNode[] => itemsOf(node, tag.set, 'a SET');
/** The items inside a context tag. */
export const itemsOfTag = (node: DerNode | undefined, number: number): readonly DerNode[] =>
	itemsOf(node, CONTEXT_SPECIFIC | CONSTRUCTED | number, `tag [${number}]`);

/** @throws Error  also for a second encoding of the same numbers */
export function oidText(node: DerNode | undefined): string {
	const arcs: number[] = [];
	let arc = 0;
	let isInside = false;
	for (const octet of bytesOf(node, tag.oid, 'an OBJECT IDENTIFIER')) {
		if (!isInside && octet === 0x80) throw new Error(notDer);
		arc = arc * 0x80 + (octet & 0x7f);
		if (!Number.isSafeInteger(arc)) throw new Error('an OBJECT IDENTIFIER has a number that is too large');
		isInside = octet >= 0x80;
		if (isInside) continue;
		arcs.push(arc);
		arc = 0;
	}
	const [first, ...rest] = arcs;
	if (first === undefined || isInside) throw new Error(notDer);
	const root = Math.min(Math.floor(first / 40), 2);
	return [root, first - root * 40, ...rest].join('.');
}

export const octets = (node: DerNode | undefined): Buffer => bytesOf(node, tag.octetString, 'an OCTET STRING');
/** The contents of a BIT STRING of whole bytes. */
export function bitStringBytes(node: DerNode | undefined): Buffer {
	const value = bytesOf(node, tag.bitString, 'a BIT STRING');
	if (value[0] !== 0) throw new Error('a BIT STRING does not hold whole bytes');
	return value.subarray(1);
}
export const integerBytes = (node: DerNode | undefined): Buffer => bytesOf(node, tag.integer, 'an INTEGER');
export const isBoolean = (node: DerNode | undefined): boolean => node?.identifier === tag.boolean;
export const booleanValue = (node: DerNode | undefined): boolean => bytesOf(node, tag.boolean, 'a BOOLEAN')[0] !== 0;
export const isTag = (node: DerNode | undefined, number: number): boolean =>
	node !== undefined && (node.identifier & ~CONSTRUCTED) === (CONTEXT_SPECIFIC | number);

/** The number of an IMPLICIT primitive in context tags, and its bytes; undefined for anything else. */
export function taggedPrimitive(node: DerNode): { tag: number; bytes: Buffer } | undefined {
	if ((node.identifier & ~LONG_NUMBER) !== CONTEXT_SPECIFIC) return undefined;
	return { tag: node.identifier & LONG_NUMBER, bytes: node.der.subarray(node.contentsAt) };
}

/** @throws Error  not one of the string types, not valid in it, or with control characters */
export function stringText(node: DerNode | undefined): string {
	const type = (['utf8', 'printable', 'ia5'] as const).find((name) => node?.identifier === tag[name]);
	if (type === undefined) throw new Error('a name is not a UTF8String, PrintableString or IA5String');
	return checkedText(bytesOf(node, tag[type], 'a name'), type);
}

/** @throws Error  not valid UTF-8 or ASCII, or with control characters */
export function checkedText(bytes: Buffer, type: StringType): string {
	if (!isUtf8(bytes)) throw new Error('a name is not valid UTF-8');
	const text = bytes.toString();
	if (type !== 'utf8' && text.length !== bytes.length)
		throw new Error('a name has characters that its string type does not allow');
	if (/\p{Cc}/u.test(text)) throw new Error('a name has control characters');
	return text;
}

function itemsOf(node: DerNode | undefined, identifier: number, wanted: string): readonly DerNode[] {
	if (node?.identifier !== identifier || node.items === undefined) throw new Error(`${wanted} is missing`);
	return node.items;
}

function bytesOf(node: DerNode | undefined, identifier: number, wanted: string): Buffer {
	if (node?.identifier !== identifier) throw new Error(`${wanted} is missing`);
	return node.der.subarray(node.contentsAt);
}
