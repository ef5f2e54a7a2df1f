/**
 * The status of a pod that kubelet-sim runs as a simulation: its containers are Running from the moment that the node
 * sees the pod until its deletion, and no process exists.
 *
 * @source pkg/kubelet/kubelet_pods.go generateAPIPodStatus; status/generate.go; kuberuntime toKubeContainerStatus
 */
import { createHash } from 'node:crypto';
import { rfc3339 } from '../../../lib/clock.ts';
import {
	type Container,
	type ContainerState,
	type ContainerStatus,
	isSidecar,
	type Pod,
	type PodStatus,
} from '../../../lib/kube/pod.ts';

export interface PodPlace {
	readonly hostIp: string;
	readonly podIp: string;
}

interface RunningState {
	readonly startedAt?: string;
}

/** The state of any container of the pod. */
export function stateOf({ status = {} }: Pod, name: string): ContainerState {
	const { containerStatuses = [], initContainerStatuses = [] } = status;
	const ephemeral = (status.ephemeralContainerStatuses ?? []) as readonly ContainerStatus[];
	return [...containerStatuses, ...initContainerStatuses, ...ephemeral].find((one) => one.name === name)?.state ?? {};
}

/** Milliseconds since the epoch; undefined for a container that has not started. */
export function startedMsOf(pod: Pod, name: string): number | undefined {
	const { running, terminated } = stateOf(pod, name);
	const { startedAt } = (running ?? terminated ?? {}) as RunningState;
	const ms = Date.parse(startedAt ?? '');
	return Number.isNaN(ms) ? undefined : ms;
}

export const isTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Whether the status is already that of a running simulation. */
export const isRunning = ({ spec, status }: Pod): boolean =>
	status?.phase === 'Running' &&
	(spec?.containers ?? []).every(({ name }) =>
		status.containerStatuses?.some((one) => one.name === name && one.state?.running !== undefined),
	);

const idOf = (pod: Pod, name: string): string =>
	`simulated://${createHash('sha256').update(`${pod.metadata.uid}/${name}`).digest('hex')}`;

type State = Readonly<Record<string, object>>;

function statusOf(pod: Pod, { name = '', image = '' }: Container, state: State, isReady: boolean, hasStarted: boolean) {
	return {
		name,
		state,
		lastState: {},
		ready: isReady,
		restartCount: 0,
		image,
		imageID: '',
		containerID: idOf(pod, name),
		started: hasStarted,
	};
}

const terminated = (pod: Pod, name: string, startedAt: string, finishedAt: string): State => ({
	terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt, containerID: idOf(pod, name) },
});

/** Conditions keep the time at which they changed. */
function conditionsOf(pod: Pod, now: string, ready: 'True' | 'False', reason?: string) {
	const before = (pod.status?.conditions ?? []) as readonly {
		readonly type: string;
		readonly status?: string;
		readonly lastTransitionTime?: string;
	}[];
	const condition = (type: string, status: string, because?: string) => {
		const earlier = before.find((one) => one.type === type);
		const lastTransitionTime = earlier?.status === status ? (earlier.lastTransitionTime ?? now) : now;
		const observed = pod.metadata.generation;
		return {
			type,
			...(observed === undefined ? {} : { observedGeneration: observed }),
			status,
			lastProbeTime: null,
			lastTransitionTime,
			...(because === undefined ? {} : { reason: because }),
		};
	};
	const known = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
	return [
		condition('PodReadyToStartContainers', ready),
		condition('Initialized', 'True', reason),
		condition('Ready', ready, reason),
		condition('ContainersReady', ready, reason),
		condition('PodScheduled', 'True'),
		...before.filter(({ type }) => !known.includes(type)),
	];
}

function common(pod: Pod, { hostIp, podIp }: PodPlace, now: string): PodStatus {
	const { generation } = pod.metadata;
	const { qosClass, startTime, ...others } = pod.status ?? {};
	return {
		...others,
		...(generation === undefined ? {} : { observedGeneration: generation }),
		hostIP: hostIp,
		hostIPs: [{ ip: hostIp }],
		podIP: podIp,
		podIPs: [{ ip: podIp }],
		startTime: startTime ?? now,
		...(qosClass === undefined ? {} : { qosClass }),
	};
}

/** Every container runs since now, or since the time that the status has. */
export function runningStatus(pod: Pod, place: PodPlace, nowMs: number): PodStatus {
	const now = rfc3339(nowMs);
	const sinceOf = (name: string) => rfc3339(startedMsOf(pod, name) ?? nowMs);
	const running = (container: Container) =>
		statusOf(pod, container, { running: { startedAt: sinceOf(container.name ?? '') } }, true, true);
	const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
	const initialized = (container: Container) => {
		const { name = '' } = container;
		const since = sinceOf(name);
		return isSidecar(container)
			? running(container)
			: statusOf(pod, container, terminated(pod, name, since, since), true, false);
	};
	return {
		...common(pod, place, now),
		phase: 'Running',
		conditions: conditionsOf(pod, now, 'True'),
		containerStatuses: containers.map(running),
		...(initContainers.length === 0 ? {} : { initContainerStatuses: initContainers.map(initialized) }),
		...(ephemeralContainers.length === 0 ? {} : { ephemeralContainerStatuses: ephemeralContainers.map(running) }),
	} as PodStatus;
}

/** Every container has ended with exit code 0. */
export function endedStatus(pod: Pod, place: PodPlace, nowMs: number): PodStatus {
	const now = rfc3339(nowMs);
	const running = runningStatus(pod, place, nowMs);
	const containers = pod.spec?.containers ?? [];
	return {
		...running,
		phase: 'Succeeded',
		conditions: conditionsOf(pod, now, 'False', 'PodCompleted'),
		containerStatuses: containers.map((container) => {
			const { name = '' } = container;
			const since = rfc3339(startedMsOf(pod, name) ?? nowMs);
			return statusOf(pod, container, terminated(pod, name, since, now), false, false);
		}),
	} as PodStatus;
}

/** @source pkg/kubelet/lifecycle/predicate.go: OutOfpods */
export function rejectedStatus(pod: Pod, capacity: number, nowMs: number): PodStatus {
	return {
		...pod.status,
		phase: 'Failed',
		reason: 'OutOfpods',
		message:
			"Pod was rejected: Node didn't have enough resource: pods, requested: 1, " +
			`used: ${capacity}, capacity: ${capacity}`,
		startTime: rfc3339(nowMs),
	};
}
