/** Starts the two collectors of garbage, and the watches that no other controller needs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../lib/clock.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { RecordEvent } from '../../../lib/kube/event-recorder.ts';
import { type Informer, startInformer } from '../../../lib/kube/informer.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, Node } from '../../../lib/kube/types.ts';
import type { ObserveQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { collectedResources, graphMetadata, startGarbageCollector } from './garbage-collector.ts';
import { podMetadata, startPodGc } from './pod-gc.ts';

/** The collector begins after this time also without some kinds. @source initialSyncTimeout */
const SYNC_TIMEOUT_MS = 30_000;

export interface GarbageOptions {
	readonly api: ApiClient;
	/** The caches of other controllers, each with the resource that it has. */
	readonly shared: ReadonlyMap<ApiResource, Pick<Informer<KubeObject>, 'get' | 'synced'>>;
	readonly nodes: Informer<Node>;
	readonly recordEvent: RecordEvent;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
	readonly signal: AbortSignal;
}

export interface Garbage {
	/** The cache of a resource reports a change. */
	readonly changed: (resource: ApiResource, key: string, previous: KubeObject | undefined) => void;
	readonly close: () => Promise<void>;
	/** Resolves when the watches have ended. */
	readonly done: Promise<unknown>;
}

export function startGarbage(options: GarbageOptions): Garbage {
	const { api, shared, nodes, recordEvent, clock, log, observeQueue, signal } = options;
	const common = { log, signal };
	const caches = new Map(shared);
	const changed: Garbage['changed'] = (resource, key, previous) =>
		collector.observe(resource, caches.get(resource)?.get(key), previous);
	const collector = startGarbageCollector({
		...{ api, recordEvent, log, observeQueue },
		synced: async () => {
			const all = Promise.all([...caches.values()].map(({ synced }) => synced));
			await Promise.race([all, delay(SYNC_TIMEOUT_MS, undefined, { signal, ref: false }).catch(() => undefined)]);
		},
	});

	const onPod = (key: string, previous: Pod | undefined): void => {
		podGc.podChanged(key);
		changed(resources.pods, key, previous);
	};
	const pods = startInformer({ ...common, name: 'pods', client: api.pods, keep: podMetadata, onChange: onPod });
	caches.set(resources.pods, pods);
	const podGc = startPodGc({ api, pods, nodes, clock, log, observeQueue });

	const own = collectedResources.filter((row) => !caches.has(row));
	const metadataOnly = { select: { metadataOnly: true }, keep: graphMetadata };
	const monitors = own.map((row) => {
		const onChange = (key: string, previous: KubeObject | undefined) => changed(row, key, previous);
		const monitor = startInformer({ ...common, ...metadataOnly, name: row.resource, client: api.of(row), onChange });
		caches.set(row, monitor);
		return monitor;
	});
	return {
		changed(resource, key, previous) {
			if (resource === resources.nodes) podGc.nodeChanged(key);
			changed(resource, key, previous);
		},
		async close() {
			await Promise.all([collector.close(), podGc.close()]);
		},
		done: Promise.all([pods, ...monitors].map(({ done }) => done)),
	};
}
