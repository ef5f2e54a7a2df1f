/**
 * Runs the pods that are bound to the node, as a simulation: reports them Running, and lets them end when they are
 * deleted.
 *
 * @source pkg/kubelet/kubelet.go SyncPod, SyncTerminatingPod; status/status_manager.go syncPod
 */
import type { Clock } from '../../../lib/clock.ts';
import { hasCode } from '../../../lib/errors.ts';
import type { ResourceClient } from '../../../lib/kube/client.ts';
import { type Informer, startInformer } from '../../../lib/kube/informer.ts';
import { isMirrorPod, type Pod } from '../../../lib/kube/pod.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import { limits } from '../../../lib/limits.ts';
import type { Log } from '../../../lib/log.ts';
import { PodAddresses } from './pod-addresses.ts';
import {
	endedStatus,
	isRunning,
	isTerminal,
	type PodPlace,
	rejectedStatus,
	runningStatus,
	startedMsOf,
	stateOf,
} from './pod-status.ts';
import type { SimulatedContainer } from './simulated-log.ts';

type Pods = Pick<ResourceClient<KubeObject>, 'list' | 'watch' | 'updateStatus' | 'delete'>;

export interface SimulatedPodsOptions {
	readonly nodeName: string;
	readonly hostIp: string;
	/** The pods of the API server; it can change with the certificate of the node. */
	readonly client: () => Pods;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly log: Log;
}

const RESYNC_MS = 60_000;

export class SimulatedPods {
	readonly #options: SimulatedPodsOptions;
	readonly #addresses: PodAddresses;
	readonly #uids = new Map<string, string>();
	readonly #informer: Informer<Pod>;
	readonly #queue: WorkQueue;
	readonly #changes = new EventTarget();

	constructor(options: SimulatedPodsOptions) {
		const { nodeName, client, signal, log } = options;
		this.#options = options;
		this.#addresses = new PodAddresses(nodeName);
		this.#queue = startWorkQueue('pods', (key) => this.#sync(key), log);
		this.#informer = startInformer<Pod>({
			client: {
				list: (select) => client().list(select as object) as ReturnType<ResourceClient<Pod>['list']>,
				watch: (select, ending) => client().watch(select, ending) as ReturnType<ResourceClient<Pod>['watch']>,
			},
			select: { fieldSelector: `spec.nodeName=${nodeName}` },
			onChange: (key) => {
				this.#keepPlace(key);
				this.#changes.dispatchEvent(new Event(key));
				this.#queue.add(key);
			},
			resyncMs: RESYNC_MS,
			signal,
			log,
			name: 'pods',
		});
	}

	/** Resolves after the signal, when the last write has ended. */
	async done(): Promise<void> {
		await this.#informer.done;
		await this.#queue.close();
	}

	list(): readonly Pod[] {
		return this.#informer.list();
	}

	get(namespace: string, name: string): Pod | undefined {
		return this.#informer.get(`${namespace}/${name}`);
	}

	/** Calls back at each change of the pod, until the returned function is called. */
	onChange(namespace: string, name: string, changed: () => void): () => void {
		const key = `${namespace}/${name}`;
		this.#changes.addEventListener(key, changed);
		return () => this.#changes.removeEventListener(key, changed);
	}

	async #sync(key: string): Promise<void> {
		// A pod of the first list that runs keeps its address, so each of them comes before a new pod.
		await this.#informer.synced;
		const pod = this.#informer.get(key);
		if (pod === undefined) {
			this.#addresses.release(this.#uids.get(key) ?? '');
			this.#uids.delete(key);
			return;
		}
		if (isMirrorPod(pod)) return;
		if (pod.metadata.deletionTimestamp !== undefined) await this.#end(pod);
		else if (!isTerminal(pod) && !this.#isReported(pod)) await this.#run(key, pod);
	}

	#isReported(pod: Pod): boolean {
		const { metadata, status } = pod;
		const observed = (status as { readonly observedGeneration?: number } | undefined)?.observedGeneration;
		return isRunning(pod) && observed === metadata.generation;
	}

	/** Of a pod that runs, also since before a restart of this node. */
	#keepPlace(key: string): void {
		const pod = this.#informer.get(key);
		if (pod === undefined || !isRunning(pod) || isMirrorPod(pod)) return;
		this.#admit(key, pod);
		this.#placeOf(pod);
	}

	#admit(key: string, { metadata: { uid = '' } }: Pod): void {
		const before = this.#uids.get(key);
		if (before !== undefined && before !== uid) this.#addresses.release(before);
		this.#uids.set(key, uid);
	}

	async #run(key: string, pod: Pod): Promise<void> {
		const max = limits.podsOfNode.value;
		const isNew = !this.#uids.has(key);
		this.#admit(key, pod);
		const nowMs = this.#options.clock();
		if (isNew && this.#uids.size > max) {
			this.#uids.delete(key);
			await this.#report(pod, rejectedStatus(pod, max, nowMs));
		} else await this.#report(pod, runningStatus(pod, this.#placeOf(pod), nowMs));
	}

	#placeOf(pod: Pod): PodPlace {
		const { hostIp } = this.#options;
		const known = pod.status?.podIPs?.[0]?.ip;
		const podIp = pod.spec?.hostNetwork === true ? hostIp : this.#addresses.of(pod.metadata.uid ?? '', known);
		return { hostIp, podIp };
	}

	/** The simulated containers end at once and use no grace period. */
	async #end(pod: Pod): Promise<void> {
		const { name = '', namespace = '', uid = '' } = pod.metadata;
		if (!isTerminal(pod)) await this.#report(pod, endedStatus(pod, this.#placeOf(pod), this.#options.clock()));
		const options = { namespace, gracePeriodSeconds: 0, preconditions: { uid } };
		await ignoringMissing(this.#options.client().delete(name, options));
	}

	/** After a conflict, the event of the newer version causes another report. */
	async #report(pod: Pod, status: object): Promise<void> {
		await ignoringMissing(this.#options.client().updateStatus({ ...pod, status } as KubeObject));
	}
}

async function ignoringMissing(work: Promise<unknown>): Promise<void> {
	try {
		await work;
	} catch (error) {
		if (!hasCode(error, 'API_NOT_FOUND')) throw error;
	}
}

/** The container, if the pod has one of this name that has started. */
export function simulatedContainer(pod: Pod, name: string): SimulatedContainer | undefined {
	const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
	const spec = [...containers, ...initContainers, ...ephemeralContainers].find((one) => one.name === name);
	const startedMs = startedMsOf(pod, name);
	if (spec === undefined || startedMs === undefined) return undefined;
	const finishedAt = stateOf(pod, name).terminated?.finishedAt;
	return {
		image: spec.image ?? '',
		startedMs,
		...(finishedAt === undefined ? {} : { endedMs: Date.parse(finishedAt) }),
	};
}
