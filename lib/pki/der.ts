/**
 * DER structures, built and parsed with the asn1 module of node-forge only. Parsing is strict: it refuses bytes that it
 * would not write again identically, so two parsers cannot read two meanings. No keys and no signatures here. Parsers
 * throw a plain Error with the mistake; each parser of lib/pki converts it into its own code.
 */
import type forge from 'node-forge';
// All of node-forge takes six times longer to load, and every program loads it.
import asn1 from 'node-forge/lib/asn1.js';
import { oids } from './oids.ts';

declare module 'node-forge' {
	namespace asn1 {
		function fromDer(
			bytes: Bytes,
			options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean; maxDepth: number },
		): Asn1;
	}
}

const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;
/** The bit of an identifier octet; forge sets it only for a node with items. @source X.690 section 8.1.2.5 */
const CONSTRUCTED = 0x20;

export type DerNode = forge.asn1.Asn1;
export type StringType = 'utf8' | 'printable' | 'ia5';

const bytesOf = (node: DerNode): string => asn1.toDer(node).getBytes();
const binary = (bytes: Uint8Array): string =>
	Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
const create = (type: forge.asn1.Type, value: string | DerNode[]): DerNode =>
	asn1.create(UNIVERSAL, type, typeof value !== 'string', value);

/** Contents of the structures, and back. */
const encodedOids: ReadonlyMap<string, string> = new Map(
	Object.values(oids).map((dotted) => [dotted, asn1.oidToDer(dotted).getBytes()]),
);
const knownOids: ReadonlyMap<string, string> = new Map([...encodedOids].map(([dotted, bytes]) => [bytes, dotted]));

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const notDer = 'it is not encoded as DER';

/** @throws Error  not DER, trailing bytes, or nested too deeply */
export function readDer(der: Uint8Array): DerNode {
	const bytes = binary(der);
	const node = asn1.fromDer(bytes, { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: 32 });
	if (bytesOf(node) !== bytes) throw new Error(notDer);
	return node;
}

export const writeDer = (node: DerNode): Buffer => Buffer.from(bytesOf(node), 'latin1');

/** A SEQUENCE that is encoded once and can only be written: for a part that many structures have in common. */
export const encodedOnce = (node: DerNode): DerNode => {
	const contents = itemsOfSequence(node).map(bytesOf).join('');
	return asn1.create(UNIVERSAL, asn1.Type.SEQUENCE | CONSTRUCTED, false, contents);
};

export const sequence = (...items: DerNode[]): DerNode => create(asn1.Type.SEQUENCE, items);
export const setOf = (item: DerNode): DerNode => create(asn1.Type.SET, [item]);
export const oid = (dotted: string): DerNode =>
	create(asn1.Type.OID, encodedOids.get(dotted) ?? asn1.oidToDer(dotted).getBytes());
export const nullValue = (): DerNode => create(asn1.Type.NULL, '');
export const isTrue = (): DerNode => create(asn1.Type.BOOLEAN, '\xff');
export const octetString = (bytes: Uint8Array): DerNode => create(asn1.Type.OCTETSTRING, binary(bytes));
/** An OCTET STRING that contains a structure. */
export const octetStringOf = (node: DerNode): DerNode => create(asn1.Type.OCTETSTRING, bytesOf(node));
export const bitString = (bytes: Uint8Array, unusedBits = 0): DerNode =>
	create(asn1.Type.BITSTRING, String.fromCharCode(unusedBits) + binary(bytes));
/** An EXPLICIT tag around items. */
export const tagged = (tag: number, ...items: DerNode[]): DerNode => asn1.create(CONTEXT_SPECIFIC, tag, true, items);
/** An IMPLICIT tag in place of a primitive type's own. */
export const taggedBytes = (tag: number, bytes: Uint8Array): DerNode =>
	asn1.create(CONTEXT_SPECIFIC, tag, false, binary(bytes));

/** A non-negative INTEGER from big-endian bytes, in its shortest form. */
export function unsignedInteger(bytes: Uint8Array): DerNode {
	const start = bytes.findIndex((byte) => byte !== 0);
	const significant = start === -1 ? Buffer.from([0]) : bytes.subarray(start);
	return create(asn1.Type.INTEGER, ((significant[0] ?? 0) >= 0x80 ? '\0' : '') + binary(significant));
}

