/**
 * Deletes the pods of a node that no longer exists, and unscheduled pods whose deletion no kubelet completes.
 *
 * @source pkg/controller/podgc/gc_controller.go
 * @differs pods that have ended stay, whatever their number: upstream keeps 12,500
 */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { hasCode } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { Informer } from '../../../lib/kube/informer.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import type { Node } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { graphMetadata } from './garbage-collector.ts';

/** A missing node can still be registered in this time. @source quarantineTime */
const QUARANTINE_MS = 40_000;
const FINAL_PHASES: readonly unknown[] = ['Succeeded', 'Failed'];

export interface PodGcOptions {
	readonly api: {
		readonly pods: Pick<ApiClient['pods'], 'patch' | 'delete'>;
		readonly nodes: Pick<ApiClient['nodes'], 'get'>;
	};
	readonly pods: Pick<Informer<Pod>, 'get' | 'list'>;
	readonly nodes: Pick<Informer<Node>, 'get'>;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

export interface PodGc extends Pick<WorkQueue, 'close'> {
	readonly podChanged: (key: string) => void;
	readonly nodeChanged: (name: string) => void;
}

/** The part of a pod that this controller and the garbage collector need. */
export const podMetadata = (pod: Pod): Pod => {
	const { nodeName } = pod.spec ?? {};
	const { phase } = pod.status ?? {};
	return {
		...graphMetadata(pod),
		...(nodeName === undefined ? {} : { spec: { nodeName } }),
		...(phase === undefined ? {} : { status: { phase } }),
	};
};

/** Deletes the pods of a node, unless the API server has the node. @throws the refusal of the API */
export async function deletePodsOfNode(options: PodGcOptions, nodeName: string): Promise<void> {
	const { api, pods, nodes, clock, log } = options;
	const orphaned = pods.list().filter(({ spec }) => spec?.nodeName === nodeName);
	if (orphaned.length === 0 || nodes.get(nodeName) !== undefined || (await exists(api.nodes, nodeName))) return;
	const condition = {
		...{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' },
		message: 'PodGC: node no longer exists',
		lastTransitionTime: rfc3339(clock()),
	};
	for (const pod of orphaned) {
		await failAndDelete(api.pods, pod, { phase: 'Failed', conditions: [condition] });
		const { name, namespace } = pod.metadata;
		log.info(`deleted pod ${namespace}/${name}: its node ${nodeName} no longer exists`);
	}
}

async function deleteUnscheduled({ api, pods }: PodGcOptions, key: string): Promise<void> {
	const pod = pods.get(key);
	if (pod?.metadata.deletionTimestamp === undefined || (pod.spec?.nodeName ?? '') !== '') return;
	await failAndDelete(api.pods, pod, { phase: 'Failed' });
}

async function failAndDelete(client: PodGcOptions['api']['pods'], pod: Pod, status: object): Promise<void> {
	const { name = '', namespace = '', uid = '' } = pod.metadata;
	try {
		if (!FINAL_PHASES.includes(pod.status?.phase))
			await client.patch(name, { metadata: { uid }, status }, { namespace, type: 'strategic', subresource: 'status' });
		await client.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
	} catch (error) {
		// A pod with another uid is another pod.
		if (!hasCode(error, 'API_NOT_FOUND', 'API_CONFLICT')) throw error;
	}
}

async function exists(client: PodGcOptions['api']['nodes'], name: string): Promise<boolean> {
	try {
		await client.get(name, undefined, { expects: ['API_NOT_FOUND'], metadataOnly: true });
		return true;
	} catch (error) {
		if (hasCode(error, 'API_NOT_FOUND')) return false;
		throw error;
	}
}

export function startPodGc(options: PodGcOptions): PodGc {
	const { log, observeQueue, nodes, pods } = options;
	const ofNode = (name: string) => deletePodsOfNode(options, name);
	const orphaned = startWorkQueue('orphaned_pods_nodes', ofNode, log, observeQueue);
	const unscheduled = startWorkQueue('unscheduled_pods', (key) => deleteUnscheduled(options, key), log, observeQueue);
	return {
		podChanged(key) {
			const pod = pods.get(key);
			const { nodeName = '' } = pod?.spec ?? {};
			if (nodeName === '' && pod?.metadata.deletionTimestamp !== undefined) unscheduled.add(key);
			if (nodeName !== '' && nodes.get(nodeName) === undefined) orphaned.add(nodeName, QUARANTINE_MS);
		},
		nodeChanged(name) {
			if (nodes.get(name) === undefined) orphaned.add(name, QUARANTINE_MS);
		},
		async close() {
			await Promise.all([orphaned.close(), unscheduled.close()]);
		},
	};
}
