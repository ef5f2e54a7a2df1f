/** @source pkg/printers/internalversion/printers.go printPod */
import {
	type ContainerState,
	type ContainerStatus,
	isSidecar,
	type Pod,
	type PodCondition,
	type TerminatedState,
} from '../pod.ts';
import { age, type Cell, since } from './cell.ts';

/** The containers as the status column sums them up. */
interface Summary {
	readonly reason: string;
	readonly ready: number;
	readonly restarts: number;
	/** When the last restarted container ended; empty without a restart. */
	readonly lastRestart: string;
}

const NONE = '<none>';

export function podCells(pod: Pod, nowMs: number): Cell[] {
	const { spec = {}, status = {} } = pod;
	const sidecars = restartableNames(pod);
	const { reason, ready, restarts, lastRestart } = summaryOf(pod);
	const ago = restarts > 0 && lastRestart !== '' ? ` (${since(lastRestart, nowMs)} ago)` : '';
	return [
		pod.metadata.name ?? '',
		`${ready}/${(spec.containers?.length ?? 0) + sidecars.size}`,
		reasonOf(pod, reason),
		`${restarts}${ago}`,
		age(pod, nowMs),
		status.podIPs?.[0]?.ip || NONE,
		spec.nodeName || NONE,
		status.nominatedNodeName || NONE,
		readinessGates(pod),
	];
}

const restartableNames = ({ spec }: Pod): ReadonlySet<string | undefined> =>
	new Set(spec?.initContainers?.filter(isSidecar).map(({ name }) => name));

const isTrue = (conditions: readonly PodCondition[] = [], type: string): boolean =>
	conditions.find((condition) => condition.type === type)?.status === 'True';
const later = (a: string, b: string | undefined): string =>
	b !== undefined && (a === '' || Date.parse(b) > Date.parse(a)) ? b : a;
const endOf = ({ lastState }: ContainerStatus): string | undefined => lastState?.terminated?.finishedAt;
const sum = (statuses: readonly ContainerStatus[]) => ({
	restarts: statuses.reduce((all, { restartCount = 0 }) => all + restartCount, 0),
	lastRestart: statuses.reduce((last, status) => later(last, endOf(status)), ''),
});

function summaryOf(pod: Pod): Summary {
	const { status = {}, spec } = pod;
	const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = status;
	const sidecars = restartableNames(pod);
	const isGated = conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
	const phase = isGated ? 'SchedulingGated' : status.reason || (status.phase ?? '');
	const blocked = initContainerStatuses.findIndex((container) => !isInitialized(container, sidecars));
	// The statuses after the first container that has not ended are not looked at.
	const seen = blocked === -1 ? initContainerStatuses : initContainerStatuses.slice(0, blocked + 1);
	const ready = seen.filter((container) => isRunningSidecar(container, sidecars) && container.ready).length;
	const blocking = initContainerStatuses[blocked];
	const initReason =
		blocking === undefined ? phase : initReasonOf(blocking, `${blocked}/${spec?.initContainers?.length ?? 0}`);
	if (blocking !== undefined && !isTrue(conditions, 'Initialized')) return { reason: initReason, ready, ...sum(seen) };
	const counted = [...seen.filter(({ name }) => sidecars.has(name)), ...containerStatuses.toReversed()];
	const running = containerStatuses.filter(
		({ ready: isReady, state }) => isReady && state?.running !== undefined && !isHeld(state),
	);
	return {
		reason: containersReason(containerStatuses, initReason, running.length > 0, isTrue(conditions, 'Ready')),
		ready: ready + running.length,
		...sum(counted),
	};
}

const isRunningSidecar = ({ name, started }: ContainerStatus, sidecars: ReadonlySet<string | undefined>): boolean =>
	sidecars.has(name) && started === true;
const isInitialized = (container: ContainerStatus, sidecars: ReadonlySet<string | undefined>): boolean =>
	container.state?.terminated?.exitCode === 0 || isRunningSidecar(container, sidecars);
const isHeld = ({ waiting, terminated }: ContainerState): boolean =>
	Boolean(waiting?.reason) || terminated !== undefined;

const terminatedReason = ({ reason, signal, exitCode = 0 }: TerminatedState): string =>
	reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);

function initReasonOf({ state }: ContainerStatus, progress: string): string {
	if (state?.terminated !== undefined) return `Init:${terminatedReason(state.terminated)}`;
	const waiting = state?.waiting?.reason;
	return `Init:${waiting && waiting !== 'PodInitializing' ? waiting : progress}`;
}

/** The reason of the first container that waits or has ended. */
function containersReason(
	statuses: readonly ContainerStatus[],
	before: string,
	hasRunning: boolean,
	isReady: boolean,
): string {
	let reason = before;
	let failure = '';
	for (const { state = {} } of statuses.toReversed()) {
		if (state.waiting?.reason) reason = state.waiting.reason;
		else if (state.terminated !== undefined) {
			reason = terminatedReason(state.terminated);
			if ((state.terminated.exitCode ?? 0) !== 0) failure = reason;
		}
	}
	if (reason !== 'Completed') return reason;
	if (hasRunning && isReady) return 'Running';
	if (failure !== '') return failure;
	return hasRunning ? 'NotReady' : reason;
}

function reasonOf({ metadata, status }: Pod, reason: string): string {
	if (metadata.deletionTimestamp === undefined) return reason;
	if (status?.reason === 'NodeLost') return 'Unknown';
	return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? reason : 'Terminating';
}

function readinessGates({ spec, status }: Pod): string {
	const { readinessGates: gates = [] } = spec ?? {};
	if (gates.length === 0) return NONE;
	const fulfilled = gates.filter(({ conditionType }) => isTrue(status?.conditions, conditionType));
	return `${fulfilled.length}/${gates.length}`;
}
