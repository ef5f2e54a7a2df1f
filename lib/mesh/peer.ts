/**
 * Who is at the other end of a TLS connection. `socket.authorized` is the only trust signal: a certificate that was presented and did not
 * verify is kept as `unverified` with the reason, so that nobody can mistake it for no certificate at all.
 * @source tried on Node 20 and 24: no certificate gives `{}` and UNABLE_TO_GET_ISSUER_CERT, which is no credential rather than a bad one
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { causeText } from '../errors.ts';
import { readSubject } from '../pki/certificate.ts';

export interface VerifiedCertificate {
	readonly state: 'verified';
	readonly commonName: string;
	readonly organizations: readonly string[];
	/** SHA-256 of the DER certificate, lower-case hexadecimal. */
	readonly fingerprint: string;
	/** Milliseconds since the epoch. */
	readonly notBefore: number;
	readonly notAfter: number;
}
export interface UnverifiedCertificate {
	readonly state: 'unverified';
	/** Why, in OpenSSL's code, and the subject that it claims; for the log only. */
	readonly problem: string;
}
export type PeerCertificate = { readonly state: 'none' } | UnverifiedCertificate | VerifiedCertificate;

export interface Peer {
	/** `address:port` of the connection. */
	readonly address: string;
	readonly certificate: PeerCertificate;
}

export function readPeer(socket: TLSSocket): Peer {
	return { address: `${socket.remoteAddress}:${socket.remotePort}`, certificate: readCertificate(socket) };
}

function readCertificate(socket: TLSSocket): PeerCertificate {
	const presented = socket.getPeerX509Certificate();
	if (presented === undefined) return { state: 'none' };
	if (socket.authorized !== true) {
		return {
			state: 'unverified',
			problem: `${String(socket.authorizationError)} (${presented.subject?.replaceAll('\n', ', ')})`,
		};
	}
	try {
		return verified(presented);
	} catch (error) {
		return { state: 'unverified', problem: causeText(error) };
	}
}

const verified = (certificate: X509Certificate): VerifiedCertificate => ({
	state: 'verified',
	...readSubject(certificate),
	fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
	notBefore: Date.parse(certificate.validFrom),
	notAfter: Date.parse(certificate.validTo),
});

/** The peer's name for messages between services: its CN, or what is there instead. */
export const callerName = ({ certificate }: Peer): string =>
	certificate.state === 'verified' ? certificate.commonName : 'a caller without a verified certificate';
