/**
 * Creates the Node over mutual TLS. Its first heartbeat creates its Lease: the node is Ready without it.
 *
 * @source kubelet kubelet_node_status.go tryRegisterWithAPIServer
 */
import type { Phase } from '../../../lib/workflow.ts';
import type { ClusterSettings } from '../cluster-settings.ts';
import { type Registration, registerNode } from '../heartbeat.ts';
import type { NodeIdentity } from '../identity.ts';
import { nodeObject } from '../node-object.ts';
import type { JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly identity: NodeIdentity;
	readonly settings: ClusterSettings;
	readonly tlsBootstrapTimeoutMs: number;
}

/**
 * @differs the kubelet retries without a limit; kubejoin until the timeout of TLS bootstrap, and then the join fails
 */
export const register = (tools: JoinContext): Phase<Needs, { readonly registration?: Registration }> => ({
	name: 'register',
	trust: 'the node is listed, over mutual TLS',
	// The node registers with its first heartbeat.
	skip: () => ({}),
	async run({ identity, settings, tlsBootstrapTimeoutMs }) {
		const { dial, clock, kubelet } = tools;
		const connection = dial.asNode(identity.server, identity);
		const node = () => nodeObject(identity.nodeName, clock(), { kubeletVersion: settings.kubernetesVersion, kubelet });
		const attempt = () => registerNode(connection.api.nodes, node());
		try {
			const waiting = '[kubelet] Waiting for the API server to create the Node';
			return {
				registration: await retryWhileUnavailable(attempt, { timeoutMs: tlsBootstrapTimeoutMs, waiting }, tools),
			};
		} finally {
			connection.close();
		}
	},
});
