/**
 * Detached JSON Web Signatures over cluster-info, created and verified with a bootstrap token. HS256 only: the header
 * of a received signature is never read. The whole text is computed again and compared, so an attacker cannot choose an
 * algorithm.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Sign content with a bootstrap token.
 *
 * @param content      the exact text, for cluster-info the value of its `kubeconfig` key
 * @param tokenId      public half of the token; becomes `kid`
 * @param tokenSecret  secret half, the key of the HMAC as it is
 * @returns            `header..signature`, base64url without padding
 * @source  cluster-bootstrap/token/jws ComputeDetachedSignature; RFC 7515 appendix F
 */
export function signDetached(content: string, tokenId: string, tokenSecret: string): string {
	const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tokenId })).toString('base64url');
	const payload = Buffer.from(content, 'utf8').toString('base64url');
	const signature = createHmac('sha256', tokenSecret).update(`${header}.${payload}`).digest('base64url');
	return `${header}..${signature}`;
}

/**
 * True if this token creates the same signature of this content.
 *
 * @source cluster-bootstrap/token/jws DetachedTokenIsValid
 */
export function verifyDetached(signature: string, content: string, tokenId: string, tokenSecret: string): boolean {
	const expected = Buffer.from(signDetached(content, tokenId, tokenSecret));
	const presented = Buffer.from(signature);
	return expected.length === presented.length && timingSafeEqual(expected, presented);
}
