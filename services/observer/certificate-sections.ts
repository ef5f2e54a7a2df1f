/** The sections of certificates, pins and certificate requests, from the bytes in spans. Nothing is verified here. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import {
	extKeyUsagesOf,
	fingerprintOf,
	parseCertificates,
	partsOf,
	readCertificate,
} from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { oids } from '../../lib/pki/oids.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { keyUsageNames } from '../../lib/pki/usages.ts';
import type { Check, DetailSection } from './api.ts';
import { certificateParts, hashedParts, requestParts } from './byte-parts.ts';
import type { FieldKey } from './field-keys.ts';
import type { AttributeValue, Span } from './otlp.ts';
import { checksOf, type Fields, section, Trace } from './sections.ts';
import { text } from './span-places.ts';

export interface CertificateContext {
	/** PEM; an issuer among them is a part of the chain. */
	readonly cas?: readonly string[];
	/** Where programs present it: `node-1 → apiserver-sim`. */
	readonly presentedBy?: (sha256: string) => readonly string[];
	/** Of the first certificate. */
	readonly checks?: readonly Check[];
}

export function certificateSections(pem: string, context: CertificateContext = {}): DetailSection[] {
	const { cas = [], presentedBy = () => [], checks } = context;
	const known = [pem, ...cas].flatMap(certificatesIn);
	return certificatesIn(pem).map((certificate, index) => {
		const { subject, names, isCa, notBefore, notAfter } = readCertificate(certificate);
		const subjectOf = subjectText(subject);
		const serial = certificate.serialNumber.toLowerCase();
		const usages = keyUsagesOf(certificate);
		const extended = extKeyUsagesOf(certificate).map((oid) => extKeyUsageNames[oid] ?? oid);
		const [validFrom, validTo] = [notBefore, notAfter].map((ms) => new Date(ms).toISOString());
		const fields: Fields = [
			['certificate.subject', subjectOf],
			['certificate.issuer', oneLine(certificate.issuer)],
			['certificate.serial', serial],
			['certificate.notBefore', validFrom],
			['certificate.notAfter', validTo],
			['certificate.subjectAltNames', namesText(names)],
			['certificate.keyUsage', usages],
			['certificate.extendedKeyUsage', extended],
			['certificate.isCa', isCa],
			['certificate.publicKey', keyText(certificate.publicKey)],
			['certificate.chain', chainOf(certificate, known).map(({ subject: one }) => oneLine(one))],
			['certificate.presentedBy', presentedBy(fingerprintOf(certificate))],
			['certificate.pin', spkiPin(certificate)],
			['certificate.fingerprint', fingerprintOf(certificate)],
		];
		const parts = certificateParts(certificate.raw, {
			version: '3',
			serial,
			issuer: oneLine(certificate.issuer),
			notBefore: validFrom,
			notAfter: validTo,
			subject: oneLine(certificate.subject),
			publicKey: keyText(certificate.publicKey),
			keyUsage: usages.join(', '),
			extendedKeyUsage: extended.join(', '),
			basicConstraints: isCa ? 'CA' : '',
			subjectAltNames: namesText(names).join(', '),
		});
		return section('certificate', subjectOf, fields, {
			text: certificate.toString(),
			bytes: certificate.raw,
			parts,
			lifetime: { notBeforeMs: notBefore, notAfterMs: notAfter },
			...(index === 0 && checks !== undefined ? { checks } : {}),
		});
	});
}

/** Where the programs of a join present a certificate, by the reports of their connections. */
export function presentedIn(spans: readonly Span[]): (sha256: string) => readonly string[] {
	const trace = new Trace(spans);
	const byId = new Map(spans.map((span) => [span.spanId, span]));
	const places = new Map<string, Set<string>>();
	for (const server of spans) {
		const client = byId.get(server.parentId);
		if (server.kind !== 'server' || client?.kind !== 'client') continue;
		for (const side of ['client', 'server'] as const) {
			const sha256 = text(server.attributes, `tls.${side}.hash.sha256`).toLowerCase();
			const place = `${trace.programOf(client)} → ${trace.programOf(server)}`;
			if (sha256 !== '') places.set(sha256, (places.get(sha256) ?? new Set()).add(place));
		}
	}
	return (sha256) => [...(places.get(sha256) ?? [])];
}

