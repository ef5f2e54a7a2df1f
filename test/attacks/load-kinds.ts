/** The attackers that run beside honest joins in load.ts. The result counts only if each reaches its amount. */
import type { LimitName } from '../../lib/limits.ts';

export type LoadKind = 'idle' | 'dribble' | 'resets' | 'unfinished' | 'tokens' | 'traces';

/** Since the start of the attackers. */
export interface LoadReport {
	readonly count: number;
	/** Answers that name the refusal. */
	readonly refused: number;
	/** Connections that the server has not closed. */
	readonly open: number;
}
export type LoadReports = Readonly<Record<LoadKind, LoadReport>>;

/** The first message to the process of the attackers, which has no secret in its arguments. */
export interface LoadOrder {
	readonly kinds: readonly LoadKind[];
	readonly port: number;
	readonly tracesPort: number;
	readonly tracesKey: string;
	/** Leaves the processor time to the mesh and the nodes. */
	readonly isYielding: boolean;
}

export interface LoadAttack {
	readonly title: string;
	/** In the unit that `of` names. */
	readonly amount: number;
	readonly of: 'done per second' | 'opened in all' | 'open' | 'refused per second';
	readonly service: 'apiserver-sim' | 'observer';
	/** The service must count refusals under one of them. */
	readonly limits: readonly LimitName[];
	/** The metric that counts the refusals, with one label, where the attacker cannot read the answers. */
	readonly metric?: readonly [name: string, label: string];
}

export const loadAttacks: Readonly<Record<LoadKind, LoadAttack>> = {
	idle: {
		title: 'idle connections, TCP and TLS, at most 100 a second opened again',
		amount: 5_000,
		of: 'opened in all',
		service: 'apiserver-sim',
		limits: ['firstRequestTime', 'tlsHandshakeTime', 'connectionsPerAddress'],
	},
	dribble: {
		title: 'requests over HTTP/1.1, one byte every 100 ms',
		amount: 300,
		of: 'open',
		service: 'apiserver-sim',
		limits: ['httpHeaderTime'],
	},
	resets: {
		title: 'HTTP/2 streams opened and reset',
		amount: 1_000,
		of: 'done per second',
		service: 'apiserver-sim',
		limits: ['streamResets'],
	},
	unfinished: {
		title: 'gRPC calls without a message',
		amount: 200,
		of: 'done per second',
		service: 'apiserver-sim',
		limits: ['unfinishedStreams', 'streamRequestTime'],
	},
	tokens: {
		title: 'calls with a wrong token',
		amount: 200,
		of: 'refused per second',
		service: 'apiserver-sim',
		limits: [],
		metric: ['apiserver_request_total', 'code="401"'],
	},
	traces: {
		title: 'requests with spans that find the intake full (429)',
		amount: 1,
		of: 'refused per second',
		service: 'observer',
		limits: ['tracesRequestsInFlight', 'tracesBytesInFlight', 'tracesRequestsPerSecond'],
	},
};

export const loadKinds = Object.keys(loadAttacks) as LoadKind[];
