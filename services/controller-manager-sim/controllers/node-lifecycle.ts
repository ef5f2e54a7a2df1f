/**
 * Watches heartbeats: a node without heartbeats becomes Unknown and unreachable; a node with new heartbeats loses those
 * taints. It evicts no pod and deletes no node. While the API is unavailable, the silence of a node does not count.
 */
import type { Clock } from '../../../lib/clock.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { RecordEvent } from '../../../lib/kube/event-recorder.ts';
import type { Informer } from '../../../lib/kube/informer.ts';
import { readyCondition } from '../../../lib/kube/node-conditions.ts';
import { type Node, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import type { LeaseCache } from '../lease-cache.ts';
import {
	type GracePeriods,
	graceMs,
	isSilent,
	type Observation,
	observe,
	statusAfterSilence,
	taintsFor,
} from '../node-health.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

export const MONITOR_PERIOD_MS = 5_000;

export interface NodeLifecycleOptions {
	readonly api: { readonly nodes: Pick<ApiClient['nodes'], 'get' | 'update' | 'updateStatus'> };
	readonly leases: Pick<LeaseCache, 'get' | 'refresh'>;
	readonly cache: Pick<Informer<Node>, 'get' | 'list'>;
	readonly grace: GracePeriods;
	/** For written times; can jump. */
	readonly clock: Clock;
	/** For measured durations; never jumps. Milliseconds since an arbitrary moment. */
	readonly elapsedMs: () => number;
	readonly recordEvent: RecordEvent;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

export interface NodeLifecycle {
	/** Checks all nodes once. @returns names of the silent nodes @throws the refusal of the API */
	readonly monitor: () => Promise<string[]>;
	/** Updates the conditions and taints of a node to the observation. @throws the refusal of the API */
	readonly reconcile: (name: string) => Promise<void>;
}

/**
 * @differs upstream counts the silence also while its own watch of the API is broken, and so declares all nodes dead
 *   after an outage
 */
export function createNodeLifecycle(options: NodeLifecycleOptions): NodeLifecycle {
	const { api, leases, cache, grace, clock, elapsedMs, recordEvent, log } = options;
	let observations: ReadonlyMap<string, Observation> = new Map();
	let lookedAtMs: number | undefined;

	async function monitor(): Promise<string[]> {
		await leases.refresh();
		const leaseOf = (name: string) => leases.get(`${wellKnown.kubeNodeLease}/${name}`);
		const nowMs = elapsedMs();
		const passedMs = Math.min(nowMs - (lookedAtMs ?? nowMs), 2 * MONITOR_PERIOD_MS);
		lookedAtMs = nowMs;
		const nodes = cache.list().map((node) => ({ node, name: node.metadata.name ?? '' }));
		const next = new Map(
			nodes.map(({ node, name }) => [name, observe(observations.get(name), node, leaseOf(name), passedMs)]),
		);
		reportChanges(recordEvent, observations, next);
		observations = next;
		return nodes.filter(({ node, name }) => isSilentNow(node, name)).map(({ name }) => name);
	}

	const isSilentNow = (node: Node, name: string): boolean => {
		const observation = observations.get(name);
		return observation !== undefined && isSilent(node, observation, grace);
	};

	async function reconcileNode(node: Node): Promise<void> {
		const name = node.metadata.name ?? '';
		const unknown = isSilentNow(node, name) ? statusAfterSilence(node, clock()) : undefined;
		const current = unknown === undefined ? node : await api.nodes.updateStatus(unknown);
		if (unknown !== undefined) {
			log.warn(`node ${name}: no heartbeat for ${graceMs(node, grace) / 1000} s, Ready=Unknown`);
			if (readyCondition(node)?.status === 'True')
				recordEvent(
					nodeReference(name, node.metadata.uid),
					'Normal',
					'NodeNotReady',
					`Node ${name} status is now: NodeNotReady`,
				);
		}
		const taints = taintsFor(current, clock());
		if (taints === undefined) return;
		await api.nodes.update({ ...current, spec: { ...current.spec, taints } });
		const listed = taints.map(({ key, effect }) => `${key}:${effect}`);
		log.info({ taints: listed }, `node ${name}: Ready=${readyCondition(current)?.status}, taints changed`);
	}

	async function reconcile(name: string): Promise<void> {
		const node = cache.get(name);
		if (node !== undefined) await retryOnConflict(node, () => api.nodes.get(name), reconcileNode);
	}
	return { monitor, reconcile };
}

const nodeReference = (name: string, uid = '') => ({ kind: 'Node', name, uid, apiVersion: 'v1' });

/** @source pkg/controller/nodelifecycle monitorNodeHealth, pkg/controller/util/node RecordNodeEvent */
function reportChanges(
	recordEvent: RecordEvent,
	before: ReadonlyMap<string, Observation>,
	after: ReadonlyMap<string, Observation>,
): void {
	const report = (name: string, { uid }: Observation, reason: string, text: string): void =>
		recordEvent(nodeReference(name, uid), 'Normal', reason, `Node ${name} event: ${text}`);
	for (const [name, node] of after)
		if (!before.has(name)) report(name, node, 'RegisteredNode', `Registered Node ${name} in Controller`);
	for (const [name, node] of before)
		if (!after.has(name)) report(name, node, 'RemovingNode', `Removing Node ${name} from Controller`);
}

/** Checks every node that is added as a key, and every five seconds all of them. */
export function startNodeLifecycle(options: NodeLifecycleOptions): WorkQueue {
	const lifecycle = createNodeLifecycle(options);
	const queue = startWorkQueue('node-lifecycle', lifecycle.reconcile, options.log, options.observeQueue);
	const monitor = async (key: string) => {
		for (const name of await lifecycle.monitor()) queue.add(name);
		monitoring.add(key, MONITOR_PERIOD_MS);
	};
	const monitoring = startWorkQueue('node-monitor', monitor, options.log, options.observeQueue);
	monitoring.add('all nodes');
	return {
		add: queue.add,
		async close() {
			await Promise.all([monitoring.close(), queue.close()]);
		},
	};
}
