/**
 * The three admission plugins that guard certificates: who may approve, who may sign, and which requests are refused to
 * every user. RBAC on the CertificateSigningRequest is not enough for any of them.
 * @source plugin/pkg/admission/certificates, release 1.32
 */
import { isDeepStrictEqual } from 'node:util';
import { type CertificateSigningRequest, type UserInfo, wellKnown } from '../../../lib/kube/types.ts';
import type { Authorizer, ResourceRequest } from './attributes.ts';
import { quoted } from './go-text.ts';

type Authorize = Authorizer['authorize'];

/** Allowed for this signer by name, or for all signers of its domain (`kubernetes.io/*`). */
async function mayUseSigner(
	user: UserInfo,
	verb: 'approve' | 'sign',
	signerName: string,
	authorize: Authorize,
): Promise<boolean> {
	const request: Omit<ResourceRequest, 'name'> = {
		user,
		verb,
		resourceRequest: true,
		apiGroup: 'certificates.k8s.io',
		apiVersion: '*',
		resource: 'signers',
		subresource: '',
		namespace: '',
	};
	const isAllowed = async (name: string) => {
		const { decision, error } = await authorize({ ...request, name });
		return decision === 'Allow' && error === undefined;
	};
	return (await isAllowed(signerName)) || (await isAllowed(`${signerName.split('/')[0]}/*`));
}

/**
 * CertificateApproval: for an update of the subresource `approval`.
 * @param stored  the request as it is stored, not as it was sent, so that a changed signer name gains nothing
 * @returns       why not, or undefined
 */
export async function checkCertificateApproval(
	user: UserInfo,
	stored: CertificateSigningRequest,
	authorize: Authorize,
): Promise<string | undefined> {
	const { signerName } = stored.spec;
	if (await mayUseSigner(user, 'approve', signerName, authorize)) return undefined;
	return `user not permitted to approve requests with signerName ${quoted(signerName)}`;
}

/**
 * CertificateSigning: for an update of the subresource `status`. An update of neither the certificate nor the
 * conditions needs no permission.
 * @param stored  the request as it is stored; its signer name counts
 * @param sent    the request as it would be stored
 * @returns       why not, or undefined
 */
export async function checkCertificateSigning(
	user: UserInfo,
	stored: CertificateSigningRequest,
	sent: CertificateSigningRequest,
	authorize: Authorize,
): Promise<string | undefined> {
	const signed = (csr: CertificateSigningRequest) => [csr.status?.certificate ?? '', csr.status?.conditions ?? []];
	if (isDeepStrictEqual(signed(stored), signed(sent))) return undefined;
	const { signerName } = stored.spec;
	if (await mayUseSigner(user, 'sign', signerName, authorize)) return undefined;
	return `user not permitted to sign requests with signerName ${quoted(signerName)}`;
}

/**
 * CertificateSubjectRestriction: for the creation of a request.
 * @param organizations  the O values of the subject of the certificate request
 * @returns              why not, or undefined
 */
export function checkCertificateSubject(signerName: string, organizations: readonly string[]): string | undefined {
	if (signerName !== wellKnown.signers.client || !organizations.includes(wellKnown.groups.masters)) return undefined;
	return `use of ${signerName} signer with ${wellKnown.groups.masters} group is not allowed`;
}
