/**
 * The JSON that the observer sends to the page and to `kubejoin watch`: joins, their steps, and the cluster. Types
 * only. No field can hold a secret.
 *
 * `GET /api/stream`: the events `session`, `experiments`, `experiment`, `history`, `join`, `traffic`, `storm` and
 * `cluster`: first the present state, then every change. The event `cluster` has the rows that changed, and
 * `experiment` the last run. With `?steps=all` also `step`, of every join; with `?since=MS` not the joins that ended
 * before that Unix time. With `?batch=true`, here and below, all events of 100 ms are one event, `batch`: a list of
 * pairs of an event and its data.
 * `GET /api/joins/ID/stream`: the events `join` and `step` of one join.
 * `GET /api/joins/ID/steps/STEP`: `StepDetail`.
 * `GET /api/certificates`: `Certificates`. `GET /api/certificates/SERIAL`: `CertificateDetail`.
 * `GET /api/experiments/NAME/runs/STARTED_MS`: `ExperimentRun`.
 * `POST /api/actions/ACTION`: `ActionResult`. Needs JSON, and `Session.key` in the header `X-Kubejoin-Session`.
 *
 * Streams are server-sent events with one JSON object each. An event replaces an earlier one with the same `id`. A
 * failure is a `Refusal` with an HTTP status.
 */
import type { CheckKey, FieldKey, PartKey, SectionKind } from './field-keys.ts';

/** The name of the node or the service that takes a step. */
export type Lane = string;

/** `none`: not encrypted. `one-way`: the client verified the server. `mutual`: each verified the other. */
export type Tls = 'none' | 'unverified' | 'one-way' | 'mutual';

export interface Failure {
	/** The code of a row of docs/errors.md. */
	readonly code: string;
	readonly sentence: string;
	/** Absent if the details do not point to one cause. */
	readonly mostLikely?: string;
	readonly alsoPossible?: readonly string[];
	readonly remedy: string;
}

/** One join of one node, which is one trace. */
export interface Join {
	/** ID of the trace, 32 hexadecimal digits. */
	readonly id: string;
	readonly node: string;
	/** Milliseconds of Unix time. */
	readonly startedMs: number;
	/** Grows until the join has ended. */
	readonly durationMs: number;
	readonly state: 'joining' | 'joined' | 'refused';
	/** The last phase that ended; empty if none has. */
	readonly phase: string;
	/** The phase in progress; empty if there is none. */
	readonly nextPhase: string;
	readonly failure?: Failure;
	/** The protection of the node's last message, and the program that it was sent to. */
	readonly tls?: Tls;
	readonly peer?: Lane;
	/** Bytes of tokens in the messages of the node. Absent: no message says how many. */
	readonly tokenBytes?: number;
	readonly steps: number;
	/**
	 * The API server reported the join, because the node sends no trace: discovery and checks of the node are missing.
	 */
	readonly seenBy?: 'apiserver-sim';
	/** The programs that were unavailable during the join, by the beginning of the outage. Absent: none. */
	readonly outages?: readonly JoinOutage[];
	/** The connections that services refused during the join, of any client. Absent: none. */
	readonly refusedConnections?: readonly RefusedConnection[];
	/** The observer keeps this line and no longer has the steps. */
	readonly isForgotten: boolean;
}

export interface JoinOutage {
	/** `*`: every party. */
	readonly party: Lane;
	/**
	 * As a probe of the health found it: `stopped` (connection refused), `silent` (no answer in time), `unreachable`. As
	 * an experiment caused it: `killed`, `paused`, `cut`, `skewed` (a wrong clock).
	 */
	readonly why: 'stopped' | 'silent' | 'unreachable' | 'killed' | 'paused' | 'cut' | 'skewed';
	/** Since the join began: when the probe was sent that found it, or when the experiment began to cause it. */
	readonly startMs: number;
	/** Absent: it lasted longer than the join. */
	readonly endMs?: number;
	/** The experiment that caused it. */
	readonly experiment?: string;
}

/** As the service reported it that refused the handshake or the certificate of the client. `atMs` is a Unix time. */
export interface RefusedConnection {
	readonly id: string;
	readonly party: Lane;
	/** `127.0.0.1:43210`: who it is, is not known. */
	readonly peer: string;
	/** In the words of the service: `no client certificate`. */
	readonly reason: string;
	readonly atMs: number;
}

