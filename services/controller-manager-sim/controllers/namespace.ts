/**
 * Gives each namespace its service account and the cluster CA, and empties a namespace that is deleted before it
 * disappears.
 *
 * @source pkg/controller/{namespace/deletion,serviceaccount}, pkg/controller/certificates/rootcacertpublisher
 */
import { hasCode } from '../../../lib/errors.ts';
import type { ApiClient, ResourceClient } from '../../../lib/kube/client.ts';
import type { ConfigMap, KubeObject, Namespace } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import type { Pem } from '../../../lib/pki/pem.ts';

/** Until the content of a namespace is looked at again: an object with a finalizer stays for a while. */
const CONTENT_WAIT_MS = 1_000;
const ROOT_CA = 'kube-root-ca.crt';
const description =
	'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
	'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes ' +
	'clusters.';

/** The objects of one kind in namespaces. */
export type NamespacedContent = Pick<ResourceClient<KubeObject>, 'list' | 'deleteCollection'>;

export interface NamespaceControllerOptions {
	readonly api: {
		readonly namespaces: Pick<ApiClient['namespaces'], 'updateFinalize'>;
		readonly serviceAccounts: Pick<ApiClient['serviceAccounts'], 'create'>;
		readonly configMaps: Pick<ApiClient['configMaps'], 'create' | 'get' | 'update'>;
	};
	/** Of every kind that is in namespaces. */
	readonly contents: readonly NamespacedContent[];
	readonly find: (name: string) => Namespace | undefined;
	readonly ca: Pem;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

export function startNamespaceController(options: NamespaceControllerOptions): WorkQueue {
	const work = async (name: string) => {
		const againMs = await reconcileNamespace(options, name);
		if (againMs !== undefined) queue.add(name, againMs);
	};
	const queue = startWorkQueue('namespace', work, options.log, options.observeQueue);
	return queue;
}

/** @returns milliseconds until the namespace is looked at again @throws the refusal of the API */
export async function reconcileNamespace(
	options: NamespaceControllerOptions,
	name: string,
): Promise<number | undefined> {
	const namespace = options.find(name);
	if (namespace === undefined) return undefined;
	if (namespace.metadata.deletionTimestamp !== undefined) return emptyNamespace(options, namespace);
	await createMissing(options.api.serviceAccounts.create({ metadata: { name: 'default', namespace: name } }));
	await publishRootCa(options, name);
	return undefined;
}

async function publishRootCa({ api, ca }: NamespaceControllerOptions, namespace: string): Promise<void> {
	const data = { 'ca.crt': ca };
	const annotations = { 'kubernetes.io/description': description };
	const wanted: Omit<ConfigMap, 'apiVersion' | 'kind'> = { metadata: { name: ROOT_CA, namespace, annotations }, data };
	if (await createMissing(api.configMaps.create(wanted))) return;
	const found = await api.configMaps.get(ROOT_CA, namespace);
	if (found.data?.['ca.crt'] === ca && Object.keys(found.data).length === 1) return;
	await api.configMaps.update({ ...found, data });
}

/** @returns whether the object is new; a namespace that is being deleted gets no new objects */
async function createMissing(creation: Promise<unknown>): Promise<boolean> {
	try {
		await creation;
		return true;
	} catch (error) {
		if (hasCode(error, 'API_ALREADY_EXISTS')) return false;
		if (hasCode(error, 'API_NOT_FOUND', 'API_FORBIDDEN')) return true;
		throw error;
	}
}

/**
 * Deletes the content, and then the finalizer that kept the namespace.
 *
 * @differs pods get no grace period: no kubelet ends them here
 */
async function emptyNamespace(
	{ api, contents, log }: NamespaceControllerOptions,
	namespace: Namespace,
): Promise<number | undefined> {
	const { name = '' } = namespace.metadata;
	if ((namespace.spec?.finalizers ?? []).length === 0) return undefined;
	let left = 0;
	for (const content of contents) {
		const deleted = await content.deleteCollection(name, 0);
		if (deleted > 0) left += (await content.list({ namespace: name })).items.length;
	}
	if (left > 0) {
		log.info({ namespace: name, left }, `namespace ${name} waits for ${left} objects`);
		return CONTENT_WAIT_MS;
	}
	await api.namespaces.updateFinalize({ ...namespace, spec: { finalizers: [] } });
	return undefined;
}
