/** Takes certificates, requests and texts apart: each byte belongs to one part. Nothing is verified. */
import type { BytePart } from './api.ts';
import type { PartKey } from './field-keys.ts';

interface Element {
	readonly tag: number;
	readonly start: number;
	readonly contentStart: number;
	readonly end: number;
}

/** The values of the parts, where they are known. */
export type PartValues = { readonly [Key in PartKey]?: string };

/** @returns empty if the bytes are no certificate @source RFC 5280 section 4.1 */
export const certificateParts = (der: Buffer, values: PartValues = {}): readonly BytePart[] =>
	partsOf(
		der,
		() => {
			const [signed, algorithm, signature] = itemsOf(der, elementAt(der, 0, der.length));
			const items = itemsOf(der, signed);
			const version = items[0]?.tag === VERSION ? items.shift() : undefined;
			const [serial, signedAlgorithm, issuer, validity, subject, publicKey, ...optional] = items;
			const [notBefore, notAfter] = itemsOf(der, validity);
			const extensions = optional.filter(({ tag }) => tag === EXTENSIONS).flatMap((one) => itemsOf(der, one));
			return [
				['version', version],
				['serial', serial],
				['algorithm', signedAlgorithm],
				['issuer', issuer],
				['notBefore', notBefore],
				['notAfter', notAfter],
				['subject', subject],
				['publicKey', publicKey],
				...extensions.flatMap((list) => itemsOf(der, list)).map((one) => [extensionKey(der, one), one] as const),
				['algorithm', algorithm],
				['signature', signature],
			];
		},
		values,
	);

/** @returns empty if the bytes are no request @source RFC 2986 section 4 */
export const requestParts = (der: Buffer, values: PartValues = {}): readonly BytePart[] =>
	partsOf(
		der,
		() => {
			const [signed, algorithm, signature] = itemsOf(der, elementAt(der, 0, der.length));
			const [version, subject, publicKey, attributes] = itemsOf(der, signed);
			return [
				['version', version],
				['subject', subject],
				['publicKey', publicKey],
				['requestedExtensions', attributes],
				['algorithm', algorithm],
				['signature', signature],
			];
		},
		values,
	);

/** The public key between the bytes around it, which its hash does not cover. */
export function hashedParts(der: Buffer, value: string): readonly BytePart[] {
	const key = certificateParts(der).find(({ name }) => name === 'publicKey');
	if (key === undefined) return [];
	const end = key.offset + key.length;
	return [
		{ name: 'notHashed', offset: 0, length: key.offset },
		{ ...key, name: 'hashed', value },
		{ name: 'notHashed', offset: end, length: der.length - end },
	];
}

/** Of a text of ASCII characters. */
export function textParts(parts: readonly (readonly [name: PartKey, text: string, value?: string])[]) {
	let offset = 0;
	const list = parts.map(([name, text, value]): BytePart => {
		const part = { name, offset, length: text.length, ...(value === undefined ? {} : { value }) };
		offset += text.length;
		return part;
	});
	return { bytes: Buffer.from(parts.map(([, text]) => text).join('')), parts: list };
}

type Named = readonly [name: PartKey, element: Element | undefined];

function partsOf(der: Buffer, read: () => readonly Named[], values: PartValues): readonly BytePart[] {
	try {
		return withStructure(
			der,
			read().flatMap(([name, element]) => {
				if (element === undefined) return [];
				const { start, end } = element;
				const value = values[name];
				return [{ name, offset: start, length: end - start, ...(value === undefined ? {} : { value }) }];
			}),
		);
	} catch {
		return [];
	}
}

/** Tags and lengths around the parts are parts too. */
function withStructure(der: Buffer, parts: readonly BytePart[]): readonly BytePart[] {
	let end = 0;
	const list = parts.flatMap((part) => {
		const before: BytePart[] = part.offset > end ? [{ name: 'structure', offset: end, length: part.offset - end }] : [];
		end = part.offset + part.length;
		return [...before, part];
	});
	return end < der.length ? [...list, { name: 'structure', offset: end, length: der.length - end }] : list;
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const OBJECT_IDENTIFIER = 0x06;
const LONG_FORM = 0x80;
const MAX_LENGTH_BYTES = 3;

/** @throws RangeError  the element does not end before `limit` */
function elementAt(der: Buffer, start: number, limit: number): Element {
	const tag = der.readUInt8(start);
	const first = der.readUInt8(start + 1);
	const lengthBytes = first < LONG_FORM ? 0 : first - LONG_FORM;
	if (lengthBytes > MAX_LENGTH_BYTES) throw new RangeError('too long');
	const contentStart = start + 2 + lengthBytes;
	const length = lengthBytes === 0 ? first : der.readUIntBE(start + 2, lengthBytes);
	const end = contentStart + length;
	if (end > limit) throw new RangeError('beyond the end');
	return { tag, start, contentStart, end };
}

function itemsOf(der: Buffer, element: Element | undefined): Element[] {
	const items: Element[] = [];
	for (let at = element?.contentStart ?? 0, end = element?.end ?? 0; at < end; ) {
		const item = elementAt(der, at, end);
		items.push(item);
		at = item.end;
	}
	return items;
}

/** By the last byte of `2.5.29.N`. @source RFC 5280 section 4.2.1 */
const extensionKeys: ReadonlyMap<number, PartKey> = new Map([
	[14, 'subjectKeyId'],
	[15, 'keyUsage'],
	[17, 'subjectAltNames'],
	[19, 'basicConstraints'],
	[35, 'authorityKeyId'],
	[37, 'extendedKeyUsage'],
]);
const CERTIFICATE_EXTENSION = '551d';

function extensionKey(der: Buffer, extension: Element): PartKey {
	const [oid] = itemsOf(der, extension);
	if (oid?.tag !== OBJECT_IDENTIFIER || oid.end - oid.contentStart !== 3) return 'otherExtension';
	if (der.toString('hex', oid.contentStart, oid.end - 1) !== CERTIFICATE_EXTENSION) return 'otherExtension';
	return extensionKeys.get(der.readUInt8(oid.end - 1)) ?? 'otherExtension';
}
