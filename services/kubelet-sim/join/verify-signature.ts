/**
 * Verifies that the author of cluster-info knows the secret of the token. The signature does not identify the server.
 *
 * @source kubeadm discovery/token validateClusterInfoToken
 */
import { KubejoinError } from '../../../lib/errors.ts';
import type { PresentedToken } from '../../../lib/kube/bootstrap-token.ts';
import { verifyDetached } from '../../../lib/pki/jws.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { ClaimedClusterInfo, SignedKubeconfig } from '../trust.ts';

interface Needs {
	readonly claimedClusterInfo: ClaimedClusterInfo;
	readonly discoveryToken: PresentedToken;
}

/** @throws CLUSTER_INFO_SIGNATURE_INVALID */
export const verifySignature: Phase<Needs, { readonly signedKubeconfig: SignedKubeconfig }> = {
	name: 'discovery/verify-signature',
	trust: 'the author of cluster-info knows the token',
	run({ claimedClusterInfo: { kubeconfig, signature }, discoveryToken: { id, secret } }) {
		setSpanAttributes({
			'kubejoin.jws.header': Buffer.from(signature.split('.')[0] ?? '', 'base64url').toString(),
			'kubejoin.jws.detached': signature,
			'kubejoin.cluster_info': kubeconfig,
			'kubejoin.token.id': id,
		});
		if (!verifyDetached(signature, kubeconfig, id, secret))
			throw new KubejoinError('CLUSTER_INFO_SIGNATURE_INVALID', { tokenId: id });
		return { signedKubeconfig: kubeconfig as SignedKubeconfig };
	},
};
