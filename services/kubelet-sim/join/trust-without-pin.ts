/**
 * In the place of `pin-ca` and `confirm`, where the operator asked for it: the signature alone is believed. It proves that whoever wrote cluster-info
 * knows the token, and a holder of the token need not be the cluster. @source kubeadm discovery/token retrieveValidatedConfigInfo, without pins
 */
import { spkiPin } from '../../../lib/pki/pin.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import { trustedServer } from './confirm.ts';
import type { JoinContext } from './join-context.ts';
import { parseClaimedCa, readCluster } from './pin-ca.ts';
import type { SignedKubeconfig, TrustedServer, UnpinnedCa } from './trust.ts';

/** @throws CLUSTER_INFO_INVALID */
export const trustWithoutPin = ({
	say,
}: Pick<JoinContext, 'say'>): Phase<
	{ readonly signedKubeconfig: SignedKubeconfig },
	{ readonly server: TrustedServer }
> => ({
	name: 'discovery/trust-without-pin',
	trust: 'the node trusts whoever knows the token',
	moment: 'node-trusts-cluster',
	run({ signedKubeconfig }) {
		say(
			'[discovery] WARNING: the CA is not pinned (unsafeSkipCAVerification): anybody who has the token can pretend to be the cluster',
		);
		const { claimedCa, namedServer } = readCluster(signedKubeconfig);
		setSpanAttributes({
			'kubejoin.ca.pem': claimedCa,
			'kubejoin.ca.presented': parseClaimedCa(claimedCa).map(spkiPin),
			'kubejoin.server': namedServer.server,
		});
		return { server: trustedServer(namedServer, claimedCa as UnpinnedCa) };
	},
});