/** A message between two lanes, or a mark on one lane. */
export interface Step {
	readonly id: string;
	readonly join: string;
	/**
	 * `message`: `from` sends a request to `to`, which answers. `seen`: `to` sees a change at `from` by watch.
	 * `check`: a phase of the join. `store`: `from` reads or writes its store.
	 */
	readonly kind: 'message' | 'seen' | 'check' | 'store';
	/** The phase that caused it, also at other services; empty while unknown. */
	readonly phase: string;
	readonly from: Lane;
	readonly to: Lane;
	/** `get configmaps kube-public/cluster-info`, `discovery/pin-ca`, `tokens get`. */
	readonly label: string;
	readonly tls?: Tls;
	readonly negotiated?: Negotiated;
	/** Of a store operation: `lmdb` or `redis`. */
	readonly store?: string;
	/** Milliseconds since the join began. */
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
	/** Set on the checks that complete one of the two moments of trust. */
	readonly moment?: 'node-trusts-cluster' | 'cluster-trusts-node';
	/** Of a message to the API server: the user, and the decision of the authorizer. */
	readonly user?: string;
	readonly decision?: 'allowed' | 'refused';
	/** Sizes of request and answer without headers. */
	readonly sentBytes?: number;
	readonly receivedBytes?: number;
	readonly failure?: Failure;
	/**
	 * Code of an error that the caller counts as a normal answer: `API_NOT_FOUND` when it asks whether an object
	 * exists.
	 */
	readonly expectedError?: string;
}

/** A connection as the socket of its caller reports it. */
export interface Negotiated {
	/** `TLS 1.3`, `TLS_AES_256_GCM_SHA384`, `x25519`, `h2`: as far as they are known. */
	readonly parameters: readonly string[];
	/** The lifetime of the certificate that each side presented. */
	readonly server?: Lifetime;
	readonly client?: Lifetime;
}
export interface Lifetime {
	/** Milliseconds of Unix time. */
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
}

/** The calls of one program to another, of all joins. */
export interface Line {
	/** `kubelet-sim`: all nodes. */
	readonly from: Lane;
	/** A program, or the name of a store. */
	readonly to: Lane;
	readonly tls?: Tls;
	/** Of the last call that reports it. */
	readonly negotiated?: Negotiated;
	/** The last message whose connection is known. */
	readonly last?: Pick<Message, 'id' | 'join'>;
	readonly calls: number;
	readonly refused: number;
	readonly perMinute: number;
}

/** A message that ended a moment ago. */
export interface Message {
	readonly id: string;
	readonly join: string;
	readonly from: Lane;
	readonly to: Lane;
	readonly tls?: Tls;
	readonly label: string;
	/** Milliseconds of Unix time. */
	readonly startMs: number;
	readonly durationMs: number;
	readonly failed?: string;
}

/** `messages` has at most 24; `lines` counts all. */
export interface Traffic {
	readonly lines: readonly Line[];
	readonly messages: readonly Message[];
	/** The last ones, newest last. */
	readonly refusedConnections: readonly RefusedConnection[];
}

/** The details of a step. The page has a text for each key. */
export interface StepDetail {
	readonly step: Step;
	readonly sections: readonly DetailSection[];
	/** Of a message whose ends reported it. */
	readonly connection?: Connection;
}

/** A TLS connection, as each end reported it from its own socket. */
export interface Connection {
	readonly client?: ConnectionEnd;
	readonly server?: ConnectionEnd;
	/** The ends report different certificates of the server: a third program is between them. */
	readonly isIntercepted: boolean;
}
export interface ConnectionEnd {
	/** False if the handshake failed. */
	readonly isEstablished: boolean;
	/** `1.3` */
	readonly version?: string;
	readonly cipher?: string;
	readonly curve?: string;
	readonly alpn?: string;
	readonly sni?: string;
	readonly isResumed?: boolean;
	readonly server?: EndCertificate;
	readonly client?: EndCertificate;
	/** Subject of the CA; this and the following are absent if this end did not verify the other. */
	readonly verifiedBy?: string;
	readonly verifiedName?: string;
	readonly verifiedUsage?: string;
	readonly error?: string;
}
export interface EndCertificate {
	readonly subject: string;
	readonly issuer: string;
	readonly serial: string;
	readonly notBefore: string;
	readonly notAfter: string;
	readonly sha256: string;
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
	readonly bytes?: string;
	/** The bytes taken apart, in order: each byte belongs to one part. */
	readonly parts?: readonly BytePart[];
	/** True if the bytes are ASCII text. */
	readonly isText?: boolean;
	/** In the order in which a program makes them. */
	readonly checks?: readonly Check[];
	readonly lifetime?: Lifetime;
	/** Of a request: each requested value beside that of the issued certificate. */
	readonly comparison?: readonly { readonly key: FieldKey; readonly asked: string; readonly issued: string }[];
}
export interface BytePart {
	readonly name: PartKey;
	readonly offset: number;
	readonly length: number;
	/** Absent where the bytes have no shorter form. */
	readonly value?: string;
}
export interface Check {
	readonly key: CheckKey;
	/** `not-made`: an earlier check failed, or this request needs none. */
	readonly result: 'passed' | 'failed' | 'not-made';
	readonly value?: string;
}