/** Of a phase that verifies a certificate. Its error has the reason as a sentence. */
export function certificateChecks({ failed }: Span): readonly Check[] {
	const keys = [
		'certificateKey',
		'certificateName',
		'certificateGroups',
		'certificateNotCa',
		'certificateChain',
	] as const;
	if (failed === undefined) return checksOf(keys);
	const reasons = [/for another key/, /and not for "/, /organizations are/, /certificate of a CA/, /x509:/];
	return checksOf(keys, keys[reasons.findIndex((reason) => reason.test(failed))] ?? 'none');
}

/** The certificate and its issuers among the known ones, up to one that signed itself. */
function chainOf(leaf: X509Certificate, known: readonly X509Certificate[]): readonly X509Certificate[] {
	const chain = [leaf];
	for (let one = leaf; one.subject !== one.issuer && chain.length <= known.length; ) {
		const issuer = known.find((ca) => !chain.includes(ca) && one.checkIssued(ca) && one.verify(ca.publicKey));
		if (issuer === undefined) break;
		chain.push(issuer);
		one = issuer;
	}
	return chain;
}

function keyUsagesOf(certificate: X509Certificate): readonly string[] {
	try {
		const extension = partsOf(certificate).extensions.get(oids.keyUsage);
		return extension === undefined ? [] : keyUsageNames(bitsOf(extension.value));
	} catch {
		return [];
	}
}
/** The first byte is the number of unused bits. */
const bitsOf = (value: Uint8Array): Buffer => Buffer.from(value).subarray(3);

/** @source RFC 5280 section 4.2.1.12 */
const extKeyUsageNames: Readonly<Record<string, string>> = {
	'1.3.6.1.5.5.7.3.1': 'server auth',
	'1.3.6.1.5.5.7.3.2': 'client auth',
};

/** The pin, step by step: certificate, SubjectPublicKeyInfo, SHA-256, comparison. @source RFC 7469 section 2.4 */
export function pinSections(pem: string, pinned: AttributeValue | undefined): DetailSection[] {
	const wanted = Array.isArray(pinned) ? pinned : undefined;
	return certificatesIn(pem).map((certificate) => {
		const { spki } = readCertificate(certificate);
		const presented = spkiPin(certificate);
		const matches = wanted?.includes(presented);
		const fields: Fields = [
			['pin.certificate', oneLine(certificate.subject)],
			['pin.spki', `${spki.length} bytes: ${spki.toString('hex')}`],
			['pin.sha256', createHash('sha256').update(spki).digest('hex')],
			['pin.presented', presented],
			['pin.wanted', wanted],
			['pin.matches', matches],
			['pin.mistake', matches === false ? mistakeIn(wanted ?? [], certificate) : undefined],
		];
		return section('pin', oneLine(certificate.subject), fields, {
			text: certificate.toString(),
			bytes: certificate.raw,
			parts: hashedParts(certificate.raw, keyText(certificate.publicKey)),
			checks:
				wanted === undefined
					? checksOf(['pinGiven'], 'none')
					: checksOf(['pinEqual'], matches ? undefined : 'pinEqual'),
		});
	});
}

/** A hash of other bytes that operators compute by mistake. */
function mistakeIn(wanted: readonly string[], certificate: X509Certificate): string | undefined {
	const pem = certificate.toString();
	const keyPem = certificate.publicKey.export({ type: 'spki', format: 'pem' });
	const hashed: readonly [mistake: string, bytes: Uint8Array | string][] = [
		['nothing', ''],
		['certificate', certificate.raw],
		['certificate-pem', pem],
		['certificate-pem', pem.trimEnd()],
		['key-pem', keyPem],
	];
	return hashed.find(([, bytes]) => wanted.includes(`sha256:${createHash('sha256').update(bytes).digest('hex')}`))?.[0];
}

/** The request of a join, its outcome, and the certificate beside it. Empty if no span has it. */
export function requestSections(trace: Trace): DetailSection[] {
	const pem = trace.value('kubejoin.csr.pem');
	if (typeof pem !== 'string') return [];
	const [certificate] = certificatesIn(String(trace.value('kubejoin.certificate.pem') ?? ''));
	const asked: Fields = [
		['csr.name', trace.value('kubejoin.csr.name')],
		['csr.signer', trace.value('kubejoin.csr.signer')],
		['csr.usages', trace.value('kubejoin.csr.usages')],
	];
	const checks: Check[] = [...checksOf(['csrSignature']), ...decisionChecks(trace, certificate !== undefined)];
	try {
		const { subject, names, publicKey, spki } = parseCsr(pem);
		const own: Fields = [
			['csr.subject', subjectText(subject)],
			['csr.subjectAltNames', namesText(names)],
			['csr.publicKey', keyText(publicKey)],
			['csr.spki', spki.toString('hex')],
		];
		const bytes = derOf(pem);
		const values = { version: '1', subject: subjectText(subject), publicKey: keyText(publicKey) };
		const parts = requestParts(bytes, { ...values, requestedExtensions: namesText(names).join(', ') });
		const usages = asList(trace.value('kubejoin.csr.usages'));
		const comparison =
			certificate && compared({ subject: subjectText(subject), names: namesText(names), spki, usages }, certificate);
		return [
			section('csr', '', [...asked, ...own, ...historyOf(trace)], {
				text: pem,
				bytes,
				parts,
				checks,
				...(comparison === undefined ? {} : { comparison }),
			}),
		];
	} catch {
		return [
			section('csr', '', [...asked, ...historyOf(trace)], {
				text: pem,
				checks: checksOf(['csrSignature'], 'csrSignature'),
			}),
		];
	}
}

const asList = (value: AttributeValue | undefined): readonly string[] => (Array.isArray(value) ? value : []);

function decisionChecks(trace: Trace, isIssued: boolean): readonly Check[] {
	const keys = ['csrApproved', 'csrIssued'] as const;
	if (isIssued) return checksOf(keys);
	const decision = trace.spans.findLast(({ name }) => name === 'csr-approving')?.attributes['kubejoin.decision'];
	if (decision === 'denied') return checksOf(keys, 'csrApproved');
	return decision === 'approved'
		? [...checksOf(['csrApproved']), ...checksOf(['csrIssued'], 'none')]
		: checksOf(keys, 'none');
}

/** The requester as the API server saw it, and who approved, signed and delivered, with times. */
function historyOf(trace: Trace): Fields {
	const requests = 'certificatesigningrequests';
	const created = trace.request('create', new RegExp(`^${requests}(?!.*/)`));
	const approved = trace.request('update', new RegExp(`^${requests}.*/approval`));
	const delivered = trace.request('update', new RegExp(`^${requests}.*/status`));
	const signed = trace.spans.find(({ kind, name }) => kind === 'server' && name.endsWith('CertificateAuthority/Sign'));
	const why = trace.spans.findLast(({ name }) => name === 'csr-approving');
	const by = (span: Span | undefined): string | undefined =>
		span && trace.actAt(text(span.attributes, 'kubejoin.user'), span);
	return [
		['csr.requester', by(created)],
		['csr.groups', created?.attributes['kubejoin.groups']],
		['csr.approvedBy', by(approved)],
		['csr.approvedWhy', why && text(why.attributes, 'kubejoin.decision.reason')],
		['csr.signedBy', signed && trace.actAt(signed.service, signed)],
		['csr.deliveredBy', by(delivered)],
	];
}

interface Asked {
	readonly subject: string;
	readonly names: readonly string[];
	readonly spki: Buffer;
	readonly usages: readonly string[];
}

function compared({ subject, names, spki, usages }: Asked, certificate: X509Certificate) {
	const issued = readCertificate(certificate);
	const extended = extKeyUsagesOf(certificate).map((oid) => extKeyUsageNames[oid] ?? oid);
	const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
	const rows: readonly [key: FieldKey, asked: string, issued: string][] = [
		['csr.subject', subject, subjectText(issued.subject)],
		['csr.publicKey', digest(spki), digest(issued.spki)],
		['csr.usages', usages.join(', '), [...keyUsagesOf(certificate), ...extended].join(', ')],
		['csr.subjectAltNames', names.join(', '), namesText(issued.names).join(', ')],
		[
			'csr.validity',
			'',
			[certificate.validFrom, certificate.validTo].map((one) => new Date(one).toISOString().slice(0, 10)).join(' – '),
		],
	];
	return rows.map(([key, asked, found]) => ({ key, asked, issued: found }));
}

function certificatesIn(pem: string): readonly X509Certificate[] {
	if (pem === '') return [];
	try {
		return parseCertificates(pem).filter((certificate) => readCertificate(certificate) !== undefined);
	} catch {
		return [];
	}
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ');
const subjectText = ({
	organizations,
	commonName,
}: {
	readonly organizations: readonly string[];
	readonly commonName: string;
}): string =>
	[...organizations.map((name) => `O=${name}`), ...(commonName === '' ? [] : [`CN=${commonName}`])].join(', ');
const namesText = (names: object): readonly string[] =>
	Object.entries(names).flatMap(([kind, values]) =>
		Array.isArray(values) ? values.map((value) => `${kind}: ${value}`) : [],
	);

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** `RSA 2048`, `P-256` */
export const keyText = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string =>
	asymmetricKeyType === 'rsa'
		? `RSA ${asymmetricKeyDetails?.modulusLength}`
		: (curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? String(asymmetricKeyType));
const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
