/**
 * Keeps the signatures of cluster-info right: one for each token that may sign, none for any other. The signatures come
 * from token-store; no secret is ever seen here.
 */
import { hasCode } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { type ConfigMap, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import type { DetachedSignature, TokenStoreClient } from '../clients.ts';

const SIGNATURE_PREFIX = 'jws-kubeconfig-';

export interface SignedClusterInfo {
	readonly configMap: ConfigMap;
	/** Ids of tokens whose signature is new or other than before. */
	readonly signed: readonly string[];
	/** Ids of tokens whose signature is gone. */
	readonly withdrawn: readonly string[];
}

/**
 * The ConfigMap with exactly these signatures.
 *
 * @returns undefined when it has them already
 * @source pkg/controller/bootstrap bootstrapsigner.go
 */
export function signClusterInfo(
	configMap: ConfigMap,
	signatures: readonly DetachedSignature[],
): SignedClusterInfo | undefined {
	const data = configMap.data ?? {};
	const wanted = new Map(signatures.map(({ tokenId, jws }) => [`${SIGNATURE_PREFIX}${tokenId}`, jws]));
	const idOf = (key: string) => key.slice(SIGNATURE_PREFIX.length);
	const withdrawn = Object.keys(data).filter((key) => key.startsWith(SIGNATURE_PREFIX) && !wanted.has(key));
	const signed = [...wanted].filter(([key, jws]) => data[key] !== jws).map(([key]) => key);
	if (signed.length === 0 && withdrawn.length === 0) return undefined;
	const kept = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE_PREFIX));
	return {
		configMap: { ...configMap, data: Object.fromEntries([...kept, ...wanted]) },
		signed: signed.map(idOf),
		withdrawn: withdrawn.map(idOf),
	};
}

export interface BootstrapSignerOptions {
	readonly configMaps: Pick<ApiClient['configMaps'], 'update'>;
	readonly tokenStore: Pick<TokenStoreClient, 'signDetached'>;
	readonly find: () => ConfigMap | undefined;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

/**
 * Signs cluster-info again if necessary. After a conflict or its deletion it does not retry: the change that caused it
 * arrives by the watch.
 */
export async function updateSignatures({ configMaps, tokenStore, find, log }: BootstrapSignerOptions): Promise<void> {
	const configMap = find();
	const content = configMap?.data?.kubeconfig;
	if (configMap === undefined || content === undefined) return;
	const updated = signClusterInfo(configMap, await tokenStore.signDetached(content));
	if (updated === undefined) return;
	try {
		await configMaps.update(updated.configMap);
	} catch (error) {
		if (hasCode(error, 'API_CONFLICT', 'API_NOT_FOUND')) return;
		throw error;
	}
	for (const id of updated.signed) log.info(`signed cluster-info for token ${id}`);
	for (const id of updated.withdrawn) log.info(`withdrew the signature of cluster-info for token ${id}`);
}

/** For every key that is added, it checks cluster-info. */
export function startBootstrapSigner(options: BootstrapSignerOptions): WorkQueue {
	const queue = startWorkQueue('bootstrap-signer', () => updateSignatures(options), options.log, options.observeQueue);
	return { ...queue, add: () => queue.add(wellKnown.clusterInfo) };
}
