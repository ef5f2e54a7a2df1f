/**
 * Whether a user may approve, sign or attest for a signer. Permission on the object itself is not enough.
 *
 * @source pkg/apis/certificates/... certauthorization.IsAuthorizedForSignerName
 */
import type { UserInfo } from '../../../lib/kube/types.ts';
import type { Authorizer, ResourceRequest } from '../authorize/attributes.ts';

/** Allowed for this signer by name, or for all signers of its domain (`kubernetes.io/*`). */
export async function mayUseSigner(
	user: UserInfo,
	verb: 'approve' | 'sign' | 'attest',
	signerName: string,
	authorizer: Authorizer,
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
		const { decision, error } = await authorizer.authorize({ ...request, name });
		return decision === 'Allow' && error === undefined;
	};
	return (await isAllowed(signerName)) || (await isAllowed(`${signerName.split('/')[0]}/*`));
}
