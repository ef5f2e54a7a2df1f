/**
 * What the observer tells the page and the terminal: joins, their steps, and the cluster, as JSON. Types only; nothing here is secret, and nothing
 * that is secret has a field.
 *
 * | request                            | answer                                                                                         |
 * | ---------------------------------- | ---------------------------------------------------------------------------------------------- |
 * | `GET /api/stream`                  | events `session`, `experiments`, `experiment`, `join`, `storm`, `cluster`: what is known, then every change |
 * | `GET /api/stream?steps=all`        | these and `step` of every join                                                                 |
 * | `GET /api/joins/ID/stream`         | events `join` and `step` of one join                                                           |
 * | `GET /api/joins/ID/steps/STEP`     | `StepDetail`                                                                                   |
 * | `POST /api/actions/ACTION`         | `ActionResult`; needs the header `X-Kubejoin-Session` with `Session.key`, and JSON             |
 *
 * Streams are server-sent events, one JSON object each. An event replaces what was said of the same `id` before. Failures are `Refusal`, with an HTTP status.
 */

import type { SectionKind } from './field-keys.ts';

/** Where a step happens: a node's name, or a service's. */
export type Lane = string;

/** `unverified`: encrypted for nobody knows whom. `one-way`: the server proved itself. `mutual`: each did. */
export type Tls = 'unverified' | 'one-way' | 'mutual';

export interface Failure {
	/** As in docs/errors.md. */
	readonly code: string;
	readonly sentence: string;
	/** What it most likely comes from; absent where the facts say too little. */
	readonly mostLikely?: string;
	/** What else it may come from; absent where there is nothing. */
	readonly alsoPossible?: readonly string[];
	readonly remedy: string;
}

/** One join of one node: one trace. */
export interface Join {
	/** The trace's id, 32 hex digits. */
	readonly id: string;
	readonly node: string;
	/** Milliseconds since 1970. */
	readonly startedMs: number;
	/** So far, or in all. */
	readonly durationMs: number;
	readonly state: 'joining' | 'joined' | 'refused';
	/** The phase that ended last, and the one that is under way; empty where there is none. */
	readonly phase: string;
	readonly nextPhase: string;
	/** Of a join that was refused. */
	readonly failure?: Failure;
	readonly steps: number;
	/** Its steps are kept no longer: only this line is left. */
	readonly isForgotten: boolean;
}

/** What can be drawn: a message between two lanes, or a mark on one. */
export interface Step {
	readonly id: string;
	readonly join: string;
	/**
	 * `message`: `from` asks `to`, which answers. `seen`: `to` learns from `from` by a watch. `check`: a phase of the join, on its lane `from`.
	 * `store`: `from` reads or writes what it keeps.
	 */
	readonly kind: 'message' | 'seen' | 'check' | 'store';
	/** The phase during which it happened, also for what happens at other services; empty while that is not known. */
	readonly phase: string;
	readonly from: Lane;
	/** Equal to `from` for marks. */
	readonly to: Lane;
	/** `get configmaps kube-public/cluster-info`, `discovery/pin-ca`, `tokens get`. */
	readonly label: string;
	/** Of a message. */
	readonly tls?: Tls;
	/** Since the join began. */
	readonly startMs: number;
	readonly durationMs: number;
	/** Where it is shown: a check when it is complete, every other step when it begins. `order.ts` sorts the steps. */
	readonly atMs: number;
	/** Position of the phase in the join; absent while the phase is unknown. */
	readonly phaseIndex?: number;
	/** Number of spans that led to it, from that of the phase. */
	readonly depth: number;
	/** Microseconds of the monotonic clock of the program that is `from`: orders the steps of one program. */
	readonly sequence?: number;
	/** Which side trusts the other after this check; absent when the check failed. */
	readonly trust?: string;
	/** The two moments that a join is about. */
	readonly moment?: 'node-trusts-cluster' | 'cluster-trusts-node';
	/** Of a message at the API server: who asked, and what was decided. */
	readonly user?: string;
	readonly decision?: 'allowed' | 'refused';
	/** Of the two messages on the wire, without headers. */
	readonly sentBytes?: number;
	readonly receivedBytes?: number;
	readonly failure?: Failure;
	/** Code of an error that the caller counts as a normal answer: `API_NOT_FOUND` when it asks whether an object exists. */
	readonly expectedError?: string;
}

/** What a click on a step shows. The words are the page's: here are only keys and values. */
export interface StepDetail {
	readonly step: Step;
	readonly sections: readonly DetailSection[];
}
export interface DetailSection {
	/** There can be several of a kind, for example the certificates of a chain. */
	readonly kind: SectionKind;
	/** For example the subject of a certificate; empty when the kind says it all. */
	readonly title: string;
	/** In the order of reading. `key` is a `FieldKey`; in the section `attributes`, the name of the attribute. */
	readonly fields: readonly { readonly key: string; readonly value: string }[];
	/** PEM, YAML or JSON, as it was sent. */
	readonly text?: string;
	/** DER or what was signed, base64. */
	readonly bytes?: string;
}

