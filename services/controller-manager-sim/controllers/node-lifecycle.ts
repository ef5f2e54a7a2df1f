/**
 * Watches heartbeats: a node without heartbeats becomes Unknown and unreachable; a node with new heartbeats loses those
 * taints. It evicts no pod and deletes no node. While the API is unavailable, the silence of a node does not count.
 */
import type { Clock } from '../../../lib/clock.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { RecordEvent } from '../../../lib/kube/event-recorder.ts';
import type { Informer } from '../../../lib/kube/informer.ts';
import { isReady, readyCondition } from '../../../lib/kube/node-conditions.ts';
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

/**
 * @differs upstream counts the silence also while its own watch of the API is broken, and so declares all nodes dead
 *   after an outage
 */
export class NodeLifecycle {
	readonly #options: NodeLifecycleOptions;
	#observations: ReadonlyMap<string, Observation> = new Map();
	#lookedAtMs: number | undefined;

	constructor(options: NodeLifecycleOptions) {
		this.#options = options;
	}

	/** Checks all nodes once. @returns names of the silent nodes @throws the refusal of the API */
	async monitor(): Promise<string[]> {
		const { leases, cache, elapsedMs, recordEvent } = this.#options;
		await leases.refresh();
		const leaseOf = (name: string) => leases.get(`${wellKnown.kubeNodeLease}/${name}`);
		const nowMs = elapsedMs();
		const passedMs = Math.min(nowMs - (this.#lookedAtMs ?? nowMs), 2 * MONITOR_PERIOD_MS);
		this.#lookedAtMs = nowMs;
		const before = this.#observations;
		const nodes = cache.list().map((node) => ({ node, name: node.metadata.name ?? '' }));
		this.#observations = new Map(
			nodes.map(({ node, name }) => [name, observe(before.get(name), node, leaseOf(name), passedMs)]),
		);
		reportChanges(recordEvent, before, this.#observations);
		return nodes.filter(({ node, name }) => this.#isSilentNow(node, name)).map(({ name }) => name);
	}

	/** Updates the conditions and taints of a node to the observation. @throws the refusal of the API */
	async reconcile(name: string): Promise<void> {
		const { api, cache } = this.#options;
		const found = cache.get(name);
		if (found !== undefined)
			await retryOnConflict(
				found,
				() => api.nodes.get(name),
				(node) => this.#reconcileNode(node),
			);
	}

	async #reconcileNode(node: Node): Promise<void> {
		const { api, grace, clock, recordEvent, log } = this.#options;
		const { name = '', uid } = node.metadata;
		const unknown = this.#isSilentNow(node, name) ? statusAfterSilence(node, clock()) : undefined;
		const current = unknown === undefined ? node : await api.nodes.updateStatus(unknown);
		if (unknown !== undefined) {
			log.warn(`node ${name}: no heartbeat for ${graceMs(node, grace) / 1000} s, Ready=Unknown`);
			const text = `Node ${name} status is now: NodeNotReady`;
			if (isReady(node)) recordEvent(nodeReference(name, uid), 'Normal', 'NodeNotReady', text);
		}
		const taints = taintsFor(current, clock());
		if (taints === undefined) return;
		await api.nodes.update({ ...current, spec: { ...current.spec, taints } });
		const listed = taints.map(({ key, effect }) => `${key}:${effect}`);
		log.info({ taints: listed }, `node ${name}: Ready=${readyCondition(current)?.status}, taints changed`);
	}

	#isSilentNow(node: Node, name: string): boolean {
		const observation = this.#observations.get(name);
		return observation !== undefined && isSilent(node, observation, this.#options.grace);
	}
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
	const lifecycle = new NodeLifecycle(options);
	const reconcile = (name: string) => lifecycle.reconcile(name);
	const queue = startWorkQueue('node-lifecycle', reconcile, options.log, options.observeQueue);
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
