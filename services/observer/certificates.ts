/**
 * The certificates of the mesh: those of its files, from the list that the PKI publishes without keys, and those that
 * the cluster CA issued by certificate signing requests. Read when a page asks.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { causeText } from '../../lib/errors.ts';
import { readBytes } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { printable } from '../../lib/text.ts';
import type { CertificateDetail, Certificates, KnownCertificate } from './api.ts';
import { certificateSections } from './detail.ts';

type Pem = string;

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
	/** @param serial  lower-case hexadecimal digits */
	readonly detail: (serial: string) => CertificateDetail | undefined;
}

export function createCertificatesView({ file, issued }: CertificatesOptions): CertificatesView {
	const all = () => {
		const { published, problem } = readPublished(file);
		const fromFiles = Object.entries(published).map(([path, pem]) => ({ pem, file: printable(path) }));
		return { found: [...fromFiles, ...issued().slice(0, limits.pageCertificates.value)], problem };
	};
	return {
		list() {
			const { found, problem } = all();
			const list = found.flatMap(({ pem, ...origin }) => known(pem, origin));
			return { list, ...(problem === undefined ? {} : { problem }) };
		},
		detail(serial) {
			const wanted = all().found.find(({ pem }) => first(pem)?.serialNumber.toLowerCase() === serial);
			return wanted && { sections: certificateSections(wanted.pem) };
		},
	};
}

interface Published {
	readonly published: Readonly<Record<string, Pem>>;
	readonly problem?: string;
}

function readPublished(file: string | undefined): Published {
	if (file === undefined) return { published: {} };
	try {
		const bytes = readBytes(file, limits.pageCertificatesFileBytes.value);
		if (bytes.length > limits.pageCertificatesFileBytes.value) throw new Error('the file is too large');
		const document: unknown = JSON.parse(bytes.toString());
		if (typeof document !== 'object' || document === null) throw new Error('the file has no JSON object');
		return { published: Object.fromEntries(Object.entries(document).map(([path, pem]) => [path, String(pem)])) };
	} catch (error) {
		return { published: {}, problem: printable(`${file}: ${causeText(error)}`) };
	}
}

function known(pem: Pem, origin: { readonly file: string } | { readonly signer: string }): readonly KnownCertificate[] {
	const certificate = first(pem);
	// The row of a file that is not readable says so.
	if (certificate === undefined) return 'file' in origin ? [{ file: origin.file, problem: 'unreadable' }] : [];
	const { subject, names, notBefore, notAfter } = readCertificate(certificate);
	return [
		{
			...('file' in origin ? origin : { signer: printable(origin.signer) }),
			serial: certificate.serialNumber.toLowerCase(),
			organizations: subject.organizations.map((name) => printable(name)),
			commonName: printable(subject.commonName),
			issuer: printable(/(?:^|\n)CN=(.*)/.exec(certificate.issuer)?.[1] ?? ''),
			key: keyText(certificate.publicKey),
			names: Object.values(names).reduce((sum, values) => sum + (Array.isArray(values) ? values.length : 0), 0),
			notBeforeMs: notBefore,
			notAfterMs: notAfter,
		},
	];
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

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** `RSA 2048`, `P-256` */
const keyText = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string =>
	asymmetricKeyType === 'rsa'
		? `RSA ${asymmetricKeyDetails?.modulusLength}`
		: (curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? String(asymmetricKeyType));
