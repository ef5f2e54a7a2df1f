/**
 * X.509 version 3 extensions: those that kubejoin writes, and how it reads any. Readers throw a plain Error, as those
 * of der.ts do.
 */
import {
	bitString,
	booleanValue,
	type DerNode,
	encodedOnce,
	isBoolean,
	isTrue,
	itemsOfSequence,
	octetString,
	octetStringOf,
	octets,
	oid,
	oidText,
	sequence,
	taggedBytes,
} from './der.ts';
import { isEmptyNames, type SubjectAltNames, writeSubjectAltNames } from './names.ts';
import { oids } from './oids.ts';
import { certificateUsages, type Usage } from './usages.ts';

export interface ExtensionValues {
	readonly usages: readonly Usage[];
	readonly isCa: boolean;
	readonly subjectKeyId: Buffer;
	/** Absent on a self-signed certificate, as on kubeadm's, and where the CA has no key identifier. */
	readonly authorityKeyIdentifier?: DerNode | undefined;
	readonly names: SubjectAltNames;
}

/** The extensions in the order in which Go, and so kubeadm, writes them; empty ones are left out. */
export function writeExtensions(values: ExtensionValues): DerNode {
	const { keyUsageBits, extKeyUsageOids } = certificateUsages(values.usages);
	return sequence(
		...(keyUsageBits.length === 0 ? [] : [extension('keyUsage', true, namedBits(keyUsageBits))]),
		...(extKeyUsageOids.length === 0 ? [] : [extension('extKeyUsage', false, sequence(...extKeyUsageOids.map(oid)))]),
		values.isCa ? ofCa : ofLeaf,
		extension('subjectKeyIdentifier', false, octetString(values.subjectKeyId)),
		...(values.authorityKeyIdentifier === undefined ? [] : [values.authorityKeyIdentifier]),
		...(isEmptyNames(values.names) ? [] : [extension('subjectAltName', false, writeSubjectAltNames(values.names))]),
	);
}

export const extension = (name: keyof typeof oids, isCritical: boolean, value: DerNode): DerNode =>
	sequence(oid(oids[name]), ...(isCritical ? [isTrue()] : []), octetStringOf(value));

const ofCa = encodedOnce(extension('basicConstraints', true, sequence(isTrue())));
const ofLeaf = encodedOnce(extension('basicConstraints', true, sequence()));

/** The same in all certificates of a CA. */
export const authorityKeyIdentifier = (keyId: Buffer): DerNode =>
	encodedOnce(extension('authorityKeyIdentifier', false, sequence(taggedBytes(0, keyId))));

export interface Extension {
	readonly isCritical: boolean;
	readonly value: Buffer;
}

/** The extensions by OID. @throws Error  malformed, or one extension twice */
export function readExtensions(extensions: DerNode | undefined): ReadonlyMap<string, Extension> {
	const found = new Map<string, Extension>();
	for (const item of itemsOfSequence(extensions)) {
		const [type, second, third] = itemsOfSequence(item);
		const name = oidText(type);
		if (found.has(name)) throw new Error(`the extension ${name} occurs twice`);
		const value = octets(isBoolean(second) ? third : second);
		found.set(name, { isCritical: isBoolean(second) && booleanValue(second), value });
	}
	return found;
}

/** A BIT STRING of named bits, without trailing zeros. @source X.690 section 11.2.2 */
function namedBits(bits: readonly number[]): DerNode {
	const last = Math.max(...bits);
	const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
	for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
	return bitString(bytes, 7 - (last & 7));
}
