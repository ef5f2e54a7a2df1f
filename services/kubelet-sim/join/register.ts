/** The node appears in the cluster, over mutual TLS: its Node and its Lease. @source kubelet kubelet_node_status.go tryRegisterWithAPIServer */
import type { Phase } from '../../../lib/workflow.ts';
import { registerNode, renewLease } from '../heartbeat.ts';
import type { NodeIdentity } from '../identity.ts';
import { nodeObject } from '../node-object.ts';
import type { JoinTools } from './tools.ts';

interface Needs {
	readonly identity: NodeIdentity;
	readonly criSocket: string;
}

export const register = ({ dial, clock }: JoinTools): Phase<Needs, object> => ({
	name: 'register',
	trust: 'the node is listed, over mutual TLS',
	async run({ identity, criSocket }) {
		const connection = dial.asNode(identity.server, identity);
		try {
			const { uid } = await registerNode(connection.api.nodes, nodeObject(identity.nodeName, criSocket, clock()));
			await renewLease(connection.api.leases, { nodeName: identity.nodeName, nodeUid: uid }, clock());
		} finally {
			connection.close();
		}
		return {};
	},
});
