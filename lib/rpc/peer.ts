/**
 * Who is at the other end of a TLS connection. A certificate is verified if OpenSSL says so, or if all that OpenSSL
 * misses is a self-signed root and the chain ends at an anchor as in Go: a client CA file may hold an intermediate CA
 * alone. A certificate that was presented and did not verify is kept as `unverified` with the reason, so that no code
 * can mistake it for no certificate at all.
 * @source tried on Node 20, 22 and 24: a server has no option `allowPartialTrustChain`; no certificate gives `{}` and
 *         UNABLE_TO_GET_ISSUER_CERT, which is no credential rather than a wrong one
 */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { causeText } from '../errors.ts';
import { limits } from '../limits.ts';
import { readSubject } from '../pki/certificate.ts';
import { chainProblem } from '../pki/chain.ts';
import type { TlsReport } from './tls-report.ts';

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
	/** Why, in Go's words or in OpenSSL's code, and the subject that it claims; for the log only. */
	readonly problem: string;
}
export type PeerCertificate = { readonly state: 'none' } | UnverifiedCertificate | VerifiedCertificate;

export interface Peer {
	/** `address:port` of the connection. */
	readonly address: string;
	readonly certificate: PeerCertificate;
	/** Of the connection, for traces. */
	readonly tls?: Pick<TlsReport, 'describe' | 'readNow'>;
}

/** @param anchors  the CAs that may have issued a client certificate @param now  milliseconds since the epoch */
export function readPeer(socket: TLSSocket, anchors: readonly X509Certificate[], now: number): Peer {
	return {
		address: `${socket.remoteAddress}:${socket.remotePort}`,
		certificate: readCertificate(socket, anchors, now),
	};
}

/** OpenSSL found no self-signed root, and says nothing about the rest of the chain. */
const noRoot: readonly string[] = [
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

const dates: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

function readCertificate(socket: TLSSocket, anchors: readonly X509Certificate[], now: number): PeerCertificate {
	const presented = socket.getPeerX509Certificate();
	if (presented === undefined) return { state: 'none' };
	const subject = presented.subject?.replaceAll('\n', ', ');
	if (socket.authorized !== true) {
		const code = String(socket.authorizationError);
		const isOfGo = noRoot.includes(code) || dates.includes(code);
		const options = {
			intermediates: isOfGo ? issuersOf(presented) : [],
			anchors,
			now,
			purpose: 'client auth',
		} as const;
		const problem = isOfGo ? chainProblem(presented, options) : code;
		// A certificate whose date OpenSSL refuses stays refused, also if the clock has moved since.
		if (problem !== undefined || dates.includes(code))
			return { state: 'unverified', problem: `${problem ?? code} (${subject})` };
	}
	try {
		return verified(presented);
	} catch (error) {
		return { state: 'unverified', problem: causeText(error) };
	}
}

function issuersOf(presented: X509Certificate): X509Certificate[] {
	const issuers: X509Certificate[] = [];
	for (let one = presented.issuerCertificate; one !== undefined && issuers.length < limits.chainLength.value; ) {
		issuers.push(one);
		one = one.issuerCertificate;
	}
	return issuers;
}

const verified = (certificate: X509Certificate): VerifiedCertificate => ({
	state: 'verified',
	...readSubject(certificate),
	fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
	notBefore: Date.parse(certificate.validFrom),
	notAfter: Date.parse(certificate.validTo),
});

/** The peer's name for messages between services: its CN, or a description if it has none. */
export const callerName = ({ certificate }: Peer): string =>
	certificate.state === 'verified' ? certificate.commonName : 'a caller without a verified certificate';
