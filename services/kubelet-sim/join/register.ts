/** The node appears in the cluster, over mutual TLS: its Node and its Lease. @source kubelet kubelet_node_status.go tryRegisterWithAPIServer */
import { hasCode } from '../../../lib/errors.ts';
import { poll } from '../../../lib/poll.ts';
import type { Phase } from '../../../lib/workflow.ts';
import { registerNode, renewLease } from '../heartbeat.ts';
import type { NodeIdentity } from '../identity.ts';
import { nodeObject } from '../node-object.ts';
import type { JoinTools } from './tools.ts';

interface Needs {
	readonly identity: NodeIdentity;
	readonly criSocket: string;
	readonly tlsBootstrapTimeoutMs: number;
}

const MAX_RETRY_MS = 1_000;
/** The node has its identity: that nobody answers is no reason to end. A refusal is. */
const isWorthwhile = (error: Error): boolean =>
	hasCode(error, 'CONNECTION_REFUSED', 'CALL_FAILED', 'DEADLINE_EXCEEDED', 'SHUTTING_DOWN', 'STORE_UNAVAILABLE');

/** @differs the kubelet asks for ever; here, for as long as it may wait for its certificate, and then the join ends and can be begun again */
export const register = ({ dial, clock, signal, say, retryMs }: JoinTools): Phase<Needs, object> => ({
	name: 'register',
	trust: 'the node is listed, over mutual TLS',
	async run({ identity, criSocket, tlsBootstrapTimeoutMs }) {
		const connection = dial.asNode(identity.server, identity);
		const attempt = async () => {
			const { uid } = await registerNode(connection.api.nodes, nodeObject(identity.nodeName, criSocket, clock()));
			await renewLease(connection.api.leases, { nodeName: identity.nodeName, nodeUid: uid }, clock());
		};
		try {
			await poll(attempt, {
				retryMs: Math.min(retryMs, MAX_RETRY_MS),
				timeoutMs: tlsBootstrapTimeoutMs,
				signal,
				isWorthwhile,
				say: (reason) => say(`[kubelet] Waiting for the API server to take the Node: ${reason}`),
			});
		} finally {
			connection.close();
		}
		return {};
	},
});
