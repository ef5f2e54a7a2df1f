/**
 * Asks whether a Ready node of this name is in the cluster. Then the bootstrap credentials and the configuration of
 * the kubelet are on disk.
 *
 * @source kubeadm cmd/phases/join/kubelet.go runKubeletStartJoinPhase
 */
import { relative } from 'node:path';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, writeUnflushedFile } from '../../../lib/files.ts';
import { type Kubeconfig, userKubeconfig, writeKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { isReady } from '../../../lib/kube/node-conditions.ts';
import type { Phase } from '../../../lib/workflow.ts';
import { type ClusterSettings, writeKubeletFiles } from '../cluster-settings.ts';
import type { NodeIdentity } from '../identity.ts';
import type { TrustedServer } from '../trust.ts';
import type { BootstrapCredential, CredentialWord, JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly credential: BootstrapCredential;
	/** The discovery file with one cluster, if the credential is that of the file. */
	readonly fileKubeconfig?: Kubeconfig | undefined;
	readonly settings: ClusterSettings;
	readonly isDryRun: boolean;
	readonly nodeName: string;
	readonly tlsBootstrapTimeoutMs: number;
	/** Set: the Node of that name is this node. */
	readonly replaces?: NodeIdentity | undefined;
}

const waitingTexts: Readonly<Record<CredentialWord, string>> = {
	token: '[kubelet-start] Waiting for the API server to accept the token',
	credential: '[kubelet-start] Waiting for the API server to accept the credential',
};

/**
 * @throws NODE_NAME_TAKEN, API_UNAUTHORIZED
 * @differs kubeadm writes the files before this check, and does not retry; kubejoin retries for the timeout of TLS
 *   bootstrap while a service is unavailable
 */
export const checkNodeName = (tools: JoinContext, word: CredentialWord = 'token'): Phase<Needs, object> => ({
	name: 'tls-bootstrap/check-node-name',
	trust: 'unchanged; no Ready node has this name',
	async skip(inputs) {
		if (!inputs.isDryRun) await writeFiles(inputs, tools);
		return {};
	},
	async run(inputs) {
		const { server, credential, isDryRun, nodeName, tlsBootstrapTimeoutMs, replaces } = inputs;
		const { dial, signal } = tools;
		const connection = dial.withCredential(server, credential);
		try {
			const node = await retryWhileUnavailable(
				() => connection.api.nodes.get(nodeName, '', { signal, expects: ['API_NOT_FOUND'] }),
				{ timeoutMs: tlsBootstrapTimeoutMs, waiting: waitingTexts[word] },
				tools,
			);
			if (isReady(node) && replaces === undefined) throw new KubejoinError('NODE_NAME_TAKEN', { node: nodeName });
		} catch (error) {
			if (!hasCode(error, 'API_NOT_FOUND')) throw error;
		} finally {
			connection.close();
		}
		if (!isDryRun) await writeFiles(inputs, tools);
		return {};
	},
});

async function writeFiles(
	{
		server,
		credential,
		fileKubeconfig,
		settings,
	}: Pick<Needs, 'server' | 'credential' | 'fileKubeconfig' | 'settings'>,
	{ paths, say }: Pick<JoinContext, 'paths' | 'say'>,
): Promise<void> {
	await makePrivateDirectory(paths.kubernetesDirectory);
	await makePrivateDirectory(paths.kubeletDirectory);
	const kubeconfig = fileKubeconfig ?? userKubeconfig(server.url, server.ca, 'tls-bootstrap-token-user', credential);
	const contents = writeKubeconfig(withClusterName(kubeconfig, settings.clusterName));
	// The join deletes this file, and no program reads it after a crash.
	writeUnflushedFile({ path: paths.bootstrapKubeconfig, contents, mode: 0o600 });
	say(`[kubelet-start] Wrote ${relative(paths.root, paths.bootstrapKubeconfig)}`);
	await writeKubeletFiles(paths, settings);
	say(`[kubelet-start] Writing kubelet configuration to file "${relative(paths.root, paths.kubeletConfiguration)}"`);
}

/** @source kubeadm cmd/join.go fetchInitConfigurationFromJoinConfiguration */
const withClusterName = (config: Kubeconfig, cluster: string): Kubeconfig => ({
	...config,
	clusters: config.clusters.map((entry) => ({ ...entry, name: cluster })),
	contexts: config.contexts.map(({ name, context }) => ({
		name,
		context: name === config.currentContext ? { ...context, cluster } : context,
	})),
});