/** Counts of the joins whose traces arrived; the trace sampler can leave joins out. */
export interface Storm {
	readonly joined: number;
	readonly refused: number;
	readonly joining: number;
	/** Average of the last ten seconds. */
	readonly perSecond: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	/** In the order of the join. `bucketsMs` are upper bounds; the last count is above all of them. */
	readonly phases: readonly {
		readonly phase: string;
		readonly p50Ms: number;
		readonly p99Ms: number;
		readonly counts: readonly number[];
	}[];
	readonly bucketsMs: readonly number[];
	/** Sorted by count, highest first. */
	readonly failures: readonly { readonly code: string; readonly count: number }[];
}

/** The cluster as its admin sees it. Times are Unix times; 0: unknown. */
export interface Cluster {
	readonly atMs: number;
	/** Set when the API server does not answer; the other fields then have their last values. */
	readonly problem?: string;
	readonly nodes: readonly {
		readonly name: string;
		/** As kubectl prints it; `Unknown` only without a Ready condition. */
		readonly status: 'Ready' | 'NotReady' | 'Unknown';
		/** Of the Ready condition, where the node is not Ready: `KubeletNotReady`, `NodeStatusUnknown`. */
		readonly reason?: string;
		readonly heartbeatMs: number;
		/** The newest certificate issued for the node. The kubelet renews it between the two rotation times. */
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
		/** The node that the request is for; absent where its subject is no node. */
		readonly node?: string;
		readonly requester: string;
		readonly signer: string;
		readonly createdMs: number;
		readonly condition: 'Pending' | 'Approved' | 'Approved,Issued' | 'Denied' | 'Failed';
	}[];
	/** Of the namespace kube-node-lease. */
	readonly leases: readonly {
		readonly name: string;
		readonly holder: string;
		readonly createdMs: number;
		readonly renewedMs: number;
	}[];
	/** Newest first; the API server keeps an event for an hour. */
	readonly events: readonly {
		readonly id: string;
		readonly lastSeenMs: number;
		readonly type: string;
		readonly reason: string;
		/** `node/node-1` */
		readonly object: string;
		readonly message: string;
		readonly count: number;
	}[];
	readonly services: readonly {
		readonly name: string;
		readonly health: 'ok' | 'failing' | 'away';
		readonly problem?: string;
		/**
		 * Of an unavailable service: no program listens, it accepts and does not answer, or its host is not reachable.
		 */
		readonly why?: 'stopped' | 'silent' | 'unreachable';
		/** The clock of the service minus that of the observer, in whole seconds. */
		readonly clockOffsetMs?: number;
	}[];
}

/** The kinds of which a cluster can have thousands. */
export type ClusterKind = 'nodes' | 'requests' | 'leases';
export interface RowChanges<Row> {
	readonly set: readonly Row[];
	readonly removedNames: readonly string[];
}
/** A stream begins with everything, in several events; a part that did not change since is absent. */
export interface ClusterChange
	extends Pick<Cluster, 'atMs' | 'problem'>,
		Partial<Pick<Cluster, 'tokens' | 'events' | 'services'>> {
	readonly rows: { readonly [Kind in ClusterKind]?: RowChanges<Cluster[Kind][number]> };
}

/** The certificates that the mesh uses: of its files, and the newest that was issued for each node. No key. */
export interface Certificates {
	readonly list: readonly KnownCertificate[];
	/** The list of the files is not readable. */
	readonly problem?: string;
}
export type KnownCertificate =
	| { readonly file: string; readonly problem: 'unreadable' }
	| {
			/** Below the directory of the PKI; a kubeconfig contains its certificate. Absent: issued by a request. */
			readonly file?: string;
			/** Of the request by which it was issued. */
			readonly signer?: string;
			/** Lower-case hexadecimal digits. */
			readonly serial: string;
			readonly organizations: readonly string[];
			readonly commonName: string;
			/** The common name of the CA. */
			readonly issuer: string;
			/** `RSA 2048`, `P-256` */
			readonly key: string;
			/** Number of subject alternative names. */
			readonly names: number;
			readonly notBeforeMs: number;
			readonly notAfterMs: number;
	  };
export interface CertificateDetail {
	readonly sections: readonly DetailSection[];
}

/** Each kind's verdict that an experiment expects. */
export type Expected = Readonly<Record<'security' | 'availability', 'held' | 'violated' | 'unknown'>>;

