/**
 * Requests cluster-info anonymously over unverified TLS, because the node has no CA yet. The response is a claim.
 *
 * @source kubeadm discovery/token getClusterInfo
 */
import { causeOfDial } from '../../../lib/errors/diagnoses/index.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { PresentedToken } from '../../../lib/kube/bootstrap-token.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { poll } from '../../../lib/poll.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { ClaimedClusterInfo } from '../trust.ts';
import type { ApiConnection, JoinContext } from './join-context.ts';

interface Needs {
	readonly endpoint: string;
	readonly discoveryToken: PresentedToken;
	readonly discoveryTimeoutMs: number;
}

export const fetchClusterInfo = (
	tools: JoinContext,
): Phase<Needs, { readonly claimedClusterInfo: ClaimedClusterInfo }> => ({
	name: 'discovery/fetch-cluster-info',
	trust: 'no trust yet: TLS not verified, no secret sent',
	async run({ endpoint, discoveryToken, discoveryTimeoutMs }) {
		const connection = tools.dial.unverified(endpoint);
		try {
			return {
				claimedClusterInfo: await readClusterInfo(
					connection,
					{ endpoint, tokenId: discoveryToken.id, timeoutMs: discoveryTimeoutMs },
					tools,
				),
			};
		} finally {
			connection.close();
		}
	},
});

/**
 * Read cluster-info until it contains a signature for this token.
 *
 * @throws CLUSTER_INFO_INVALID at once; CLUSTER_INFO_UNREACHABLE, CLUSTER_INFO_UNSIGNED after the timeout
 */
export async function readClusterInfo(
	{ api }: ApiConnection<'configMaps'>,
	{ endpoint, tokenId, timeoutMs }: { readonly endpoint: string; readonly tokenId: string; readonly timeoutMs: number },
	{ retryMs, signal, say }: Pick<JoinContext, 'retryMs' | 'signal' | 'say'>,
): Promise<ClaimedClusterInfo> {
	const waitedSeconds = Math.round(timeoutMs / 1000);
	const attempt = async () => {
		const { data = {} } = await api.configMaps
			.get(wellKnown.clusterInfo, wellKnown.kubePublic, { signal })
			.catch((error: unknown) => {
				throw unreachable(error, { endpoint, waitedSeconds });
			});
		if (!data.kubeconfig) {
			const problem =
				'there is no kubeconfig key in the cluster-info ConfigMap. ' +
				"This API Server isn't set up for token bootstrapping, can't connect";
			throw new KubejoinError('CLUSTER_INFO_INVALID', { problem });
		}
		if (data.kubeconfig.length > limits.yamlBytes.value)
			throw new KubejoinError('CLUSTER_INFO_INVALID', {
				problem: `the kubeconfig in the cluster-info ConfigMap is longer than ${limits.yamlBytes.value} characters`,
			});
		const signature = data[`jws-kubeconfig-${tokenId}`];
		if (!signature) throw new KubejoinError('CLUSTER_INFO_UNSIGNED', { tokenId, waitedSeconds });
		return { kubeconfig: data.kubeconfig, signature };
	};
	return poll(attempt, {
		retryMs,
		timeoutMs,
		signal,
		isWorthwhile: (error) => hasCode(error, 'CLUSTER_INFO_UNREACHABLE', 'CLUSTER_INFO_UNSIGNED'),
		say: (reason) => say(`[discovery] ${reason}; retrying every ${retryMs / 1000} s for up to ${waitedSeconds} s`),
	});
}

export function unreachable(
	error: unknown,
	where: { readonly endpoint: string; readonly waitedSeconds: number },
	isAnonymous = true,
): KubejoinError {
	const problem = error instanceof Error ? error.message : String(error);
	const cause = causeOf(error, isAnonymous);
	return new KubejoinError('CLUSTER_INFO_UNREACHABLE', { ...where, problem, cause }, { cause: error });
}

/** The cause of a failed request. */
function causeOf(error: unknown, isAnonymous: boolean): string | undefined {
	if (hasCode(error, 'API_UNAUTHORIZED')) return isAnonymous ? 'unauthorized' : 'credential-refused';
	if (hasCode(error, 'API_FORBIDDEN')) return 'forbidden';
	if (hasCode(error, 'API_NOT_FOUND', 'API_PATH_NOT_FOUND')) return 'not-found';
	if (hasCode(error, 'DEADLINE_EXCEEDED')) return 'timeout';
	if (hasCode(error, 'CONNECTION_REFUSED')) return causeOfDial(String(error.details.problem));
	return hasCode(error, 'PEER_REFUSED') ? String(error.details.cause) : undefined;
}