/** Whole seconds; UTCTime up to 2049 and GeneralizedTime from 2050. @source RFC 5280 section 4.1.2.5 */
export function time(ms: number): DerNode {
	const date = new Date(ms);
	if (date.getUTCFullYear() < 2050) return create(asn1.Type.UTCTIME, asn1.dateToUtcTime(date));
	return create(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

const stringTypes: readonly [StringType, forge.asn1.Type][] = [
	['utf8', asn1.Type.UTF8],
	['printable', asn1.Type.PRINTABLESTRING],
	['ia5', asn1.Type.IA5STRING],
];

/** PrintableString where its alphabet suffices, as Go's encoder chooses, otherwise UTF8String. */
export function directoryString(text: string): DerNode {
	if (/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) return create(asn1.Type.PRINTABLESTRING, text);
	return create(asn1.Type.UTF8, Buffer.from(text, 'utf8').toString('latin1'));
}

export const itemsOfSequence = (node: DerNode | undefined): DerNode[] =>
	constructedOf(node, UNIVERSAL, asn1.Type.SEQUENCE, 'a SEQUENCE');
export const itemsOfSet = (node: DerNode | undefined): DerNode[] =>
	constructedOf(node, UNIVERSAL, asn1.Type.SET, 'a SET');
/** The items inside a context tag. */
export const itemsOfTag = (node: DerNode | undefined, tag: number): DerNode[] =>
	constructedOf(node, CONTEXT_SPECIFIC, tag, `tag [${tag}]`);

/** @throws Error  also for a second encoding of the same numbers */
export function oidText(node: DerNode | undefined): string {
	const bytes = primitiveOf(node, asn1.Type.OID, 'an OBJECT IDENTIFIER');
	const known = knownOids.get(bytes);
	if (known !== undefined) return known;
	const text = bytes === '' ? '' : asn1.derToOid(bytes);
	if (bytes === '' || asn1.oidToDer(text).getBytes() !== bytes) throw new Error(notDer);
	return text;
}
export const octets = (node: DerNode | undefined): Buffer =>
	Buffer.from(primitiveOf(node, asn1.Type.OCTETSTRING, 'an OCTET STRING'), 'latin1');
/** The contents of a BIT STRING of whole bytes. */
export function bitStringBytes(node: DerNode | undefined): Buffer {
	const value = Buffer.from(primitiveOf(node, asn1.Type.BITSTRING, 'a BIT STRING'), 'latin1');
	if (value[0] !== 0) throw new Error('a BIT STRING does not hold whole bytes');
	return value.subarray(1);
}
/** The shortest octets of a number: readDer refuses longer ones, because node-forge would not write them again. */
export function integerBytes(node: DerNode | undefined): Buffer {
	const bytes = Buffer.from(primitiveOf(node, asn1.Type.INTEGER, 'an INTEGER'), 'latin1');
	if (bytes.length === 0) throw new Error(notDer);
	return bytes;
}
export const isBoolean = (node: DerNode | undefined): boolean =>
	node?.tagClass === UNIVERSAL && node.type === asn1.Type.BOOLEAN;
export function booleanValue(node: DerNode | undefined): boolean {
	const [octet, ...more] = Buffer.from(primitiveOf(node, asn1.Type.BOOLEAN, 'a BOOLEAN'), 'latin1');
	if ((octet !== 0 && octet !== 0xff) || more.length > 0) throw new Error(notDer);
	return octet !== 0;
}
export const isOid = (node: DerNode | undefined): boolean =>
	node?.tagClass === UNIVERSAL && node.type === asn1.Type.OID;
export const isTag = (node: DerNode | undefined, tag: number): boolean =>
	node?.tagClass === CONTEXT_SPECIFIC && node.type === tag;

/** The number of an IMPLICIT primitive in context tags, and its bytes; undefined for anything else. */
export function taggedPrimitive(node: DerNode): { tag: number; bytes: Buffer } | undefined {
	if (node.tagClass !== CONTEXT_SPECIFIC || typeof node.value !== 'string') return undefined;
	return { tag: node.type, bytes: Buffer.from(node.value, 'latin1') };
}

/** @throws Error  not one of the string types, not valid in it, or with control characters */
export function stringText(node: DerNode | undefined): string {
	const type = stringTypes.find(([, tag]) => node?.tagClass === UNIVERSAL && node.type === tag)?.[0];
	if (type === undefined || typeof node?.value !== 'string')
		throw new Error('a name is not a UTF8String, PrintableString or IA5String');
	return checkedText(Buffer.from(node.value, 'latin1'), type);
}

/** @throws Error  not valid UTF-8 or ASCII, or with control characters */
export function checkedText(bytes: Buffer, type: StringType): string {
	const text = strictUtf8.decode(bytes);
	if (type !== 'utf8' && text.length !== bytes.length)
		throw new Error('a name has characters that its string type does not allow');
	if (/\p{Cc}/u.test(text)) throw new Error('a name has control characters');
	return text;
}

function constructedOf(node: DerNode | undefined, tagClass: number, type: number, wanted: string): DerNode[] {
	if (node?.tagClass !== tagClass || node.type !== type || typeof node.value === 'string')
		throw new Error(`${wanted} is missing`);
	return node.value;
}

/** A character for each octet, as node-forge has them. */
function primitiveOf(node: DerNode | undefined, type: number, wanted: string): string {
	if (node?.tagClass !== UNIVERSAL || node.type !== type || typeof node.value !== 'string')
		throw new Error(`${wanted} is missing`);
	return node.value;
}
