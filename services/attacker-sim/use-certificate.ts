/** Does a stolen node certificate still count, and as whom? It asks who it is, and for the Node that it belongs to. */
import { asKubejoinError, type KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { openApi, resolveHost, withApi } from './clients.ts';
import { requireNearTarget } from './guard-rails.ts';
import { readNamed, readStolenIdentity } from './stolen-files.ts';
import { refusedText } from './tell.ts';

export interface UseFlags {
	readonly target: string;
	readonly clusterCa: string;
	readonly kubeconfig: string;
}

/** @returns lines; the first says what became of it @throws ATTACK_NOT_ALLOWED, ATTACK_ARGUMENTS_INVALID, KUBECONFIG_INVALID */
export async function useCertificate({ target, clusterCa, kubeconfig }: UseFlags): Promise<readonly string[]> {
	await requireNearTarget(target, 'apiserver-sim', resolveHost);
	const [ca, identity] = await Promise.all([readNamed('--cluster-ca', clusterCa), readStolenIdentity(kubeconfig)]);
	try {
		return await withApi(openApi(target, ca, identity), asWhom);
	} catch (error) {
		return [refusedText(known(error))];
	}
}

async function asWhom(api: Pick<ApiClient, 'nodes' | 'selfSubjectReviews'>): Promise<readonly string[]> {
	const { username = '', groups = [] } = (await api.selfSubjectReviews.create({ metadata: {} })).status?.userInfo ?? {};
	const accepted = `outcome: accepted as ${username}, groups ${groups.join(', ')}`;
	if (!username.startsWith(wellKnown.nodeUserPrefix)) return [accepted];
	const name = username.slice(wellKnown.nodeUserPrefix.length);
	const own = await api.nodes.get(name).then(
		({ status }) =>
			status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
				? 'Ready'
				: 'NotReady',
		(error: unknown) => `${known(error).code}: ${known(error).message}`,
	);
	return [accepted, `own node ${name}: ${own}`];
}

/** @throws what is not ours */
function known(error: unknown): KubejoinError {
	const found = asKubejoinError(error);
	if (found.code === 'INTERNAL') throw found;
	return found;
}
