/**
 * X.509 certificates: building, parsing, checking. Every certificate that is built passes `openssl verify
 * -x509_strict`. The caller of a builder decides who receives which certificate.
 */
import { hash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { causeText, KubejoinError } from '../errors.ts';
import { algorithmOf, signInBackground, signWith } from './algorithms.ts';
import {
	bitString,
	bitStringBytes,
	type DerNode,
	encodedOnce,
	isTag,
	itemsOfSequence,
	itemsOfTag,
	octets,
	oidText,
	readDer,
	sequence,
	tagged,
	time,
	unsignedInteger,
	writeDer,
} from './der.ts';
import { authorityKeyIdentifier, type Extension, readExtensions, writeExtensions } from './extensions.ts';
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
import { oids } from './oids.ts';
import { foundInstead, type Pem, type PemBlock, readPem, writePem } from './pem.ts';
import type { Usage } from './usages.ts';

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
	readonly isCa?: boolean;
}

/** A CA that is ready to sign: everything that is the same in all its certificates, read once. */
export interface Issuer {
	readonly certificate: X509Certificate;
	readonly privateKey: KeyObject;
	readonly notBefore: number;
	readonly notAfter: number;
	/** Encoded, so no part of it can be read; the same is true for `algorithm`. */
	readonly name: DerNode;
	/** The AlgorithmIdentifier of its signatures. */
	readonly algorithm: DerNode;
	/** An extension. Undefined if the CA has no key identifier. */
	readonly authorityKeyIdentifier: DerNode | undefined;
	readonly nextSerial: () => Buffer;
}

/**
 * @throws CERTIFICATE_MALFORMED  not a CA certificate, or the key is another's; KEY_MALFORMED  it is neither RSA nor EC
 */
export function createIssuer(certificate: X509Certificate, privateKey: KeyObject): Issuer {
	const { subjectNode, subjectKeyId, isCa, notBefore, notAfter } = readCertificate(certificate);
	if (!isCa) throw malformed('it is not the certificate of a CA');
	if (!certificate.checkPrivateKey(privateKey)) throw malformed('the private key belongs to another certificate');
	if (!['rsa', 'ec'].includes(privateKey.asymmetricKeyType ?? ''))
		throw new KubejoinError('KEY_MALFORMED', {
			problem: `the key of a CA must be RSA or EC, and this one is ${privateKey.asymmetricKeyType}`,
		});
	return {
		certificate,
		privateKey,
		notBefore,
		notAfter,
		name: encodedOnce(subjectNode),
		algorithm: encodedOnce(algorithmOf(privateKey)),
		authorityKeyIdentifier: subjectKeyId && authorityKeyIdentifier(subjectKeyId),
		nextSerial: createSerials(),
	};
}

/**
 * The CA of a bundle that signs: the certificate that the key belongs to, and of several with the same key the one that
 * is valid longest. While a CA is rotated its file holds the old and the new certificate in any order.
 *
 * @param bundle      PEM, all certificates that clients are to trust
 * @throws CERTIFICATE_MALFORMED  the key belongs to none of them, or that one is no CA
 */
export function issuerOf(bundle: string, privateKey: KeyObject): Issuer {
	const certificates = parseCertificates(bundle);
	const [newest = certificates[0]] = certificates
		.filter((certificate) => certificate.checkPrivateKey(privateKey))
		.sort((a, b) => Date.parse(b.validTo) - Date.parse(a.validTo));
	return createIssuer(newest, privateKey);
}

/** A certificate as PEM, with a random serial number of 128 bits. */
export function buildCertificate(template: CertificateTemplate, issuer: Issuer): Pem {
	const { tbs } = unsigned(template, issuer);
	return writePem('CERTIFICATE', signed(tbs, issuer.algorithm, signWith(issuer.privateKey, writeDer(tbs))));
}

export interface IssuedCertificate {
	readonly pem: Pem;
	/** Lower-case hexadecimal, as the fingerprint. */
	readonly serial: string;
	/** As of `fingerprintOf`. */
	readonly fingerprint: string;
}

