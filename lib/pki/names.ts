/**
 * Who a certificate names: its subject and its subjectAltNames. Read from the DER and not from a printed form, in which
 * a value with a line break or an escaped comma could pose as another attribute. Readers throw a plain Error, as those
 * of der.ts do.
 */
import { ipBytes, ipText } from '../address.ts';
import {
	checkedText,
	type DerNode,
	directoryString,
	itemsOfSequence,
	itemsOfSet,
	oid,
	oidText,
	readDer,
	sequence,
	setOf,
	stringText,
	taggedBytes,
	taggedPrimitive,
} from './der.ts';
import { oids } from './oids.ts';

/** The two attributes that Kubernetes reads: groups and user name. */
export interface Subject {
	readonly organizations: readonly string[];
	/** Empty when there is none. */
	readonly commonName: string;
}

export interface SubjectAltNames {
	readonly dns: readonly string[];
	/** As Go prints them: IPv4 dotted, IPv6 compressed. */
	readonly ip: readonly string[];
	readonly email: readonly string[];
	readonly uri: readonly string[];
}

export const noSubjectAltNames: SubjectAltNames = { dns: [], ip: [], email: [], uri: [] };
export const isEmptyNames = (names: SubjectAltNames): boolean =>
	[...names.dns, ...names.ip, ...names.email, ...names.uri].length === 0;

/** DNS names and IP addresses out of one list, each where it belongs. */
export const hostNames = (hosts: readonly string[]): SubjectAltNames => ({
	...noSubjectAltNames,
	dns: hosts.filter((host) => ipBytes(host) === undefined),
	ip: hosts.flatMap((host) => ipBytes(host) ?? []).map(ipText),
});

/** One line: `O=system:nodes, CN=system:node:worker-1`. */
export const subjectText = (subject: Subject): string =>
	[...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');

/**
 * Organizations in order, then the common name; each an RDN of its own.
 *
 * @differs Go puts all organizations into one multi-valued RDN
 */
export function writeSubject(subject: Subject): DerNode {
	const attribute = (type: string, value: string) => setOf(sequence(oid(type), directoryString(value)));
	const commonName = subject.commonName === '' ? [] : [attribute(oids.commonName, subject.commonName)];
	return sequence(...subject.organizations.map((o) => attribute(oids.organization, o)), ...commonName);
}

/**
 * Multi-valued RDNs are read like any other; attributes other than O and CN are passed over; a second CN is refused as
 * ambiguous.
 */
export function readSubjectNode(name: DerNode | undefined): Subject {
	const organizations: string[] = [];
	const commonNames: string[] = [];
	for (const attribute of itemsOfSequence(name).flatMap(itemsOfSet)) {
		const [type, value] = itemsOfSequence(attribute);
		const name = oidText(type);
		if (name === oids.organization) organizations.push(stringText(value));
		if (name === oids.commonName) commonNames.push(stringText(value));
	}
	if (commonNames.length > 1) throw new Error('the subject has several common names');
	return { organizations, commonName: commonNames[0] ?? '' };
}

/** The last common name, or nothing, of a subject that may hold anything else. @throws Error  it is not a text */
export function commonNameOf(name: DerNode): string {
	const attributes = itemsOfSequence(name).flatMap(itemsOfSet).map(itemsOfSequence);
	const value = attributes.findLast(([type]) => oidText(type) === oids.commonName)?.[1];
	return value === undefined ? '' : stringText(value);
}

/** Context tags of GeneralName. @source RFC 5280 section 4.2.1.6 */
export const generalNameTags = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

export function writeSubjectAltNames(names: SubjectAltNames): DerNode {
	const texts = (kind: 'email' | 'dns' | 'uri') =>
		names[kind].map((name) => taggedBytes(generalNameTags[kind], Buffer.from(name, 'ascii')));
	return sequence(
		...texts('dns'),
		...texts('email'),
		...names.ip.flatMap((address) => ipBytes(address) ?? []).map((bytes) => taggedBytes(generalNameTags.ip, bytes)),
		...texts('uri'),
	);
}

/** @param der  contents of the extension; kinds of names other than these four are passed over, as upstream does */
export function readSubjectAltNames(der: Buffer): SubjectAltNames {
	const names = itemsOfSequence(readDer(der)).flatMap((node) => taggedPrimitive(node) ?? []);
	const texts = (wanted: number) =>
		names.filter((name) => name.tag === wanted).map((name) => checkedText(name.bytes, 'ia5'));
	return {
		dns: texts(generalNameTags.dns),
		email: texts(generalNameTags.email),
		uri: texts(generalNameTags.uri),
		ip: names.filter((name) => name.tag === generalNameTags.ip).map((name) => ipText(name.bytes)),
	};
}
