/** Certificates with any extensions, signed by any key, for the tests of chains and names. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { algorithmOf, signWith } from './algorithms.ts';
import {
	bitString,
	type DerNode,
	isTrue,
	octetString,
	oid,
	readDer,
	sequence,
	tagged,
	time,
	unsignedInteger,
	writeDer,
} from './der.ts';
import { generateKeyPair, type KeyPair, spkiOf } from './keys.ts';
import { writeSubject, writeSubjectAltNames } from './names.ts';
import { oids } from './oids.ts';
import { writePem } from './pem.ts';
import { extKeyUsageOid } from './usages.ts';

export type ExtensionSpec = readonly [name: keyof typeof oids | string, value: DerNode, isCritical?: boolean];

export interface CertificateSpec {
	readonly commonName: string;
	/** Default: signed by itself. */
	readonly issuer?: { readonly commonName: string; readonly keys: KeyPair };
	/** Signs in place of the issuer's key: a forged certificate. */
	readonly signedBy?: KeyObject;
	readonly extensions?: readonly ExtensionSpec[];
	readonly notBefore?: number;
	readonly notAfter?: number;
	/** Default: a new P-256 pair. */
	readonly keys?: KeyPair;
}
export interface Made {
	readonly commonName: string;
	readonly keys: KeyPair;
	readonly certificate: X509Certificate;
	readonly pem: string;
}

export const testNow = Date.UTC(2026, 5, 1);
const yearMs = 365 * 24 * 3600 * 1000;
const nameOf = (commonName: string) => writeSubject({ organizations: [], commonName });

export async function makeCertificate(spec: CertificateSpec): Promise<Made> {
	const keys = spec.keys ?? (await generateKeyPair('ECDSA-P256'));
	const signer = spec.signedBy ?? (spec.issuer?.keys ?? keys).privateKey;
	const extensions = (spec.extensions ?? []).map(([name, value, isCritical = false]) => {
		const type = (oids as Readonly<Record<string, string>>)[name] ?? name;
		return sequence(oid(type), ...(isCritical ? [isTrue()] : []), octetString(writeDer(value)));
	});
	const tbs = sequence(
		tagged(0, unsignedInteger(Buffer.from([2]))),
		unsignedInteger(Buffer.from([1])),
		algorithmOf(signer),
		nameOf(spec.issuer?.commonName ?? spec.commonName),
		sequence(time(spec.notBefore ?? testNow - yearMs), time(spec.notAfter ?? testNow + 9 * yearMs)),
		nameOf(spec.commonName),
		readDer(spkiOf(keys.publicKey)),
		...(extensions.length === 0 ? [] : [tagged(3, sequence(...extensions))]),
	);
	const der = writeDer(sequence(tbs, algorithmOf(signer), bitString(signWith(signer, writeDer(tbs)))));
	return {
		commonName: spec.commonName,
		keys,
		certificate: new X509Certificate(der),
		pem: writePem('CERTIFICATE', der),
	};
}

export const caExtension = (pathLength?: number): ExtensionSpec => [
	'basicConstraints',
	sequence(isTrue(), ...(pathLength === undefined ? [] : [unsignedInteger(Buffer.from([pathLength]))])),
	true,
];
export const usageExtension = (...usages: Parameters<typeof extKeyUsageOid>[0][]): ExtensionSpec => [
	'extKeyUsage',
	sequence(...usages.map((usage) => oid(extKeyUsageOid(usage)))),
];
export const namesExtension = (names: {
	readonly dns?: readonly string[];
	readonly ip?: readonly string[];
	readonly email?: readonly string[];
	readonly uri?: readonly string[];
}): ExtensionSpec => ['subjectAltName', writeSubjectAltNames({ dns: [], ip: [], email: [], uri: [], ...names })];
