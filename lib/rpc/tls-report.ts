/**
 * The parameters and certificates of a TLS connection, as one end sees them, as attributes of spans. They are read from
 * the socket once for each connection, and only for a recorded span. Each end reports only its own view, because a
 * third party between them can terminate TLS. Certificates are public; no key and no session is read.
 * @source OpenTelemetry semantic conventions for TLS; the names with `kubejoin.` are ours
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, EphemeralKeyInfo, TLSSocket } from 'node:tls';
import type { Span } from '@opentelemetry/api';
import { ipVersion } from '../address.ts';
import { limits } from '../limits.ts';
import { extKeyUsagesOf, fingerprintOf, parseCertificates } from '../pki/certificate.ts';
import type { Attributes } from '../trace.ts';

export interface TlsEnd {
	readonly side: 'client' | 'server';
	/** CAs that this end trusts to issue the certificate of the other; absent: it did not verify the certificate. */
	readonly anchors?: () => readonly X509Certificate[];
	/** The name that the certificate of the server must have; of a client that verifies. */
	readonly host?: string;
}

export class TlsReport {
	readonly #read: () => Reading;
	#reading: Reading | undefined;
	#hasSentChains = false;
	#ended: Attributes | undefined;

	/** @param read  called once, of an open connection */
	constructor(read: () => Reading) {
		this.#read = read;
	}