/** As `buildCertificate`, but an RSA signature does not block the event loop. */
export async function issueCertificate(template: CertificateTemplate, issuer: Issuer): Promise<IssuedCertificate> {
	const { tbs, serial } = unsigned(template, issuer);
	const der = signed(tbs, issuer.algorithm, await signInBackground(issuer.privateKey, writeDer(tbs)));
	return {
		pem: writePem('CERTIFICATE', der),
		serial: serial.toString('hex'),
		fingerprint: hash('sha256', der, 'hex'),
	};
}

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
	const algorithm = algorithmOf(keyPair.privateKey);
	const { tbs } = unsigned(template, {
		name: writeSubject(subject),
		algorithm,
		authorityKeyIdentifier: undefined,
		nextSerial: createSerials(),
	});
	return writePem('CERTIFICATE', signed(tbs, algorithm, signWith(keyPair.privateKey, writeDer(tbs))));
}

function unsigned(
	template: CertificateTemplate,
	issuer: Pick<Issuer, 'name' | 'algorithm' | 'authorityKeyIdentifier' | 'nextSerial'>,
): { readonly tbs: DerNode; readonly serial: Buffer } {
	const spki = readDer(template.spki);
	const extensions = writeExtensions({
		usages: template.usages,
		isCa: template.isCa ?? false,
		subjectKeyId: keyIdOf(spki),
		names: template.names ?? noSubjectAltNames,
		authorityKeyIdentifier: issuer.authorityKeyIdentifier,
	});
	const serial = issuer.nextSerial();
	const tbs = sequence(
		tagged(0, unsignedInteger(Buffer.from([2]))),
		unsignedInteger(serial),
		issuer.algorithm,
		issuer.name,
		sequence(time(template.notBefore), time(template.notAfter)),
		writeSubject(template.subject),
		spki,
		tagged(3, extensions),
	);
	return { tbs: encodedOnce(tbs), serial };
}

const signed = (tbs: DerNode, algorithm: DerNode, signature: Buffer): Buffer =>
	writeDer(sequence(tbs, algorithm, bitString(signature)));

const SERIAL_BYTES = 16;
/** A request for random bytes takes 5 us, of any of these lengths. */
const SERIALS_AT_ONCE = 64;

/** Serial numbers. Bit 127 is always set, so that each is 128 bits long and none is zero. */
function createSerials(): () => Buffer {
	let unused = Buffer.alloc(0);
	return () => {
		if (unused.length === 0) unused = randomBytes(SERIALS_AT_ONCE * SERIAL_BYTES);
		const serial = unused.subarray(0, SERIAL_BYTES);
		unused = unused.subarray(SERIAL_BYTES);
		serial[0] = (serial[0] ?? 0) | 0x80;
		return serial;
	};
}

/** The leftmost 160 bits of the SHA-256 of the key. @source RFC 7093 section 2, method 1; as Go since 1.25 */
const keyIdOf = (spki: DerNode): Buffer => sha256(bitStringBytes(itemsOfSequence(spki)[1])).subarray(0, 20);

const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer');

/**
 * Read all certificates of a bundle.
 *
 * @param bundle  PEM with a block of type CERTIFICATE or more; text and blocks of other types are ignored
 * @param max     for a bundle from outside: how many certificates it may have
 * @throws CERTIFICATE_MALFORMED  there is no certificate, or a block that cannot be read
 * @source client-go util/cert ParseCertsPEM
 */
export function parseCertificates(bundle: string, max?: number): [X509Certificate, ...X509Certificate[]] {
	const text = readPem(bundle);
	const [first, ...more] = text.blocks.filter(({ type, headers }) => type === 'CERTIFICATE' && headers.length === 0);
	if (text.problem !== undefined) throw malformed(text.problem);
	if (max !== undefined && more.length >= max)
		throw malformed(`it has ${more.length + 1} certificates, and at most ${max} are read`);
	if (first === undefined) throw malformed(`it has no PEM block of type CERTIFICATE: ${foundInstead(bundle, text)}`);
	const parse = ({ der }: PemBlock): X509Certificate => {
		const certificate = importCertificate(der);
		if (!certificate?.raw.equals(der)) throw malformed('the contents of a PEM block are not a certificate');
		return certificate;
	};
	return [parse(first), ...more.map(parse)];
}

/**
 * Why a text cannot be the certificate of a request; undefined when it can. Stricter than a bundle: blocks of other
 * types are not passed over.
 *
 * @source pkg/apis/certificates/validation validateCertificate
 */