/** Counted over every join that was seen, sampled as the mesh was told to. */
export interface Storm {
	readonly joined: number;
	readonly refused: number;
	readonly joining: number;
	/** In the last ten seconds. */
	readonly perSecond: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	/** In the order of the join; `bucketsMs` are upper bounds, the last count is of what took longer. */
	readonly phases: readonly {
		readonly phase: string;
		readonly p50Ms: number;
		readonly p99Ms: number;
		readonly counts: readonly number[];
	}[];
	readonly bucketsMs: readonly number[];
	/** Most frequent first. */
	readonly failures: readonly { readonly code: string; readonly count: number }[];
}

/** The cluster as its admin sees it. Times in milliseconds since 1970; 0: unknown. */
export interface Cluster {
	readonly atMs: number;
	/** Set when the API server could not be asked; what follows is then as it was. */
	readonly problem?: string;
	readonly nodes: readonly {
		readonly name: string;
		/** As kubectl prints it; `Unknown` only without a Ready condition. */
		readonly status: 'Ready' | 'NotReady' | 'Unknown';
		/** Of the Ready condition, where the node is not Ready: `KubeletNotReady`, `NodeStatusUnknown`. */
		readonly reason?: string;
		readonly heartbeatMs: number;
		/** Of the newest certificate that was signed for it; absent when none is known. The kubelet renews between the two rotation times. */
		readonly certificate?: {
			readonly notBeforeMs: number;
			readonly rotateFromMs: number;
			readonly rotateToMs: number;
			readonly notAfterMs: number;
		};
	}[];
	readonly tokens: readonly {
		readonly id: string;
		readonly expiresMs: number;
		readonly usages: readonly string[];
		readonly description: string;
	}[];
	readonly requests: readonly {
		readonly name: string;
		readonly requester: string;
		readonly signer: string;
		readonly createdMs: number;
		readonly condition: 'Pending' | 'Approved' | 'Approved,Issued' | 'Denied' | 'Failed';
	}[];
	readonly services: readonly {
		readonly name: string;
		readonly health: 'ok' | 'failing' | 'away';
		readonly problem?: string;
	}[];
}

/** Each kind's verdict that an experiment expects. */
export type Expected = Readonly<Record<'security' | 'availability', 'held' | 'violated' | 'unknown'>>;

/** The experiments of the directory, and whether this page may run them. Absent from the stream where none are offered. */
export interface Experiments {
	/** `not-allowed`: this page may look and not act. `no-runner`: nobody runs them for the observer; a command in a terminal does. */
	readonly offer: 'run' | 'not-allowed' | 'no-runner';
	/** By id. */
	readonly list: readonly Experiment[];
}
export interface Experiment {
	/** Of its file, without the ending. */
	readonly name: string;
	/** `X02` */
	readonly id: string;
	readonly tier: string;
	readonly title: string;
	/** What goes wrong. */
	readonly description: string;
	readonly lesson: string;
	readonly expected: Expected;
}

/** The last run of an experiment; one that is told again replaces what was told of the same `experiment`. */
export interface ExperimentRun {
	readonly experiment: string;
	/** `stopping`: it was interrupted, and puts right what it changed. */
	readonly state: 'running' | 'stopping' | 'ended';
	readonly startedMs: number;
	/** So far, or in all. */
	readonly durationMs: number;
	/** In the order in which they began. */
	readonly activities: readonly ExperimentActivity[];
	readonly expected: Expected;
	/** What follows is known when it has ended. */
	readonly outcome?: 'completed' | 'failed' | 'aborted' | 'interrupted';
	readonly verdicts?: Readonly<Record<'security' | 'availability', 'held' | 'violated' | 'unknown'>>;
	/** It went as predicted. */
	readonly passed?: boolean;
	/** Why it did not pass. */
	readonly problems: readonly string[];
	/** Path of the report, where the experiment was run. */
	readonly report?: string;
}
export interface ExperimentActivity {
	/** `before` and `after`: the steady state, read before and after the method. */
	readonly part: 'configuration' | 'before' | 'method' | 'after' | 'rollbacks';
	/** From 0, in its part. */
	readonly index: number;
	readonly type: 'probe' | 'action';
	readonly name: string;
	readonly startedMs: number;
	/** `well` and `badly` when it has ended: the runner says what counts as which. */
	readonly state: 'running' | 'well' | 'badly';
	readonly durationMs: number;
	readonly problem?: string;
}

export interface Session {
	/** For `X-Kubejoin-Session`. Not readable from another site. */
	readonly key: string;
	/** The actions that this page may ask for; empty unless the observer was told that it may act. */
	readonly actions: readonly Action['name'][];
	readonly version: string;
}

/** The body of `POST /api/actions/NAME` is the rest of it. */
export type Action =
	| { readonly name: 'join' }
	| { readonly name: 'join-with-wrong-pin' }
	| { readonly name: 'approve'; readonly request: string }
	| { readonly name: 'deny'; readonly request: string }
	| { readonly name: 'run-experiment'; readonly experiment: string }
	| { readonly name: 'stop-experiment' };
export interface ActionResult {
	/** What was done, a name: of a node, of a request, or of an experiment. */
	readonly done: string;
}
export type Refusal = Failure;
