/** The usage names of the CertificateSigningRequest API, and their key usage bits and OIDs in a certificate. */
import { oids } from './oids.ts';

/** Bit numbers of KeyUsage. @source RFC 5280 section 4.2.1.3 */
const keyUsageBits = {
	signing: 0,
	'digital signature': 0,
	'content commitment': 1,
	'key encipherment': 2,
	'data encipherment': 3,
	'key agreement': 4,
	'cert sign': 5,
	'crl sign': 6,
	'encipher only': 7,
	'decipher only': 8,
} as const;

/** OIDs of ExtKeyUsage. @source Go crypto/x509, which is what upstream signs with */
const extKeyUsageOids = {
	any: '2.5.29.37.0',
	'server auth': oids.serverAuth,
	'client auth': oids.clientAuth,
	'code signing': '1.3.6.1.5.5.7.3.3',
	'email protection': '1.3.6.1.5.5.7.3.4',
	's/mime': '1.3.6.1.5.5.7.3.4',
	'ipsec end system': '1.3.6.1.5.5.7.3.5',
	'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
	'ipsec user': '1.3.6.1.5.5.7.3.7',
	timestamping: '1.3.6.1.5.5.7.3.8',
	'ocsp signing': '1.3.6.1.5.5.7.3.9',
	'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
	'netscape sgc': '2.16.840.1.113730.4.1',
} as const;

const keyUsageRows: readonly [usage: string, bit: number][] = Object.entries(keyUsageBits);
const extKeyUsageRows: readonly [usage: string, oid: string][] = Object.entries(extKeyUsageOids);

export type Usage = keyof typeof keyUsageBits | keyof typeof extKeyUsageOids;

/** The 23 names. @source k8s.io/api/certificates/v1 KeyUsage */
export const usageNames: readonly Usage[] = [
	...(Object.keys(keyUsageBits) as Usage[]),
	...(Object.keys(extKeyUsageOids) as Usage[]),
];

export const isUsage = (name: string): name is Usage => (usageNames as readonly string[]).includes(name);

/**
 * Bit numbers and OIDs, each once and in the table's order, as upstream sorts them.
 *
 * @source pkg/controller/certificates/authority keyUsagesFromStrings
 */
export function certificateUsages(usages: readonly Usage[]): {
	readonly keyUsageBits: readonly number[];
	readonly extKeyUsageOids: readonly string[];
} {
	const chosen = <V>(table: readonly [usage: string, value: V][]): V[] => [
		...new Set(table.filter(([usage]) => (usages as readonly string[]).includes(usage)).map(([, value]) => value)),
	];
	return { keyUsageBits: chosen(keyUsageRows), extKeyUsageOids: chosen(extKeyUsageRows) };
}

/** The usages of the set bits of KeyUsage. */
export const keyUsageNames = (bits: Uint8Array): readonly string[] =>
	Object.entries(keyUsageBits)
		.filter(([name, bit]) => name !== 'signing' && ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
		.map(([name]) => name);

export const extKeyUsageOid = (usage: keyof typeof extKeyUsageOids): string => extKeyUsageOids[usage];
