/**
 * The details of a step: certificate, request, pin, signature and decision, from the bytes in its span. Shows the
 * content as it was sent, although it can be false: nothing is verified here, and unreadable bytes are no error.
 */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { extKeyUsagesOf, fingerprintOf, parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { printable, printableLines } from '../../lib/text.ts';
import type { DetailSection, Step } from './api.ts';
import { isOfConnection } from './connection.ts';
import type { FieldKey, SectionKind } from './field-keys.ts';
import type { AttributeValue, Span } from './otlp.ts';
import { failureOf } from './steps.ts';

type Fields<Key extends string = FieldKey> = [key: Key, value: AttributeValue | undefined][];

/**
 * @param span    of the step
 * @param server  of a message: the span of the service that answered
 */
export function sectionsOf(step: Step, span: Span, server: Span | undefined): readonly DetailSection[] {
	const attributes = { ...span.attributes, ...server?.attributes };
	const of = (key: string): string => (typeof attributes[key] === 'string' ? attributes[key] : '');
	return [
		...failureSection(span),
		...(step.kind === 'check'
			? [
					section('check', '', [
						['check.phase', step.label],
						['check.trust', step.trust],
						['check.duration', milliseconds(step.durationMs)],
					]),
				]
			: []),
		...(step.kind === 'message' ? [messageSection(step, span)] : []),
		...decisionSection(of, attributes['kubejoin.groups']),
		...tokenSection(of, attributes),
		...jwsSection(of),
		...(of('kubejoin.ca.pem') === '' ? [] : pinSections(of('kubejoin.ca.pem'), attributes['kubejoin.ca.pinned'])),
		...(of('kubejoin.csr.pem') === '' ? [] : csrSection(of, attributes['kubejoin.csr.usages'])),
		...certificateSections(of('kubejoin.certificate.pem')),
		...(of('kubejoin.kubeconfig') === '' ? [] : [section('kubeconfig', 'kubelet.conf', [], of('kubejoin.kubeconfig'))]),
		section(
			'attributes',
			'',
			Object.entries(attributes).filter(([key]) => !isShownAbove(key)),
		),
	].filter(({ fields, text }) => fields.length > 0 || text !== undefined);
}

const shownAbove: readonly string[] = [
	'kubejoin.cluster_info',
	'kubejoin.kubeconfig',
	'kubejoin.most_likely',
	'kubejoin.also_possible',
	'kubejoin.remedy',
];
const isShownAbove = (key: string): boolean => key.endsWith('.pem') || isOfConnection(key) || shownAbove.includes(key);
const milliseconds = (ms: number): string => `${Math.round(ms * 100) / 100} ms`;

const shown = (value: string | number | boolean): string => printable(String(value));

function section<Kind extends SectionKind>(
	kind: Kind,
	title: string,
	fields: Fields<Kind extends 'attributes' ? string : FieldKey>,
	text?: string,
	bytes?: Buffer,
): DetailSection {
	return {
		kind,
		title: printable(title),
		fields: fields.flatMap(([key, value]) =>
			value === undefined || value === ''
				? []
				: [{ key: printable(key), value: (Array.isArray(value) ? value : [value]).map(shown).join('\n') }],
		),
		...(text === undefined ? {} : { text: printableLines(text) }),
		...(bytes === undefined ? {} : { bytes: bytes.toString('base64') }),
	};
}

function failureSection(span: Span): DetailSection[] {
	const failure = failureOf(span);
	if (failure === undefined) return [];
	const { code, sentence, mostLikely, alsoPossible, remedy } = failure;
	return [
		section('failure', '', [
			['failure.code', code],
			['failure.sentence', sentence],
			['failure.mostLikely', mostLikely],
			['failure.alsoPossible', alsoPossible],
			['failure.remedy', remedy],
		]),
	];
}

function messageSection(step: Step, span: Span): DetailSection {
	const { attributes } = span;
	return section('message', '', [
		['message.method', `${attributes['rpc.service'] ?? ''}/${attributes['rpc.method'] ?? ''}`],
		['message.from', step.from],
		['message.to', step.to],
		['message.peer', attributes['server.address']],
		['message.tls', step.tls],
		['message.expectedError', step.expectedError],
		['message.sentBytes', step.sentBytes],
		['message.receivedBytes', step.receivedBytes],
		['message.duration', milliseconds(step.durationMs)],
	]);
}

function decisionSection(of: (key: string) => string, groups: AttributeValue | undefined): DetailSection[] {
	if (of('kubejoin.decision') === '') return [];
	return [
		section('decision', '', [
			['decision.user', of('kubejoin.user')],
			['decision.groups', groups],
			['decision.verb', of('kubejoin.request.verb')],
			['decision.resource', of('kubejoin.request.what')],
			['decision.decision', of('kubejoin.decision')],
			['decision.reason', of('kubejoin.decision.reason')],
		]),
	];
}

function tokenSection(of: (key: string) => string, attributes: Span['attributes']): DetailSection[] {
	const fields: Fields = [
		['token.id', of('kubejoin.token.id')],
		['token.user', of('kubejoin.token.user')],
		['token.groups', attributes['kubejoin.token.groups']],
		['token.refused', of('kubejoin.token.refused')],
		['token.why', of('kubejoin.token.why')],
	];
	return fields.some(([, value]) => value !== undefined && value !== '') ? [section('token', '', fields)] : [];
}

/** The parts of `header..signature`, and the signed text. */
function jwsSection(of: (key: string) => string): DetailSection[] {
	const jws = of('kubejoin.jws.detached');
	const content = of('kubejoin.cluster_info');
	if (jws === '') return [];
	const [header = '', , signature = ''] = jws.split('.');
	const { alg, kid } = readHeader(header);
	const signed = `${header}.${Buffer.from(content).toString('base64url')}`;
	return [
		section(
			'jws',
			'',
			[
				['jws.detached', jws],
				['jws.header', Buffer.from(header, 'base64url').toString()],
				['jws.alg', alg],
				['jws.kid', kid],
				['jws.signedText', signed],
				['jws.signature', Buffer.from(signature, 'base64url').toString('hex')],
			],
			content,
			Buffer.from(signed),
		),
	];
}

function readHeader(header: string): { readonly alg?: string; readonly kid?: string } {
	try {
		const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
		return { alg: String(alg ?? ''), kid: String(kid ?? '') };
	} catch {
		return {};
	}
}

/** The pin, step by step: certificate, SubjectPublicKeyInfo, SHA-256, comparison. @source RFC 7469 section 2.4 */
function pinSections(pem: string, pinned: AttributeValue | undefined): DetailSection[] {
	const wanted = Array.isArray(pinned) ? pinned : [];
	return certificatesIn(pem).map((certificate) => {
		const { spki } = readCertificate(certificate);
		const presented = spkiPin(certificate);
		const fields: Fields = [
			['pin.certificate', oneLine(certificate.subject)],
			['pin.spki', `${spki.length} bytes: ${spki.toString('hex')}`],
			['pin.sha256', createHash('sha256').update(spki).digest('hex')],
			['pin.presented', presented],
			['pin.wanted', wanted],
			['pin.matches', wanted.includes(presented)],
		];
		return section('pin', oneLine(certificate.subject), fields, certificate.toString(), spki);
	});
}

function csrSection(of: (key: string) => string, usages: AttributeValue | undefined): DetailSection[] {
	const pem = of('kubejoin.csr.pem');
	const asked: Fields = [
		['csr.name', of('kubejoin.csr.name')],
		['csr.signer', of('kubejoin.csr.signer')],
		['csr.usages', usages],
	];
	try {
		const { subject, names, publicKey, spki } = parseCsr(pem);
		const own: Fields = [
			['csr.subject', subjectText(subject)],
			['csr.subjectAltNames', namesText(names)],
			['csr.publicKey', keyText(publicKey)],
			['csr.spki', spki.toString('hex')],
		];
		return [section('csr', '', [...asked, ...own], pem, derOf(pem))];
	} catch {
		return [section('csr', '', asked, pem)];
	}
}

export function certificateSections(pem: string): DetailSection[] {
	return certificatesIn(pem).map((certificate) => {
		const { subject, names, isCa, notBefore, notAfter } = readCertificate(certificate);
		const fields: Fields = [
			['certificate.subject', subjectText(subject)],
			['certificate.issuer', oneLine(certificate.issuer)],
			['certificate.serial', certificate.serialNumber.toLowerCase()],
			['certificate.notBefore', new Date(notBefore).toISOString()],
			['certificate.notAfter', new Date(notAfter).toISOString()],
			['certificate.extendedKeyUsage', extKeyUsagesOf(certificate).map((oid) => extKeyUsageNames[oid] ?? oid)],
			['certificate.isCa', isCa],
			['certificate.subjectAltNames', namesText(names)],
			['certificate.publicKey', keyText(certificate.publicKey)],
			['certificate.pin', spkiPin(certificate)],
			['certificate.fingerprint', fingerprintOf(certificate)],
		];
		return section('certificate', subjectText(subject), fields, certificate.toString(), certificate.raw);
	});
}

/** @source RFC 5280 section 4.2.1.12 */
const extKeyUsageNames: Readonly<Record<string, string>> = {
	'1.3.6.1.5.5.7.3.1': 'server auth',
	'1.3.6.1.5.5.7.3.2': 'client auth',
};

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
