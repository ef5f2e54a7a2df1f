/**
 * Replaces `pin-ca` and `confirm` for unsafeSkipCAVerification: the signature is the only proof. It proves that the
 * author of cluster-info knows the token, but a holder of the token is not necessarily the cluster.
 *
 * @source kubeadm discovery/token retrieveValidatedConfigInfo, without pins
 */
import { certificatesText } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { SignedKubeconfig, TrustedServer, UnpinnedCa } from '../trust.ts';
import { trustedServer } from '../trusted-server.ts';
import type { JoinContext } from './join-context.ts';

/** @throws CLUSTER_INFO_INVALID */
export const trustWithoutPin = ({
	say,
	readCluster,
}: Pick<JoinContext, 'say' | 'readCluster'>): Phase<
	{ readonly signedKubeconfig: SignedKubeconfig },
	{ readonly server: TrustedServer }
> => ({
	name: 'discovery/trust-without-pin',
	trust: 'the node trusts any server that knows the token',
	moment: 'node-trusts-cluster',
	run({ signedKubeconfig }) {
		say(
			'[discovery] WARNING: the CA is not pinned (unsafeSkipCAVerification): ' +
				'any server that has the token can impersonate the cluster',
		);
		const { claimedCa, namedServer } = readCluster(signedKubeconfig);
		const pem = certificatesText(claimedCa) as UnpinnedCa;
		setSpanAttributes(() => ({
			'kubejoin.ca.pem': pem,
			'kubejoin.ca.presented': claimedCa.map(spkiPin),
			'kubejoin.server': namedServer.server,
		}));
		return { server: trustedServer(namedServer, pem) };
	},
});
