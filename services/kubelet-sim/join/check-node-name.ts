/**
 * The first request with the token: is a Ready node of this name in the cluster?
 *
 * @source kubeadm cmd/phases/join/kubelet.go runKubeletStartJoinPhase
 */
import { relative } from 'node:path';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../../lib/files.ts';
import { userKubeconfig, writeKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { NodeIdentity } from '../identity.ts';
import type { TrustedServer } from '../trust.ts';
import type { JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly bootstrapToken: string;
	readonly nodeName: string;
	readonly tlsBootstrapTimeoutMs: number;
	/** Set: the Node of that name is this node. */
	readonly replaces?: NodeIdentity | undefined;
}

/**
 * @throws NODE_NAME_TAKEN, API_UNAUTHORIZED (the token is not valid for authentication)
 * @differs kubeadm does not retry; kubejoin retries for the timeout of TLS bootstrap while a service is unavailable
 */
export const checkNodeName = (tools: JoinContext): Phase<Needs, object> => ({
	name: 'tls-bootstrap/check-node-name',
	trust: 'the API server accepts the token',
	async run({ server, bootstrapToken, nodeName, tlsBootstrapTimeoutMs, replaces }) {
		const { dial, paths, say, signal } = tools;
		await makePrivateDirectory(paths.kubernetesDirectory);
		const kubeconfig = userKubeconfig(server.url, server.ca, 'tls-bootstrap-token-user', { token: bootstrapToken });
		await writeWholeFile(paths.bootstrapKubeconfig, writeKubeconfig(kubeconfig), 0o600);
		say(`[kubelet-start] Wrote ${relative(paths.root, paths.bootstrapKubeconfig)}`);
		const connection = dial.withToken(server, bootstrapToken);
		try {
			const node = await retryWhileUnavailable(
				() => connection.api.nodes.get(nodeName, '', { signal, expects: ['API_NOT_FOUND'] }),
				{ timeoutMs: tlsBootstrapTimeoutMs, waiting: '[kubelet-start] Waiting for the API server to accept the token' },
				tools,
			);
			const isReady =
				node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
			if (isReady && replaces === undefined) throw new KubejoinError('NODE_NAME_TAKEN', { node: nodeName });
		} catch (error) {
			if (!hasCode(error, 'API_NOT_FOUND')) throw error;
		} finally {
			connection.close();
		}
		return {};
	},
});
