/** The TLS connection of a message, as each of its ends reported it. Pure; nothing is verified here. */
import { printable } from '../../lib/text.ts';
import type { Connection, ConnectionEnd, EndCertificate } from './api.ts';
import type { Attributes, Span } from './otlp.ts';
import { text } from './span-places.ts';

/** @param server  the span of the service that answered */
export function connectionOf(message: Span, server: Span | undefined): Connection | undefined {
	const client = message.kind === 'client' ? endOf(message.attributes) : undefined;
	const answered = server ?? (message.kind === 'server' ? message : undefined);
	const other = answered === undefined ? undefined : endOf(answered.attributes);
	if (client === undefined && other === undefined) return undefined;
	return {
		...(client === undefined ? {} : { client }),
		...(other === undefined ? {} : { server: other }),
		isIntercepted: isDifferent(client?.server, other?.server),
	};
}

/** True for an attribute that a connection contains. */
export const isOfConnection = (key: string): boolean => key.startsWith('tls.') || key.startsWith('kubejoin.tls.');

const isDifferent = (a: EndCertificate | undefined, b: EndCertificate | undefined): boolean =>
	a !== undefined && b !== undefined && a.sha256 !== b.sha256;

function endOf(attributes: Attributes): ConnectionEnd | undefined {
	const { 'tls.established': isEstablished, 'tls.resumed': isResumed } = attributes;
	if (typeof isEstablished !== 'boolean') return undefined;
	const names = {
		version: 'tls.protocol.version',
		cipher: 'tls.cipher',
		curve: 'tls.curve',
		alpn: 'tls.next_protocol',
		sni: 'kubejoin.tls.sni',
		verifiedBy: 'kubejoin.tls.verified_by',
		verifiedName: 'kubejoin.tls.verified_name',
		verifiedUsage: 'kubejoin.tls.verified_usage',
		error: 'kubejoin.tls.error',
	} as const satisfies Partial<Record<keyof ConnectionEnd, string>>;
	const texts = Object.entries(names).flatMap(([field, key]) => {
		const value = printable(text(attributes, key));
		return value === '' ? [] : [[field, value]];
	});
	return {
		isEstablished,
		...(typeof isResumed === 'boolean' ? { isResumed } : {}),
		...(Object.fromEntries(texts) as Partial<Record<keyof typeof names, string>>),
		server: certificateOf(attributes, 'server'),
		client: certificateOf(attributes, 'client'),
	};
}

function certificateOf(attributes: Attributes, side: 'server' | 'client'): EndCertificate | undefined {
	const of = (name: string): string => printable(text(attributes, `tls.${side}.${name}`));
	const sha256 = of('hash.sha256');
	if (sha256 === '') return undefined;
	return {
		subject: of('subject'),
		issuer: of('issuer'),
		serial: printable(text(attributes, `kubejoin.tls.${side}.serial`)),
		notBefore: of('not_before'),
		notAfter: of('not_after'),
		sha256,
	};
}
