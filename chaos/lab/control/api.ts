/** The control API of the lab: the data that its two sides exchange. Both drivers use the same operations. */
import type { Change } from '../../../scripts/mesh/services.ts';
import type { Result } from '../result.ts';

export type { Change };

/** Addresses and files of the mesh, as nodes of the lab see them. */
export interface MeshInfo {
	/** `127.0.0.1:6443` */
	readonly endpoint: string;
	/** Path of the admin's kubeconfig. */
	readonly kubeconfig: string;
	/** Path of the certificate of the cluster CA. */
	readonly clusterCa: string;
	/** `HOST:PORT` by service. */
	readonly addresses: Readonly<Record<string, string>>;
	/** The address on which attackers listen. */
	readonly ownAddress: string;
	/** A second address, which is not in the certificate of the API server. */
	readonly unnamedAddress: string;
	/** The nodes that the mesh itself runs. Absent: every node that no experiment started. */
	readonly nodes?: readonly string[] | undefined;
}

export interface ServiceState {
	readonly name: string;
	readonly state: 'running' | 'paused' | 'stopped';
	/** 0 when it is not running. */
	readonly startedAtMs: number;
	/** It runs with settings or a clock that an experiment changed. */
	readonly isChanged: boolean;
	/** Absent when the driver does not know it. */
	readonly change?: Change;
}

/** Absent where only nodes and attackers run. */
export interface ServiceControl {
	readonly services: () => readonly ServiceState[];
	readonly kill: (service: string) => Promise<void>;
	readonly start: (service: string) => Promise<void>;
	readonly pause: (service: string) => void;
	readonly resume: (service: string) => void;
	readonly change: (service: string, change: Change) => Promise<void>;
	readonly restore: () => Promise<readonly string[]>;
	readonly observerUrl: string;
	/** The names of the nodes that the mesh itself runs. */
	readonly nodes: () => readonly string[];
	/** Directory of log files, one for each program. */
	readonly logs: string;
	/** Directory of the certificates and keys. */
	readonly pki: string;
}

/** The outcome of one join with a wrong clock. */
export interface SkewResult {
	readonly service: string;
	/** `+600s` */
	readonly offset: string;
	readonly outcome: string;
}

/** The verdicts of an experiment. */
export interface Judged {
	/** `availability: held …` */
	readonly lines: readonly string[];
	/** Each verdict that is not the expected one: `security is violated`. */
	readonly problems: readonly string[];
}

/** A text that the search for secrets reads. */
export interface Searched {
	readonly where: string;
	readonly text: string;
}

export interface NodeFiles {
	readonly count: number;
	readonly problems: readonly string[];
}

/** Operations that run where the nodes are: in this process, or in the container of the lab. */
export interface LabApi {
	/** Run a command of the lab there. */
	readonly runCommand: (args: readonly string[]) => Promise<Result>;
	/** @returns when the experiment started; 0 when none runs */
	readonly startedAtMs: () => Promise<number>;
	/** @param withinSeconds  how long to wait for heartbeats, unless the experiment says */
	readonly judgeExpectations: (withinSeconds: number) => Promise<Judged>;
	readonly recordVerdict: (line: string) => Promise<void>;
	/** @param probe  the arguments of a command that did not find its pattern */
	readonly recordMissed: (probe: string) => Promise<void>;
	readonly recordSkew: (result: SkewResult) => Promise<void>;
	readonly recordHalfJoined: (description: string) => Promise<void>;
	/** @returns the secret halves of the tokens */
	readonly tokenSecrets: () => Promise<readonly string[]>;
	/** Output, logs and command lines of the processes there. */
	readonly processTexts: () => Promise<readonly Searched[]>;
	readonly nodeFiles: () => Promise<NodeFiles>;
	/** @returns a line for each repair */
	readonly resetNodes: () => Promise<readonly string[]>;
}

export type LabOperation = keyof LabApi;

/** One call of a `LabApi` operation, as JSON. */
export interface LabCall {
	readonly operation: LabOperation;
	readonly args: readonly unknown[];
}

/** @param send  delivers the call and returns the result of the operation */
export function remoteLabApi(send: (call: LabCall) => Promise<unknown>): LabApi {
	const remote = <O extends LabOperation>(operation: O): LabApi[O] =>
		((...args: unknown[]) => send({ operation, args })) as LabApi[O];
	return {
		runCommand: remote('runCommand'),
		startedAtMs: remote('startedAtMs'),
		judgeExpectations: remote('judgeExpectations'),
		recordVerdict: remote('recordVerdict'),
		recordMissed: remote('recordMissed'),
		recordSkew: remote('recordSkew'),
		recordHalfJoined: remote('recordHalfJoined'),
		tokenSecrets: remote('tokenSecrets'),
		processTexts: remote('processTexts'),
		nodeFiles: remote('nodeFiles'),
		resetNodes: remote('resetNodes'),
	};
}

/** Run a call that `remoteLabApi` sent. */
export const answerLabCall = async (api: LabApi, { operation, args }: LabCall): Promise<unknown> =>
	(api[operation] as (...values: readonly unknown[]) => Promise<unknown>)(...args);
