/**
 * How a client of any protocol verifies a server: OpenSSL verifies the chain, in which every certificate that the
 * client trusts is an anchor as in Go, also an intermediate CA; the name is checked with Go's rules and never with
 * Node's, which differ between its versions.
 */
import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls';
import { ipBytes } from '../address.ts';
import { certificatesPem } from '../pki/certificate.ts';
import { serverNameProblem } from '../pki/server-name.ts';

/**
 * The part of a TLS context that says which CAs are trusted.
 *
 * @param ca  PEM, one certificate or more; text and other blocks between them are ignored
 * @throws CERTIFICATE_MALFORMED
 * @differs Go accepts a server certificate for any extended key usage, and OpenSSL does not; OpenSSL distinguishes two
 *   CAs of one name by their key identifiers, and Go by their signatures
 */
export const trustAnchors = (ca: string): SecureContextOptions => ({
	ca: [...certificatesPem(ca)],
	allowPartialTrustChain: true,
	minVersion: 'TLSv1.2',
});

/**
 * The part of a TLS connection that compares the server's certificate with the name or address that is meant.
 *
 * @param onPresented  called with the certificate in DER, before its name is compared
 */
export const nameChecked = (host: string, onPresented: (certificate: Buffer) => void = () => undefined) => ({
	checkServerIdentity(_dialled: string, presented: Pick<PeerCertificate, 'raw'>): Error | undefined {
		onPresented(presented.raw);
		const certificate = presented instanceof X509Certificate ? presented : new X509Certificate(presented.raw);
		const problem = serverNameProblem(certificate, host);
		return problem === undefined ? undefined : new Error(problem);
	},
});

/**
 * Gives `checkServerIdentity` the certificate of the server as it is. Node otherwise makes objects of the fields of the
 * whole chain before, which takes 0.6 ms with OpenSSL 3.0. The certificate can be read from the socket only once.
 */
export function presentOnlyCertificate(socket: TLSSocket): void {
	const { getPeerCertificate } = socket;
	const presented = () => socket.getPeerX509Certificate() ?? getPeerCertificate.call(socket, true);
	Object.assign(socket, { getPeerCertificate: presented });
}

/** The server name of the TLS handshake, which RFC 6066 has for DNS names only. */
export const sniOf = (host: string): string => (ipBytes(host) === undefined && !host.includes(':') ? host : '');