export function issuedCertificateProblem(pem: string): string | undefined {
	const { blocks, problem } = readPem(pem);
	for (const { type, headers } of blocks) {
		if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
		if (headers.length > 0) return 'no PEM block headers are permitted';
	}
	if (problem === undefined && blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
	try {
		parseCertificates(pem);
		return undefined;
	} catch (error) {
		return causeText(error);
	}
}

/** The certificates of a bundle, each in PEM and nothing around it. @throws CERTIFICATE_MALFORMED */
export const certificatesPem = (bundle: string): readonly Pem[] => parseCertificates(bundle).map(pemOf);

/** A bundle of these certificates. */
export const certificatesText = (certificates: readonly X509Certificate[]): Pem => certificates.map(pemOf).join('');

const pemOf = ({ raw }: X509Certificate): Pem => writePem('CERTIFICATE', raw);

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
	/** The DER SubjectPublicKeyInfo, unchanged from the certificate. */
	readonly spki: Buffer;
	readonly subjectKeyId: Buffer | undefined;
	readonly subjectNode: DerNode;
}

/**
 * The fields of a certificate, from its DER.
 *
 * @throws CERTIFICATE_MALFORMED  also for control characters in a name and for two common names
 */
export function readCertificate(certificate: X509Certificate): CertificateFields {
	try {
		return readFields(certificate);
	} catch (error) {
		throw malformed(causeText(error));
	}
}

function readFields(certificate: X509Certificate): CertificateFields {
	const { subjectNode, spki, extensions } = partsOf(certificate);
	const keyId = extensions.get(oids.subjectKeyIdentifier)?.value;
	return {
		subject: readSubjectNode(subjectNode),
		names: namesOf(extensions),
		isCa: certificate.ca,
		notBefore: Date.parse(certificate.validFrom),
		notAfter: Date.parse(certificate.validTo),
		spki: writeDer(spki),
		subjectKeyId: keyId === undefined ? undefined : octets(readDer(keyId)),
		subjectNode,
	};
}

/** A certificate taken apart; nothing in it has been read. */
export interface CertificateParts {
	/** OID of the algorithm that it was signed with. */
	readonly signatureAlgorithm: string;
	readonly subjectNode: DerNode;
	readonly spki: DerNode;
	readonly extensions: ReadonlyMap<string, Extension>;
}

/** @throws Error  it is not a certificate in DER */
export function partsOf(certificate: X509Certificate): CertificateParts {
	const [tbs, algorithm] = itemsOfSequence(readDer(certificate.raw));
	const parts = itemsOfSequence(tbs);
	// Certificates of version 1 leave the version out.
	const [, , , , subjectNode, spki, ...optional] = isTag(parts[0], 0) ? parts.slice(1) : parts;
	if (subjectNode === undefined || spki === undefined) throw new Error('it does not have the parts of a certificate');
	const wrapper = optional.find((part) => isTag(part, 3));
	const extensions = wrapper === undefined ? new Map() : readExtensions(itemsOfTag(wrapper, 3)[0]);
	return { signatureAlgorithm: oidText(itemsOfSequence(algorithm)[0]), subjectNode, spki, extensions };
}

/** @throws Error  a name has control characters, or an address is not of 4 or 16 bytes */
export function namesOf(extensions: CertificateParts['extensions']): SubjectAltNames {
	const altNames = extensions.get(oids.subjectAltName);
	return altNames === undefined ? noSubjectAltNames : readSubjectAltNames(altNames.value);
}

/** User name and groups of a certificate. @throws CERTIFICATE_MALFORMED */
export const readSubject = (certificate: X509Certificate): Subject => readCertificate(certificate).subject;

/** OIDs; empty when the certificate is not restricted. Node calls them `keyUsage`. */
export const extKeyUsagesOf = (certificate: X509Certificate): readonly string[] => certificate.keyUsage ?? [];

/** SHA-256 of the DER certificate, lower-case hexadecimal. Not the pin, which is over the key alone. */
export const fingerprintOf = (certificate: X509Certificate): string => hash('sha256', certificate.raw, 'hex');

const malformed = (problem: string): KubejoinError => new KubejoinError('CERTIFICATE_MALFORMED', { problem });
