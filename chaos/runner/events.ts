/**
 * The events of a run. `--progress json` prints one on each line of standard output; the text for people is made from
 * the same events. Bootstrap tokens are masked. A later version can add events and fields.
 */
import type { Expected, VerdictKind } from './plan.ts';

export type Part = 'before' | 'method' | 'after' | 'rollbacks';
export type Verdict = 'held' | 'violated' | 'unknown';
export type Verdicts = Readonly<Record<VerdictKind, Verdict>>;

/** `atMs` of every event: milliseconds since the epoch. */
export interface RunStarted {
	readonly event: 'run-started';
	readonly atMs: number;
	/** Of the runner: a reader of the events can notice that it was killed. */
	readonly pid: number;
	/** Distinguishes it from a later process with the same id; absent on machines without /proc. */
	readonly processStart?: string | undefined;
	readonly seed: number;
	/** In the order in which they run. */
	readonly experiments: readonly {
		readonly name: string;
		readonly id: string;
		readonly title: string;
		/** The last recorded duration; absent when none was recorded. */
		readonly expectedSeconds?: number;
	}[];
}
export interface ExperimentStarted {
	readonly event: 'experiment-started';
	readonly atMs: number;
	readonly experiment: string;
	readonly id: string;
	readonly title: string;
	readonly expected: Expected;
	/** Waiting times and time limits are multiplied by it; 1 on a machine that is not busy. */
	readonly pace: number;
}
export interface ActivityStarted {
	readonly event: 'activity-started';
	readonly atMs: number;
	readonly experiment: string;
	readonly part: Part;
	/** Position in the part, from 0. */
	readonly index: number;
	readonly type: 'probe' | 'action';
	readonly name: string;
	/** The pattern that a probe waits for, and for how long at most. */
	readonly waitsFor?: { readonly pattern: string; readonly seconds: number };
}
export interface ActivityEnded {
	readonly event: 'activity-ended';
	readonly atMs: number;
	readonly experiment: string;
	readonly part: Part;
	readonly index: number;
	readonly type: 'probe' | 'action';
	readonly name: string;
	readonly seconds: number;
	/** `failed`: the program did not run to its end. */
	readonly status: 'succeeded' | 'failed';
	readonly code?: number;
	/** Absent without a tolerance. */
	readonly toleranceMet?: boolean;
	/** Why the experiment cannot pass any more. */
	readonly problem?: string;
	/** With a problem: the last lines of standard output, then of standard error. */
	readonly output?: readonly string[];
}
export interface ExperimentEnded {
	readonly event: 'experiment-ended';
	readonly atMs: number;
	readonly experiment: string;
	readonly id: string;
	readonly seconds: number;
	readonly status: 'completed' | 'failed' | 'aborted' | 'interrupted';
	readonly deviated: boolean;
	readonly expected: Expected;
	readonly verdicts: Verdicts;
	readonly passed: boolean;
	readonly problems: readonly string[];
	/** The outputs of probes that decided the verdicts, in order. */
	readonly evidence: readonly {
		readonly kind: VerdictKind;
		readonly verdict: 'held' | 'violated';
		readonly probe: string;
		readonly text: string;
	}[];
}
/** The runner received SIGINT, SIGTERM or SIGHUP. */
export interface Interrupted {
	readonly event: 'interrupted';
	readonly atMs: number;
	/** False for a further signal, which has no effect. */
	readonly isFirst: boolean;
}
export interface RunEnded {
	readonly event: 'run-ended';
	readonly atMs: number;
	readonly seconds: number;
	readonly seed: number;
	readonly passed: readonly string[];
	readonly failed: readonly string[];
	/** At most one: the experiment that ran. */
	readonly interrupted: readonly string[];
	readonly notRun: readonly string[];
	readonly isInterrupted: boolean;
	/** Holds the journals and the report. */
	readonly directory: string;
	readonly report: string;
}
export type ChaosEvent =
	| RunStarted
	| ExperimentStarted
	| ActivityStarted
	| ActivityEnded
	| ExperimentEnded
	| Interrupted
	| RunEnded;
