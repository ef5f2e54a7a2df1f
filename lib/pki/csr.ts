/**
 * Certificate requests (PKCS#10, RFC 2986): made by who wants an identity, read by who may give it. What `parseCsr`
 * returns has proved that it holds the private key; the brand says so, and nothing else can make one.
 */
import type { KeyObject } from 'node:crypto';
import { causeText, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { algorithmOf, checkKey, importPublicKey, signWith, verifyWith } from './algorithms.ts';
import {
	bitString,
	bitStringBytes,
	type DerNode,
	integerBytes,
	itemsOfSequence,
	itemsOfSet,
	itemsOfTag,
	oid,
	oidText,
	readDer,
	sequence,
	setOf,
	tagged,
	unsignedInteger,
	writeDer,
} from './der.ts';
import { extension, readExtensions } from './extensions.ts';
import { spkiOf } from './keys.ts';
import {
	hostNames,
	isEmptyNames,
	noSubjectAltNames,
	readSubjectAltNames,
	readSubjectNode,
	type Subject,
	type SubjectAltNames,
	writeSubject,
	writeSubjectAltNames,
} from './names.ts';
import { oids } from './oids.ts';
import { readPem, writePem } from './pem.ts';

declare const verified: unique symbol;

/** A request whose signature was verified under its own key. */
export interface VerifiedCsr {
	readonly [verified]: true;
	readonly subject: Subject;
	readonly names: SubjectAltNames;
	readonly publicKey: KeyObject;
	/** The DER SubjectPublicKeyInfo, unchanged from the request. */
	readonly spki: Buffer;
}

export interface CsrOptions {
	readonly subject: Subject;
	readonly dnsNames?: readonly string[];
	readonly ipAddresses?: readonly string[];
}

const maxPemLength = limits.csrCharacters.value;

/**
 * A request as PEM; without names it has no extensions, as the kubelet's client request.
 *
 * @source kubelet certificate manager
 */
export function createCsr(
	options: CsrOptions,
	keyPair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): string {
	const names = hostNames([...(options.dnsNames ?? []), ...(options.ipAddresses ?? [])]);
	const info = sequence(
		unsignedInteger(Buffer.from([0])),
		writeSubject(options.subject),
		readDer(spkiOf(keyPair.publicKey)),
		tagged(0, ...(isEmptyNames(names) ? [] : [extensionRequest(names)])),
	);
	const signature = signWith(keyPair.privateKey, writeDer(info));
	return writePem(
		'CERTIFICATE REQUEST',
		writeDer(sequence(info, algorithmOf(keyPair.privateKey), bitString(signature))),
	);
}

const extensionRequest = (names: SubjectAltNames): DerNode =>
	sequence(
		oid(oids.extensionRequest),
		setOf(sequence(extension('subjectAltName', false, writeSubjectAltNames(names)))),
	);

/**
 * Parses a request and verifies that its creator holds the private key.
 *
 * @param pem  its first block is of type CERTIFICATE REQUEST; 64 KiB at most
 * @throws CSR_MALFORMED  another block, invalid DER, a key or algorithm that is not accepted, control characters in a
 *   name, two common names
 * @throws CSR_SIGNATURE_INVALID
 * @source  pkg/apis/certificates ParseCSR
 * @differs Go takes the last of several common names, and accepts RSA keys of 1024 bits, SHA-1 and RSA-PSS; here they
 *   are refused
 */
export function parseCsr(pem: string): VerifiedCsr {
	try {
		return readRequest(readDer(requestBlock(pem)));
	} catch (error) {
		throw error instanceof KubejoinError ? error : new KubejoinError('CSR_MALFORMED', { problem: causeText(error) });
	}
}

function requestBlock(pem: string): Buffer {
	if (pem.length > maxPemLength) throw new Error(`it is longer than ${maxPemLength} characters`);
	const [first] = readPem(pem).blocks;
	if (first?.type !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
	return first.der;
}

/** A remembered request would otherwise keep Node's pool that its key is a part of, which is a hundred times larger. */
function withoutPool(part: Buffer): Buffer {
	const own = Buffer.alloc(part.length);
	part.copy(own);
	return own;
}

function readRequest(request: DerNode): VerifiedCsr {
	const [info, algorithm, signature, ...more] = itemsOfSequence(request);
	const [version, subject, spkiNode, attributes, ...rest] = itemsOfSequence(info);
	if (info === undefined || spkiNode === undefined || more.length > 0 || rest.length > 0)
		throw new Error('it does not have the parts of a PKCS#10 request');
	if (!integerBytes(version).equals(Buffer.from([0]))) throw new Error('its version is not 0');
	const spki = withoutPool(writeDer(spkiNode));
	const publicKey = importPublicKey(spkiNode);
	checkKey(publicKey, spkiNode);
	if (!verifyWith(publicKey, algorithm, writeDer(info), bitStringBytes(signature)))
		throw new KubejoinError('CSR_SIGNATURE_INVALID', {});
	return { subject: readSubjectNode(subject), names: readRequestedNames(attributes), publicKey, spki } as VerifiedCsr;
}

function readRequestedNames(attributes: DerNode | undefined): SubjectAltNames {
	if (attributes === undefined) return noSubjectAltNames;
	const requests = itemsOfTag(attributes, 0)
		.map(itemsOfSequence)
		.filter(([type]) => oidText(type) === oids.extensionRequest);
	const lists = requests.flatMap(([, values]) => itemsOfSet(values));
	if (lists.length > 1) throw new Error('it requests extensions twice');
	const names = lists.length === 0 ? undefined : readExtensions(lists[0]).get(oids.subjectAltName)?.value;
	return names === undefined ? noSubjectAltNames : readSubjectAltNames(names);
}