/** The experiments of the directory. Absent from the stream if the observer has no runner. */
export interface Experiments {
	/** `not-allowed`: the page is read-only. `no-runner`: the runner of the experiments is not available. */
	readonly offer: 'run' | 'not-allowed' | 'no-runner';
	readonly list: readonly Experiment[];
}
export interface Experiment {
	/** Name of its file without the extension. */
	readonly name: string;
	/** `X02` */
	readonly id: string;
	readonly tier: string;
	readonly title: string;
	readonly description: string;
	readonly lesson: string;
	readonly expected: Expected;
	readonly group: ExperimentGroup;
	/** Number of its activities. */
	readonly steps: number;
	/** The steps of its method that change a party of the map, in order. */
	readonly faults: readonly FaultStep[];
}
export type ExperimentGroup = 'start' | 'token' | 'pin' | 'outage' | 'clock' | 'rights' | 'rotation' | 'other';
export interface FaultStep {
	readonly step: string;
	/** A service or a node; `*`: every party. */
	readonly party: Lane;
	/** `restored`: it ends the faults of the party. */
	readonly fault: 'killed' | 'paused' | 'cut' | 'skewed' | 'changed' | 'attacked' | 'restored';
}

export interface ExperimentRun {
	readonly experiment: string;
	/** `stopping`: interrupted, and its rollback is running. */
	readonly state: 'running' | 'stopping' | 'ended';
	/** Where it was started: here, or with `npm run chaos`. */
	readonly from: 'page' | 'terminal';
	readonly startedMs: number;
	/** Grows until the run has ended. */
	readonly durationMs: number;
	readonly activities: readonly ExperimentActivity[];
	readonly expected: Expected;
	/** This and the following fields are set when the run has ended. */
	readonly outcome?: 'completed' | 'failed' | 'aborted' | 'interrupted';
	readonly verdicts?: Readonly<Record<'security' | 'availability', 'held' | 'violated' | 'unknown'>>;
	/** True if both verdicts are as predicted. */
	readonly passed?: boolean;
	/** The outputs of probes that decided the verdicts. */
	readonly evidence?: readonly Evidence[];
	readonly problems: readonly string[];
	/** Path of the report on the machine of the runner. */
	readonly report?: string;
}
export interface Evidence {
	readonly kind: 'security' | 'availability';
	readonly verdict: 'held' | 'violated';
	readonly probe: string;
	readonly text: string;
}
export type PastRun = Pick<ExperimentRun, 'startedMs' | 'durationMs' | 'from' | 'outcome' | 'verdicts'> & {
	readonly passed: boolean;
};
export interface ExperimentHistory {
	readonly experiment: string;
	readonly runs: readonly PastRun[];
	/** The median of the newest runs that passed, or else the recorded duration. */
	readonly expectedMs?: number;
}
export interface ExperimentActivity {
	/** `before` and `after`: the steady state before and after the method. */
	readonly part: 'configuration' | 'before' | 'method' | 'after' | 'rollbacks';
	/** Position in its part, from 0. */
	readonly index: number;
	readonly type: 'probe' | 'action';
	readonly name: string;
	readonly startedMs: number;
	/** `well` and `badly`: the runner decides which result is which. */
	readonly state: 'running' | 'well' | 'badly';
	readonly durationMs: number;
	/** The pattern in the output that a probe waits for. */
	readonly waitsFor?: string;
	readonly problem?: string;
}

export interface Session {
	/** Value of the header `X-Kubejoin-Session`. A page of another site cannot read it. */
	readonly key: string;
	/** Empty unless the settings of the observer allow actions. */
	readonly actions: readonly Action['name'][];
	/** Why there are no actions. */
	readonly readOnly?: ReadOnly;
	readonly version: string;
}

/**
 * `compose`: the default of docker-compose.yml. `option`: `npm start -- --no-allow-actions`. `address`: other machines
 * can reach the page. `no-kubeconfig`: the observer cannot act as the admin.
 */
export interface ReadOnly {
	readonly because: 'compose' | 'option' | 'address' | 'no-kubeconfig';
	/** The address on which the page listens. */
	readonly address: string;
}

/** The other fields are the body of `POST /api/actions/NAME`. */
export type Action =
	| { readonly name: 'join' }
	| { readonly name: 'join-with-wrong-pin' }
	| { readonly name: 'approve'; readonly request: string }
	| { readonly name: 'deny'; readonly request: string }
	| { readonly name: 'run-experiment'; readonly experiment: string }
	| { readonly name: 'stop-experiment' };
export interface ActionResult {
	/** Name of the node, the request or the experiment. */
	readonly done: string;
}
export type Refusal = Failure;
