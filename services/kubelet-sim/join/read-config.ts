/**
 * Reads the configuration of the cluster and of its kubelets, as the user of the bootstrap token or of the discovery
 * file: the first request with this credential.
 *
 * @source kubeadm cmd/join.go InitCfg, util/config FetchInitConfigurationFromCluster, componentconfigs FetchFromCluster
 * @differs kubeadm reads kube-proxy too, repeats a request that is refused, and refuses a control plane that is older
 *   than its own release by more than one; here the node takes over the version of the control plane
 */
import type { Phase } from '../../../lib/workflow.ts';
import { type ClusterSettings, settingsText } from '../cluster-settings.ts';
import type { TrustedServer } from '../trust.ts';
import type { BootstrapCredential, CredentialWord, JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly credential: BootstrapCredential;
	readonly tlsBootstrapTimeoutMs: number;
}

const texts: Readonly<Record<CredentialWord, { readonly trust: string; readonly waiting: string }>> = {
	token: {
		trust: 'the API server accepts the token',
		waiting: '[preflight] Waiting for the API server to accept the token',
	},
	credential: {
		trust: 'the API server accepts the credential',
		waiting: '[preflight] Waiting for the API server to accept the credential',
	},
};

/** @throws API_UNAUTHORIZED (the credential is not valid), CLUSTER_CONFIGURATION_INVALID */
export const readConfig = (
	tools: JoinContext,
	word: CredentialWord = 'token',
): Phase<Needs, { readonly settings: ClusterSettings }> => ({
	name: 'tls-bootstrap/read-config',
	trust: texts[word].trust,
	async run({ server, credential, tlsBootstrapTimeoutMs }) {
		const { dial, say, signal, readSettings } = tools;
		const connection = dial.withCredential(server, credential);
		const read = (name: string) =>
			retryWhileUnavailable(
				() => connection.api.configMaps.get(name, 'kube-system', { signal }),
				{ timeoutMs: tlsBootstrapTimeoutMs, waiting: texts[word].waiting },
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
