/**
 * X.509 certificates: building, reading, checking. Every certificate that is built passes `openssl verify -x509_strict`.
 * A builder signs what it is told to; who may have what is decided elsewhere.
 */
import { createHash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { causeText, KubejoinError } from '../errors.ts';
import { algorithmOf, signWith } from './algorithms.ts';
import { datesProblem, invalidNow } from './dates.ts';
import {
	bitString,
	bitStringBytes,
	type DerNode,
	isTag,
	itemsOfSequence,
	itemsOfTag,
	octets,
	readDer,
	sequence,
	tagged,
	time,
	unsignedInteger,
	writeDer,
} from './der.ts';
import { extensionOids, readExtensions, writeExtensions } from './extensions.ts';
import { type KeyPair, spkiOf } from './keys.ts';
import {
	hostNames,
	noSubjectAltNames,
	readSubjectAltNames,
	readSubjectNode,
	type Subject,
	type SubjectAltNames,
	writeSubject,
} from './names.ts';
import { readPem, writePem } from './pem.ts';
import { extKeyUsageOid, type Usage } from './usages.ts';

export interface CertificateTemplate {
	readonly subject: Subject;
	/** DER SubjectPublicKeyInfo. */
	readonly spki: Buffer;
	/** Milliseconds since the epoch; cut to whole seconds. */
	readonly notBefore: number;
	/** Milliseconds since the epoch; cut to whole seconds. */
	readonly notAfter: number;
	readonly usages: readonly Usage[];
	readonly names?: SubjectAltNames;
	/** Default false. */
	readonly isCa?: boolean;
}

/** A CA that is ready to sign: everything that is the same in all its certificates, read once. */
export interface Issuer {
	readonly certificate: X509Certificate;
	readonly privateKey: KeyObject;
	readonly notBefore: number;
	readonly notAfter: number;
	readonly name: DerNode;
	readonly keyId: Buffer;
}

/** @throws CERTIFICATE_MALFORMED  not a CA certificate, or the key is another's */
export function createIssuer(certificate: X509Certificate, privateKey: KeyObject): Issuer {
	const { subjectNode, subjectKeyId, isCa, notBefore, notAfter } = readCertificate(certificate);
	if (!isCa || subjectKeyId === undefined) throw malformed('it is not the certificate of a CA');
	if (!certificate.checkPrivateKey(privateKey)) throw malformed('the private key belongs to another certificate');
	return { certificate, privateKey, notBefore, notAfter, name: subjectNode, keyId: subjectKeyId };
}

/** A certificate as PEM, with a random serial number of 128 bits. */
export const buildCertificate = (template: CertificateTemplate, issuer: Issuer): string =>
	sign(template, issuer.name, issuer.privateKey, issuer.keyId);

/**
 * A self-signed CA certificate as PEM, with the extensions of kubeadm's.
 *
 * @param dnsNames  kubeadm's CA names itself: `kubernetes`
 * @source  kubeadm util/pkiutil NewSelfSignedCACert
 */
export function buildCaCertificate(
	options: {
		readonly commonName: string;
		readonly dnsNames: readonly string[];
		readonly notBefore: number;
		readonly notAfter: number;
	},
	keyPair: KeyPair,
): string {
	const subject: Subject = { organizations: [], commonName: options.commonName };
	const { notBefore, notAfter } = options;
	const usages: Usage[] = ['digital signature', 'key encipherment', 'cert sign'];
	const template = {
		subject,
		spki: spkiOf(keyPair.publicKey),
		notBefore,
		notAfter,
		usages,
		isCa: true,
		names: hostNames(options.dnsNames),
	};
	return sign(template, writeSubject(subject), keyPair.privateKey);
}

function sign(template: CertificateTemplate, issuerName: DerNode, key: KeyObject, authorityKeyId?: Buffer): string {
	const spki = readDer(template.spki);
	const extensions = writeExtensions({
		usages: template.usages,
		isCa: template.isCa ?? false,
		subjectKeyId: keyIdOf(spki),
		names: template.names ?? noSubjectAltNames,
		...(authorityKeyId === undefined ? {} : { authorityKeyId }),
	});
	const tbs = sequence(
		tagged(0, unsignedInteger(Buffer.from([2]))),
		unsignedInteger(randomSerial()),
		algorithmOf(key),
		issuerName,
		sequence(time(template.notBefore), time(template.notAfter)),
		writeSubject(template.subject),
		spki,
		tagged(3, extensions),
	);
	const signature = signWith(key, writeDer(tbs));
	return writePem('CERTIFICATE', writeDer(sequence(tbs, algorithmOf(key), bitString(signature))));
}

/** Bit 127 is always set, so that every serial number is 128 bits long and none is zero. */
function randomSerial(): Buffer {
	const serial = randomBytes(16);
	serial[0] = (serial[0] ?? 0) | 0x80;
	return serial;
}

/** The leftmost 160 bits of the SHA-256 of the key. @source RFC 7093 section 2, method 1; as Go since 1.25 */
const keyIdOf = (spki: DerNode): Buffer =>
	createHash('sha256')
		.update(bitStringBytes(itemsOfSequence(spki)[1]))
		.digest()
		.subarray(0, 20);

/**
 * Read all certificates of a bundle.
 *
 * @param bundle  PEM blocks of type CERTIFICATE, nothing else
 * @throws CERTIFICATE_MALFORMED  no certificate, anything else between them, or one that cannot be read
 */
export function parseCertificates(bundle: string): [X509Certificate, ...X509Certificate[]] {
	const [first, ...more] = readPem(bundle) ?? [];
	if (first === undefined) throw malformed('it is not PEM blocks of type CERTIFICATE and nothing else');
	const parse = ({ type, der }: { type: string; der: Buffer }): X509Certificate => {
		if (type !== 'CERTIFICATE') throw malformed(`it has a PEM block of type ${type}`);
		const certificate = importCertificate(der);
		if (!certificate?.raw.equals(der)) throw malformed('the contents of a PEM block are not a certificate');
		return certificate;
	};
	return [parse(first), ...more.map(parse)];
}

function importCertificate(der: Buffer): X509Certificate | undefined {
	try {
		return new X509Certificate(der);
	} catch {
		return undefined;
	}
}

export interface CertificateFields {
	readonly subject: Subject;
	readonly names: SubjectAltNames;
	readonly isCa: boolean;
	/** Milliseconds since the epoch. */
	readonly notBefore: number;
	/** Milliseconds since the epoch. */
	readonly notAfter: number;
	/** DER SubjectPublicKeyInfo, as it stands in the certificate. */
	readonly spki: Buffer;
	readonly subjectKeyId: Buffer | undefined;
	readonly subjectNode: DerNode;
}

/** The fields of a certificate, from its DER. @throws CERTIFICATE_MALFORMED  also for control characters in a name and for two common names */
export function readCertificate(certificate: X509Certificate): CertificateFields {
	try {
		return readFields(certificate);
	} catch (error) {
		throw malformed(causeText(error));
	}
}

function readFields(certificate: X509Certificate): CertificateFields {
	const [tbs] = itemsOfSequence(readDer(certificate.raw));
	const parts = itemsOfSequence(tbs);
	// Certificates of version 1 leave the version out.
	const [, , , , subjectNode, spki, ...optional] = isTag(parts[0], 0) ? parts.slice(1) : parts;
	if (subjectNode === undefined || spki === undefined) throw new Error('it does not have the parts of a certificate');
	const wrapper = optional.find((part) => isTag(part, 3));
	const extensions = wrapper === undefined ? new Map<string, Buffer>() : readExtensions(itemsOfTag(wrapper, 3)[0]);
	const altNames = extensions.get(extensionOids.subjectAltName);
	const keyId = extensions.get(extensionOids.subjectKeyIdentifier);
	return {
		subject: readSubjectNode(subjectNode),
		names: altNames === undefined ? noSubjectAltNames : readSubjectAltNames(altNames),
		isCa: certificate.ca,
		notBefore: Date.parse(certificate.validFrom),
		notAfter: Date.parse(certificate.validTo),
		spki: writeDer(spki),
		subjectKeyId: keyId === undefined ? undefined : octets(readDer(keyId)),
		subjectNode,
	};
}

/** User name and groups of a certificate. @throws CERTIFICATE_MALFORMED */
export const readSubject = (certificate: X509Certificate): Subject => readCertificate(certificate).subject;

/** OIDs; empty when the certificate is not restricted. Node calls them `keyUsage`. */
export const extKeyUsagesOf = (certificate: X509Certificate): readonly string[] => certificate.keyUsage ?? [];

/** SHA-256 of the DER certificate, lower-case hexadecimal. Not the pin, which is over the key alone. */
export const fingerprintOf = (certificate: X509Certificate): string =>
	createHash('sha256').update(certificate.raw).digest('hex');

/**
 * Why a leaf cannot be trusted for a purpose; undefined when it can.
 *
 * @param roots  one of them must have signed the leaf itself; kubejoin's CAs use no intermediates
 * @param now    milliseconds since the epoch
 */
export function chainProblem(
	leaf: X509Certificate,
	roots: readonly X509Certificate[],
	now: number,
	purpose: 'client auth' | 'server auth',
): string | undefined {
	const root = roots.find(
		(candidate) => candidate.ca && leaf.checkIssued(candidate) && leaf.verify(candidate.publicKey),
	);
	if (root === undefined) return 'it was not signed by a CA that is trusted here';
	const validity = validityProblem(leaf, now);
	if (validity !== undefined) return validity;
	const rootValidity = validityProblem(root, now);
	if (rootValidity !== undefined) return `of the CA that signed it: ${rootValidity}`;
	if (leaf.ca) return 'it is the certificate of a CA';
	const extKeyUsages = extKeyUsagesOf(leaf);
	return extKeyUsages.includes(extKeyUsageOid(purpose)) ? undefined : `it is not for ${purpose}`;
}

function validityProblem(certificate: X509Certificate, now: number): string | undefined {
	const problem = datesProblem(Date.parse(certificate.validFrom), Date.parse(certificate.validTo), now);
	return problem === undefined ? undefined : `x509: ${invalidNow}: ${problem}`;
}

const malformed = (problem: string): KubejoinError => new KubejoinError('CERTIFICATE_MALFORMED', { problem });
