/**
 * Reads the configuration of the cluster and of its kubelets, as the user of the bootstrap token: the first request
 * with the token.
 *
 * @source kubeadm cmd/join.go InitCfg, util/config FetchInitConfigurationFromCluster, componentconfigs FetchFromCluster
 * @differs kubeadm reads kube-proxy too, repeats a request that is refused, and refuses a control plane that is older
 *   than its own release by more than one; here the node takes over the version of the control plane
 */
import type { Phase } from '../../../lib/workflow.ts';
import { type ClusterSettings, settingsText } from '../cluster-settings.ts';
import type { TrustedServer } from '../trust.ts';
import type { BootstrapCredential, JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly credential: BootstrapCredential;
	readonly tlsBootstrapTimeoutMs: number;
}

/** @throws API_UNAUTHORIZED (the token is not valid for authentication), CLUSTER_CONFIGURATION_INVALID */
export const readConfig = (tools: JoinContext): Phase<Needs, { readonly settings: ClusterSettings }> => ({
	name: 'tls-bootstrap/read-config',
	trust: 'the API server accepts the token',
	async run({ server, credential, tlsBootstrapTimeoutMs }) {
		const { dial, say, signal, readSettings } = tools;
		const connection = dial.withCredential(server, credential);
		const read = (name: string) =>
			retryWhileUnavailable(
				() => connection.api.configMaps.get(name, 'kube-system', { signal }),
				{ timeoutMs: tlsBootstrapTimeoutMs, waiting: '[preflight] Waiting for the API server to accept the token' },
				tools,
			);
		try {
			say('[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
			const kubeadm = await read('kubeadm-config');
			const settings = readSettings(kubeadm, await read('kubelet-config'));
			say(`[preflight] ${settingsText(settings)}`);
			return { settings };
		} finally {
			connection.close();
		}
	},
});
