/**
 * Requests cluster-info again, over a new connection that is verified with the pinned CA: it must be the same text.
 * Only the server that this phase returns can receive a token.
 *
 * @source kubeadm discovery/token retrieveValidatedConfigInfo
 */
import { KubejoinError } from '../../../lib/errors.ts';
import type { PresentedToken } from '../../../lib/kube/bootstrap-token.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { PinnedCa, SignedKubeconfig, TrustedServer } from '../trust.ts';
import { trustedServer } from '../trusted-server.ts';
import { readClusterInfo } from './fetch-cluster-info.ts';
import type { JoinContext } from './join-context.ts';
import type { NamedServer } from './read-cluster.ts';

interface Needs {
	readonly endpoint: string;
	readonly discoveryToken: PresentedToken;
	readonly discoveryTimeoutMs: number;
	readonly pinnedCa: PinnedCa;
	readonly signedKubeconfig: SignedKubeconfig;
	readonly namedServer: NamedServer;
}

/** @throws CLUSTER_INFO_CHANGED, CLUSTER_INFO_UNREACHABLE */
export const confirm = (tools: JoinContext): Phase<Needs, { readonly server: TrustedServer }> => ({
	name: 'discovery/confirm',
	trust: 'the node trusts this API server and can send the token',
	moment: 'node-trusts-cluster',
	async run({ endpoint, discoveryToken, discoveryTimeoutMs, pinnedCa, signedKubeconfig, namedServer }) {
		const connection = tools.dial.verified(endpoint, pinnedCa);
		try {
			const { kubeconfig } = await readClusterInfo(
				connection,
				{ endpoint, tokenId: discoveryToken.id, timeoutMs: discoveryTimeoutMs },
				tools,
			);
			if (kubeconfig !== signedKubeconfig) throw new KubejoinError('CLUSTER_INFO_CHANGED', {});
			setSpanAttributes({ 'kubejoin.bytes': Buffer.byteLength(kubeconfig), 'kubejoin.server': namedServer.server });
			return { server: trustedServer(namedServer, pinnedCa) };
		} finally {
			connection.close();
		}
	},
});
