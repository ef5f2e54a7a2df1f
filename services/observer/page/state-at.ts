/**
 * The state of a join at a time, from its steps: the map, the dock and the replay show this one.
 */
import type { Failure, Join, Lane, Step, Tls } from '../api.ts';
import { inOrder } from '../order.ts';

const bootstrap = [
	'tls-bootstrap/read-config',
	'tls-bootstrap/check-node-name',
	'tls-bootstrap/create-key',
	'tls-bootstrap/request-certificate',
	'tls-bootstrap/verify-certificate',
	'register',
] as const;
const copied = ['preflight', 'discovery/fetch-cluster-info', 'discovery/verify-signature'] as const;

/** The phases of each way to discover the cluster: with a pin, without one, and by a discovery file. */
export const phaseNames = [...copied, 'discovery/pin-ca', 'discovery/confirm', ...bootstrap] as const;
export const phasesWithoutPin = [...copied, 'discovery/trust-without-pin', ...bootstrap] as const;
export const phasesByFile = ['preflight', 'discovery/read-file', 'discovery/verify-server', ...bootstrap] as const;
export type PhaseName = (typeof phaseNames | typeof phasesWithoutPin | typeof phasesByFile)[number];

export interface PhaseState {
	readonly phase: PhaseName;
	readonly state: 'done' | 'active' | 'refused' | 'waiting';
	/** When it was complete, in milliseconds since the join began. */
	readonly atMs?: number;
}

export interface JoinState {
	readonly phases: readonly PhaseState[];
	/**
	 * `unpinned`: the node accepts every server whose operator knows the token. `unknown`: the node sends no traces, as
	 * that of the real kubeadm; the services see its requests and not its checks.
	 */
	readonly nodeTrusts: 'nothing' | 'ca' | 'cluster' | 'unpinned' | 'refused' | 'unknown';
	readonly clusterTrusts: 'nothing' | 'credential' | 'node';
	/** The user of the bootstrap token; absent if the node authenticates with a certificate of its discovery file. */
	readonly tokenUser?: string;
	/** The connection of the node's last message. */
	readonly line?: { readonly tls?: Tls; readonly peer: Lane; readonly failed: boolean };
	/** The last step that began. */
	readonly current?: Step;
	readonly failure?: Failure;
	readonly state: Join['state'];
}

/** @param t  milliseconds since the join began; undefined: the last known state */
export function stateAt(join: Join, steps: Iterable<Step>, t?: number): JoinState {
	const isWhole = t === undefined || t >= join.durationMs;
	const begun = inOrder(steps).filter(({ kind, atMs }) => kind !== 'store' && (isWhole || atMs <= t));
	const failure = isWhole ? join.failure : begun.find((step) => step.kind === 'check' && step.failure)?.failure;
	const state = isWhole ? join.state : failure === undefined ? 'joining' : 'refused';
	const checks = new Map(begun.filter(({ kind }) => kind === 'check').map((step) => [step.label, step]));
	const line = begun.findLast(({ kind, from }) => kind === 'message' && from === join.node);
	const tokenUser = begun.find(({ user = '' }) => user.startsWith('system:bootstrap:'))?.user;
	const current = begun.at(-1);
	return {
		phases: phasesAt(checks, state),
		nodeTrusts: nodeTrust(checks, state),
		clusterTrusts: begun.some(({ moment }) => moment === 'cluster-trusts-node')
			? 'node'
			: hasPassed(checks, 'tls-bootstrap/read-config') || hasPassed(checks, 'tls-bootstrap/check-node-name')
				? 'credential'
				: 'nothing',
		...(tokenUser === undefined ? {} : { tokenUser }),
		...(line === undefined
			? {}
			: {
					line: {
						...(line.tls === undefined ? {} : { tls: line.tls }),
						peer: line.to,
						failed: line.failure !== undefined,
					},
				}),
		...(current === undefined ? {} : { current }),
		...(failure === undefined ? {} : { failure }),
		state,
	};
}

type Checks = ReadonlyMap<string, Step>;

const hasPassed = (checks: Checks, phase: PhaseName): boolean => {
	const check = checks.get(phase);
	return check !== undefined && check.failure === undefined;
};

function phasesAt(checks: Checks, state: Join['state']): readonly PhaseState[] {
	const names: readonly PhaseName[] = checks.has('discovery/trust-without-pin')
		? phasesWithoutPin
		: checks.has('discovery/read-file')
			? phasesByFile
			: phaseNames;
	const isUnknown = hasUnknownDiscovery(checks);
	const failed = names.findIndex((name) => checks.get(name)?.failure !== undefined);
	const lastDone = Math.max(
		names.findLastIndex((name) => hasPassed(checks, name)),
		failed - 1,
	);
	return names.map((phase, index) => {
		const at = checks.get(phase)?.atMs;
		const time = at === undefined ? {} : { atMs: at };
		if (isUnknown && time.atMs === undefined && (index <= lastDone || state === 'joined'))
			return { phase, state: 'waiting' };
		// The spans of an earlier phase can arrive after those of a later one.
		if (index <= lastDone || state === 'joined') return { phase, state: 'done', ...time };
		if (index > lastDone + 1) return { phase, state: 'waiting' };
		return { phase, state: state === 'refused' ? 'refused' : 'active', ...time };
	});
}

/** The node sent its token, which follows discovery, and reported no check before that. */
const hasUnknownDiscovery = (checks: Checks): boolean =>
	(checks.has('tls-bootstrap/read-config') || checks.has('tls-bootstrap/request-certificate')) &&
	![...checks.keys()].some((name) => name === 'preflight' || name.startsWith('discovery/'));

function nodeTrust(checks: Checks, state: Join['state']): JoinState['nodeTrusts'] {
	if (hasUnknownDiscovery(checks)) return 'unknown';
	if (hasPassed(checks, 'discovery/trust-without-pin')) return 'unpinned';
	if (hasPassed(checks, 'discovery/confirm') || hasPassed(checks, 'discovery/verify-server')) return 'cluster';
	if (state === 'refused') return 'refused';
	return hasPassed(checks, 'discovery/pin-ca') || hasPassed(checks, 'discovery/read-file') ? 'ca' : 'nothing';
}
