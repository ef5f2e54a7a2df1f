/**
 * Whether a user may approve, sign or attest for a signer. Permission on the object itself is not enough.
 *
 * @source pkg/apis/certificates/... certauthorization.IsAuthorizedForSignerName
 */
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Authorizer, ResourceRequest } from '../authorize/attributes.ts';

/** Allowed for this signer by name, or for all signers of its domain (`kubernetes.io/*`). */
export function mayUseSigner(
	user: UserInfo,
	verb: 'approve' | 'sign' | 'attest',
	signerName: string,
	authorizer: Authorizer,
): boolean {
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
	const isAllowed = (name: string) => {
		const { decision, error } = authorizer.authorize({ ...request, name });
		return decision === 'Allow' && error === undefined;
	};
	return isAllowed(signerName) || isAllowed(`${signerName.split('/')[0]}/*`);
}
