/**
 * X.509 version 3 extensions: those that kubejoin writes, and how it reads any. Readers throw a plain Error, as those
 * of der.ts do.
 */
import {
	bitString,
	booleanValue,
	type DerNode,
	isBoolean,
	isTrue,
	itemsOfSequence,
	octetString,
	octets,
	oid,
	oidText,
	sequence,
	taggedBytes,
	writeDer,
} from './der.ts';
import { isEmptyNames, type SubjectAltNames, writeSubjectAltNames } from './names.ts';
import { certificateUsages, type Usage } from './usages.ts';

export const extensionOids = {
	subjectKeyIdentifier: '2.5.29.14',
	keyUsage: '2.5.29.15',
	subjectAltName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	nameConstraints: '2.5.29.30',
	authorityKeyIdentifier: '2.5.29.35',
	extKeyUsage: '2.5.29.37',
} as const;

type ExtensionName = keyof typeof extensionOids;

export interface ExtensionValues {
	readonly usages: readonly Usage[];
	readonly isCa: boolean;
	readonly subjectKeyId: Buffer;
	/** Absent on a self-signed certificate, as on kubeadm's, and where the CA has no key identifier. */
	readonly authorityKeyId?: Buffer | undefined;
	readonly names: SubjectAltNames;
}

/** The extensions in the order in which Go, and so kubeadm, writes them; empty ones are left out. */
export function writeExtensions(values: ExtensionValues): DerNode {
	const { keyUsageBits, extKeyUsageOids } = certificateUsages(values.usages);
	return sequence(
		...(keyUsageBits.length === 0 ? [] : [extension('keyUsage', true, namedBits(keyUsageBits))]),
		...(extKeyUsageOids.length === 0 ? [] : [extension('extKeyUsage', false, sequence(...extKeyUsageOids.map(oid)))]),
		extension('basicConstraints', true, values.isCa ? sequence(isTrue()) : sequence()),
		extension('subjectKeyIdentifier', false, octetString(values.subjectKeyId)),
		...(values.authorityKeyId === undefined
			? []
			: [extension('authorityKeyIdentifier', false, sequence(taggedBytes(0, values.authorityKeyId)))]),
		...(isEmptyNames(values.names) ? [] : [extension('subjectAltName', false, writeSubjectAltNames(values.names))]),
	);
}

export const extension = (name: ExtensionName, isCritical: boolean, value: DerNode): DerNode =>
	sequence(oid(extensionOids[name]), ...(isCritical ? [isTrue()] : []), octetString(writeDer(value)));

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
