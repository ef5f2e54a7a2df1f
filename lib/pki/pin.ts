/**
 * Pins of CA keys: SHA-256 over the DER SubjectPublicKeyInfo. Never over the whole certificate, which is another
 * number.
 */
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { KubejoinError } from '../errors.ts';
import { readCertificate } from './certificate.ts';

declare const pin: unique symbol;
/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Pin = string & { readonly [pin]: true };

const digestOf = (certificate: X509Certificate): Buffer =>
	createHash('sha256').update(readCertificate(certificate).spki).digest();
/** The hash of empty output, from a pipeline that failed half-way. It is the pin of no key. */
const emptyDigest = createHash('sha256').digest('hex');

/**
 * The pin of a certificate's key. Renewing a certificate with the same key keeps it.
 *
 * @throws CERTIFICATE_MALFORMED
 * @source RFC 7469 section 2.4
 */
export const spkiPin = (certificate: X509Certificate): Pin => `sha256:${digestOf(certificate).toString('hex')}` as Pin;

/**
 * Read a pin as an operator gives it.
 *
 * @throws PIN_INVALID  with upstream's text
 * @source  kubeadm util/pubkeypin Allow; the text of Go's encoding/hex
 * @differs kubeadm accepts the SHA-256 of nothing, which then matches no key; here it is refused with the reason
 */
export function parsePin(text: string): Pin {
	const [format = '', hex = '', ...more] = text.split(':');
	if (!text.includes(':') || more.length > 0)
		return refuse('invalid hash, expected "format:hex-value". Known format(s) are: sha256');
	if (format.toLowerCase() !== 'sha256')
		return refuse(`unknown hash format ${JSON.stringify(format)}. Known format(s) are: sha256`);
	const problem = hexProblem(Buffer.from(hex));
	if (problem !== undefined) return refuse(`invalid hash ${JSON.stringify(text)}, ${problem}`);
	if (hex.toLowerCase() === emptyDigest) {
		return refuse(
			`invalid hash ${JSON.stringify(text)}, this is the SHA-256 of nothing: ` +
				'your CA key is not RSA, and "openssl rsa" printed no key to hash',
		);
	}
	return `sha256:${hex.toLowerCase()}` as Pin;
}

/** True if the certificate's key is one of the pinned ones; compared in constant time. @throws CERTIFICATE_MALFORMED */
export function matchesPin(certificate: X509Certificate, pins: readonly Pin[]): boolean {
	const actual = digestOf(certificate);
	return (
		pins.filter((wanted) => timingSafeEqual(actual, Buffer.from(wanted.slice('sha256:'.length), 'hex'))).length > 0
	);
}

function hexProblem(hex: Buffer): string | undefined {
	const length = Math.floor(hex.length / 2);
	if (length !== 32) return `expected a 32 byte SHA-256 hash, found ${length} bytes`;
	const wrong = hex.find((byte) => !/[0-9a-fA-F]/.test(String.fromCharCode(byte)));
	if (wrong !== undefined) {
		const code = wrong.toString(16).toUpperCase().padStart(4, '0');
		return `could not decode SHA-256 from hex: encoding/hex: invalid byte: U+${code} '${String.fromCharCode(wrong)}'`;
	}
	return hex.length % 2 === 1 ? 'could not decode SHA-256 from hex: encoding/hex: odd length hex string' : undefined;
}

function refuse(problem: string): never {
	throw new KubejoinError('PIN_INVALID', { problem });
}
