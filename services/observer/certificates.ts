/**
 * The certificates of the mesh: those of its files, from the list that the PKI publishes without keys, and those that
 * the cluster CA issued by certificate signing requests. Read when a page asks.
 */
import type { X509Certificate } from 'node:crypto';
import { causeText } from '../../lib/errors.ts';
import { readBytes } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { printable } from '../../lib/text.ts';
import type { CertificateDetail, Certificates, KnownCertificate } from './api.ts';
import { certificateSections, keyText } from './certificate-sections.ts';

type Pem = string;
type PresentedBy = (sha256: string) => readonly string[];

const CA_FILE = /(?:^|[/-])ca\.crt$/;

export interface IssuedCertificate {
	readonly signer: string;
	readonly pem: Pem;
}

export interface CertificatesOptions {
	/** The list that the PKI publishes; absent: no file is known. */
	readonly file: string | undefined;
	/** The newest certificate of each signer and subject. */
	readonly issued: () => readonly IssuedCertificate[];
}

export interface CertificatesView {
	readonly list: () => Certificates;
	/**
	 * @param serial       lower-case hexadecimal digits
	 * @param presentedBy  finds the connections in which programs present a certificate
	 */
	readonly detail: (serial: string, presentedBy?: PresentedBy) => CertificateDetail | undefined;
}

export function createCertificatesView({ file, issued }: CertificatesOptions): CertificatesView {
	// Each certificate is parsed once: a thousand take most of a second, and every open page asks every few seconds.
	const parsed = new WeakMap<Found, KnownCertificate | undefined>();
	const parse = (found: Found): KnownCertificate | undefined => {
		if (!parsed.has(found)) parsed.set(found, parseFound(found));
		return parsed.get(found);
	};
	let published: Published = { bytes: Buffer.alloc(0), found: [] };
	const all = (): readonly Found[] => {
		if (file !== undefined) published = readPublished(file, published);
		return [...published.found, ...issued().slice(0, limits.pageCertificates.value)];
	};
	return {
		list() {
			const list = all().flatMap((found) => parse(found) ?? []);
			return { list, ...(published.problem === undefined ? {} : { problem: published.problem }) };
		},
		detail(serial, presentedBy) {
			const found = all();
			const wanted = found.find((one) => {
				const known = parse(one);
				return known !== undefined && 'serial' in known && known.serial === serial;
			});
			const cas = found.flatMap((one) => ('file' in one && CA_FILE.test(one.file) ? [one.pem] : []));
			return wanted && { sections: certificateSections(wanted.pem, { cas, ...(presentedBy && { presentedBy }) }) };
		},
	};
}

type Found = IssuedCertificate | { readonly file: string; readonly pem: Pem };

interface Published {
	/** The contents of the file. */
	readonly bytes: Buffer;
	readonly found: readonly Found[];
	readonly problem?: string;
}

/** @param last  returned again while the file has not changed */
function readPublished(file: string, last: Published): Published {
	let bytes: Buffer = Buffer.alloc(0);
	try {
		bytes = readBytes(file, limits.pageCertificatesFileBytes.value);
		if (bytes.length > limits.pageCertificatesFileBytes.value) throw new Error('the file is too large');
		if (last.problem === undefined && bytes.equals(last.bytes)) return last;
		const document: unknown = JSON.parse(bytes.toString());
		if (typeof document !== 'object' || document === null) throw new Error('the file has no JSON object');
		const found = Object.entries(document).map(([path, pem]) => ({ file: printable(path), pem: String(pem) }));
		return { bytes, found };
	} catch (error) {
		return { bytes, found: [], problem: printable(`${file}: ${causeText(error)}`) };
	}
}

function parseFound(found: Found): KnownCertificate | undefined {
	const certificate = first(found.pem);
	// The row of a file that is not readable says so.
	if (certificate === undefined) return 'file' in found ? { file: found.file, problem: 'unreadable' } : undefined;
	const { subject, names, notBefore, notAfter } = readCertificate(certificate);
	return {
		...('file' in found ? { file: found.file } : { signer: printable(found.signer) }),
		serial: certificate.serialNumber.toLowerCase(),
		organizations: subject.organizations.map((name) => printable(name)),
		commonName: printable(subject.commonName),
		issuer: printable(/(?:^|\n)CN=(.*)/.exec(certificate.issuer)?.[1] ?? ''),
		key: keyText(certificate.publicKey),
		names: Object.values(names).reduce((sum, values) => sum + (Array.isArray(values) ? values.length : 0), 0),
		notBeforeMs: notBefore,
		notAfterMs: notAfter,
	};
}

function first(pem: Pem): X509Certificate | undefined {
	try {
		const [leaf] = parseCertificates(pem);
		readCertificate(leaf);
		return leaf;
	} catch {
		return undefined;
	}
}