	/** Of a client: the handshake ended, with this error if it failed. A later error is of the connection. */
	ended(error?: NodeJS.ErrnoException): void {
		this.#ended ??= {
			'tls.established': error === undefined,
			// Node has no code for an error of `checkServerIdentity`; this one is OpenSSL's.
			...(error === undefined ? {} : { ...notVerified, 'kubejoin.tls.error': error.code ?? 'HOSTNAME_MISMATCH' }),
		};
	}

	/** For a span that begins later, because the connection can have closed then. */
	readNow(): Reading {
		this.#reading ??= this.#read();
		return this.#reading;
	}

	/** Sets the attributes, and adds the chains as an event to the first recorded span. */
	describe(span: Span): void {
		if (!span.isRecording()) return;
		const { attributes, chains } = this.readNow();
		span.setAttributes({ ...attributes, ...this.#ended });
		if (this.#hasSentChains) return;
		this.#hasSentChains = true;
		span.addEvent('kubejoin.tls.handshake', chains);
	}
}

interface Reading {
	readonly attributes: Attributes;
	readonly chains: Attributes;
}

/** Reads an open socket whose handshake has ended. */
export function readTls(socket: TLSSocket, { side, anchors, host }: TlsEnd): Reading {
	const own = [socket.getX509Certificate() ?? []].flat();
	const peers = side === 'client' ? serverChain(socket) : clientChain(socket);
	const [clients, servers] = side === 'client' ? [own, peers] : [peers, own];
	const [client] = clients;
	const [server] = servers;
	const { localAddress, localPort, remoteAddress, remotePort } = socket;
	return {
		attributes: defined({
			'tls.protocol.name': 'tls',
			...negotiated(socket, side),
			'tls.next_protocol': socket.alpnProtocol || undefined,
			'tls.resumed': socket.isSessionReused(),
			'tls.established': true,
			'kubejoin.tls.sni': sniOf(socket),
			'network.local.address': localAddress,
			'network.local.port': localPort,
			'network.peer.address': remoteAddress,
			'network.peer.port': remotePort,
			...certificateOf('server', server),
			...certificateOf('client', client),
			...(anchors === undefined ? {} : verification(peers, side, anchors(), host)),
		}),
		chains: defined({
			'tls.server.certificate_chain': servers.map(String),
			'tls.client.certificate_chain': clients.map(String),
		}),
	};
}

/** Version, cipher and group of an open socket whose handshake has ended. */
export function negotiated(socket: TLSSocket, side: TlsEnd['side']): Attributes {
	const [, version = ''] = socket.getProtocol()?.split('v') ?? [];
	return {
		'tls.protocol.version': version,
		'tls.cipher': socket.getCipher()?.standardName,
		'tls.curve': side === 'client' ? curveOf(socket) : undefined,
	};
}

export interface CertificateReport {
	/** DER of the certificate that the server presented. */
	readonly server: Buffer;
	readonly host: string;
	/** PEM; absent: the CAs of the system. */
	readonly ca?: string | undefined;
	/** PEM; absent: the client has no certificate. */
	readonly cert?: string | undefined;
}

/** Of a client that verified its server, and whose library does not give its socket: version and cipher are absent. */
export function certificateReport({ server, host, ca, cert }: CertificateReport): Attributes {
	const [client] = cert === undefined ? [] : parseCertificates(cert);
	const presented = new X509Certificate(server);
	return defined({
		'kubejoin.tls': client === undefined ? 'one-way' : 'mutual',
		'tls.protocol.name': 'tls',
		'tls.established': true,
		...certificateOf('server', presented),
		...certificateOf('client', client),
		...verification([presented], 'client', ca === undefined ? [] : parseCertificates(ca), host),
	});
}

const notVerified: Attributes = {
	'kubejoin.tls.verified_by': undefined,
	'kubejoin.tls.verified_by.hash.sha256': undefined,
	'kubejoin.tls.verified_name': undefined,
	'kubejoin.tls.verified_usage': undefined,
};

function certificateOf(side: TlsEnd['side'], certificate: X509Certificate | undefined) {
	if (certificate === undefined) return {};
	const { subject, issuer, validFrom, validTo, serialNumber } = certificate;
	return {
		[`tls.${side}.subject`]: oneLine(subject),
		[`tls.${side}.issuer`]: oneLine(issuer),
		[`tls.${side}.not_before`]: new Date(validFrom).toISOString(),
		[`tls.${side}.not_after`]: new Date(validTo).toISOString(),
		[`tls.${side}.hash.sha256`]: fingerprintOf(certificate).toUpperCase(),
		[`kubejoin.tls.${side}.serial`]: serialNumber.toLowerCase(),
	};
}

function verification(
	chain: readonly X509Certificate[],
	side: TlsEnd['side'],
	anchors: readonly X509Certificate[],
	host: string | undefined,
) {
	const anchor = anchors.find((ca) =>
		chain.some((one) => one.fingerprint256 === ca.fingerprint256 || one.checkIssued(ca)),
	);
	const usage = side === 'client' ? SERVER_AUTH : CLIENT_AUTH;
	return {
		'kubejoin.tls.verified_by': anchor && oneLine(anchor.subject),
		'kubejoin.tls.verified_by.hash.sha256': anchor && fingerprintOf(anchor).toUpperCase(),
		'kubejoin.tls.verified_name': host && `${ipVersion(host) === 0 ? 'DNS' : 'IP Address'}:${host}`,
		'kubejoin.tls.verified_usage': chain[0] && extKeyUsagesOf(chain[0]).includes(usage.oid) ? usage.name : undefined,
	};
}

/** @source RFC 5280 section 4.2.1.12 */
const SERVER_AUTH = { oid: '1.3.6.1.5.5.7.3.1', name: 'server auth' };
const CLIENT_AUTH = { oid: '1.3.6.1.5.5.7.3.2', name: 'client auth' };

/** Leaf first, with the issuers that this end received or knows. */
function clientChain(socket: TLSSocket): readonly X509Certificate[] {
	const chain: X509Certificate[] = [];
	let one = socket.getPeerX509Certificate();
	for (; one !== undefined && chain.length < limits.chainLength.value; one = one.issuerCertificate) {
		chain.push(one);
		if (one.subject === one.issuer) break;
	}
	return chain;
}

/**
 * As `clientChain`. At a client, `getPeerX509Certificate` removes the certificate, and `checkServerIdentity` would then
 * not receive it.
 *
 * @source tried on Node 20, 22 and 24
 */
function serverChain(socket: TLSSocket): readonly X509Certificate[] {
	const chain: X509Certificate[] = [];
	let one: Partial<DetailedPeerCertificate> = socket.getPeerCertificate(true);
	while (one.raw !== undefined && chain.length < limits.chainLength.value) {
		chain.push(new X509Certificate(one.raw));
		// A root is its own issuer.
		if (one.issuerCertificate === undefined || one.issuerCertificate === one) break;
		one = one.issuerCertificate;
	}
	return chain;
}

/** Node reports it at the client only. */
function curveOf(socket: TLSSocket): string | undefined {
	const { name } = (socket.getEphemeralKeyInfo() ?? {}) as Partial<EphemeralKeyInfo>;
	return name?.toLowerCase();
}

const sniOf = (socket: TLSSocket): string | undefined =>
	(socket as { readonly servername?: string | false | null }).servername || undefined;
const oneLine = (name: string): string => name.replaceAll('\n', ', ');

const defined = (attributes: Attributes): Attributes =>
	Object.fromEntries(
		Object.entries(attributes).filter(
			([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
		),
	);
