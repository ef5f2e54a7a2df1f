/**
 * Requests cluster-info over TLS that is verified with the CA of the discovery file. Only the server that this phase
 * returns can receive the credential for the certificate request.
 *
 * @source kubeadm discovery/file ValidateConfigInfo
 */
import { hasCode } from '../../../lib/errors.ts';
import type { ClusterAccess } from '../../../lib/kube/kubeconfig-access.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { poll } from '../../../lib/poll.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { FileCa, TrustedServer } from '../trust.ts';
import { trustedServer } from '../trusted-server.ts';
import { unreachable } from './fetch-cluster-info.ts';
import type { BootstrapCredential, JoinContext } from './join-context.ts';
import { clusterInfoServer } from './read-cluster.ts';

interface Needs {
	readonly fileCa: FileCa;
	readonly namedServer: Pick<ClusterAccess, 'server' | 'endpoint' | 'tlsServerName'>;
	readonly fileCredential?: BootstrapCredential | undefined;
	/** Empty: the file has the credential. */
	readonly tlsBootstrapToken: string;
	readonly discoveryTimeoutMs: number;
}

/** @throws CLUSTER_INFO_UNREACHABLE */
export const verifyServer = (tools: JoinContext): Phase<Needs, { readonly server: TrustedServer }> => ({
	name: 'discovery/verify-server',
	trust: 'the node trusts this API server and can send its credential',
	moment: 'node-trusts-cluster',
	async run({ fileCa, namedServer, fileCredential, tlsBootstrapToken, discoveryTimeoutMs }) {
		const { dial, say } = tools;
		const server = trustedServer(namedServer, fileCa);
		const isAnonymous = fileCredential === undefined;
		const connection = isAnonymous
			? dial.verified(server.target, fileCa, server.tlsServerName)
			: dial.withCredential(server, fileCredential);
		const wanted = { endpoint: server.target, timeoutMs: discoveryTimeoutMs, isAnonymous };
		try {
			const published = clusterInfoServer(await readPublished(connection, wanted, tools));
			if (published !== undefined && published !== namedServer.server)
				say(
					`[discovery] WARNING: the API Server endpoint "${namedServer.server}" in use is different from the endpoint ` +
						`"${published}" which defined in the cluster-info ConfigMap`,
				);
			setSpanAttributes({ 'kubejoin.server': namedServer.server });
			// kubeadm creates a kubeconfig for the token, with the address and the CA of the file and no other field.
			return { server: tlsBootstrapToken === '' ? server : trustedServer({ server: namedServer.server }, fileCa) };
		} finally {
			connection.close();
		}
	},
});

/** The kubeconfig in cluster-info; undefined if this client cannot read it, or if there is none. */
async function readPublished(
	{ api }: ReturnType<JoinContext['dial']['verified']>,
	{
		endpoint,
		timeoutMs,
		isAnonymous,
	}: { readonly endpoint: string; readonly timeoutMs: number; readonly isAnonymous: boolean },
	{ retryMs, signal, say }: JoinContext,
): Promise<string | undefined> {
	const waitedSeconds = Math.round(timeoutMs / 1000);
	const attempt = async () => {
		try {
			return (await api.configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic, { signal })).data?.kubeconfig;
		} catch (error) {
			if (!hasCode(error, 'API_FORBIDDEN')) throw unreachable(error, { endpoint, waitedSeconds }, isAnonymous);
			say(
				'[discovery] Could not access the cluster-info ConfigMap for refreshing the cluster-info information, ' +
					'but the TLS cert is valid so proceeding...',
			);
			return undefined;
		}
	};
	return poll(attempt, {
		retryMs,
		timeoutMs,
		signal,
		isWorthwhile: (error) => hasCode(error, 'CLUSTER_INFO_UNREACHABLE'),
		say: (reason) => say(`[discovery] ${reason}; retrying every ${retryMs / 1000} s for up to ${waitedSeconds} s`),
	});
}
