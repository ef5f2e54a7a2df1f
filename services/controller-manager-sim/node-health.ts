/**
 * The health of a node from its heartbeats: whether it is silent, and the resulting conditions and taints. A node's
 * clock is never compared with that of the controller: a heartbeat counts if it differs from the one before.
 */
import { rfc3339 } from '../../lib/clock.ts';
import { readyCondition } from '../../lib/kube/node-conditions.ts';
import type { Lease, Node, Taint } from '../../lib/kube/types.ts';

/** The last heartbeat of a node, and the time since then. */
export interface Observation {
	readonly uid: string;
	/** Heartbeat time of the Ready condition, as the node wrote it; empty when the node never posted its status. */
	readonly statusHeartbeat: string;
	/** As the node wrote it; empty when it has no lease. */
	readonly renewTime: string;
	readonly silentMs: number;
}

export interface GracePeriods {
	/** For a node that posts its status. */
	readonly monitorMs: number;
	/** For a node that never has. */
	readonly startupMs: number;
}

const NEVER_UPDATED = 'NodeStatusNeverUpdated';
const heartbeatConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
const taintKeys = { False: 'node.kubernetes.io/not-ready', Unknown: 'node.kubernetes.io/unreachable' } as const;

/** Empty for a condition that was written here and not by the node. */
function statusHeartbeatOf(node: Node): string {
	const ready = readyCondition(node);
	const isWrittenHere = ready?.status === 'Unknown' && ready.reason === NEVER_UPDATED;
	return ready === undefined || isWrittenHere ? '' : (ready.lastHeartbeatTime ?? '');
}

/**
 * Look at a node once more.
 *
 * @param previous  undefined for a node that is seen for the first time
 * @param passedMs  since the look before
 * @source  pkg/controller/nodelifecycle tryUpdateNodeHealth
 * @differs any other renewTime is a heartbeat, where upstream wants a later one: a node whose clock was set back is
 *   alive
 */
export function observe(
	previous: Observation | undefined,
	node: Node,
	lease: Lease | undefined,
	passedMs: number,
): Observation {
	const seen = {
		uid: node.metadata.uid ?? '',
		statusHeartbeat: statusHeartbeatOf(node),
		renewTime: lease?.spec?.renewTime ?? '',
	};
	const isSame =
		previous?.uid === seen.uid &&
		previous.statusHeartbeat === seen.statusHeartbeat &&
		previous.renewTime === seen.renewTime;
	return { ...seen, silentMs: isSame ? previous.silentMs + passedMs : 0 };
}

/**
 * True if the node was silent for longer than its grace period; a later read of the node may have a newer heartbeat.
 */
export function isSilent(node: Node, observation: Observation, grace: GracePeriods): boolean {
	if (observation.uid !== node.metadata.uid || observation.statusHeartbeat !== statusHeartbeatOf(node)) return false;
	return observation.silentMs > graceMs(node, grace);
}

export const graceMs = (node: Node, { monitorMs, startupMs }: GracePeriods): number =>
	readyCondition(node) === undefined ? startupMs : monitorMs;

/**
 * The node with its conditions Unknown, because there is no current information.
 *
 * @param now  milliseconds since the epoch
 * @returns undefined if Ready is Unknown already
 */
export function statusAfterSilence(node: Node, now: number): Node | undefined {
	if (readyCondition(node)?.status === 'Unknown') return undefined;
	const known = node.status?.conditions ?? [];
	const lastTransitionTime = rfc3339(now);
	const stopped = {
		status: 'Unknown',
		reason: 'NodeStatusUnknown',
		message: 'Kubelet stopped posting node status.',
		lastTransitionTime,
	};
	const never = {
		status: 'Unknown',
		reason: NEVER_UPDATED,
		message: 'Kubelet never posted node status.',
		lastTransitionTime,
	};
	const lastHeartbeatTime = node.metadata.creationTimestamp ?? lastTransitionTime;
	const missing = heartbeatConditions.filter((type) => !known.some((condition) => condition.type === type));
	const conditions = [
		...known.map((condition) =>
			heartbeatConditions.includes(condition.type) && condition.status !== 'Unknown'
				? { ...condition, ...stopped }
				: condition,
		),
		...missing.map((type) => ({ type, lastHeartbeatTime, ...never })),
	];
	return { ...node, status: { ...node.status, conditions } };
}

/**
 * The taints that a node should have for its Ready condition, among the others that it has.
 *
 * @param now  milliseconds since the epoch
 * @returns undefined when it has them, or has no Ready condition
 * @differs upstream also taints for pressure and for unschedulable
 */
export function taintsFor(node: Node, now: number): Taint[] | undefined {
	const ready = readyCondition(node);
	if (ready === undefined) return undefined;
	const key = ready.status === 'True' ? undefined : ready.status === 'False' ? taintKeys.False : taintKeys.Unknown;
	const ours: readonly string[] = Object.values(taintKeys);
	const present = node.spec?.taints ?? [];
	const kept = present.filter(
		(taint) => !ours.includes(taint.key) || (taint.key === key && ['NoSchedule', 'NoExecute'].includes(taint.effect)),
	);
	const missing =
		key === undefined
			? []
			: ['NoSchedule', 'NoExecute'].filter(
					(effect) => !kept.some((taint) => taint.key === key && taint.effect === effect),
				);
	if (kept.length === present.length && missing.length === 0) return undefined;
	return [...kept, ...missing.map((effect) => ({ key: key ?? '', effect, timeAdded: rfc3339(now) }))];
}
