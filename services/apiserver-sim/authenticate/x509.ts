/** The user that a client certificate names. @source apiserver authentication/request/x509 */
import type { UserInfo } from '../../../lib/kube/types.ts';
import { datesProblem, invalidNow } from '../../../lib/pki/dates.ts';
import type { PeerCertificate } from '../../../lib/rpc/peer.ts';
import { credentialIdKey } from './token-authenticator.ts';

/**
 * The user, or why the certificate is invalid, or undefined without a certificate. The validity is checked on each
 * request, because connections live long.
 */
export function userOfCertificate(certificate: PeerCertificate, nowMs: number): UserInfo | string | undefined {
	if (certificate.state === 'none') return undefined;
	if (certificate.state === 'unverified') return `x509: ${certificate.problem}`;
	const { commonName, organizations, fingerprint, notBefore, notAfter } = certificate;
	const dates = datesProblem(notBefore, notAfter, nowMs);
	if (dates !== undefined) return `x509: ${invalidNow}: ${dates}`;
	if (commonName === '') return 'x509: the certificate has no common name';
	return {
		username: commonName,
		groups: [...organizations],
		extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
	};
}
