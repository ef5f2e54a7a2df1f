/**
 * What the runner tells while it runs: `--progress json` prints one of these on each line of standard output, and the text for people is made of the same.
 * Secrets are masked. A field is never taken away or given another meaning; more may come.
 */
import type { Expected, VerdictKind } from './validate.ts';

export type Part = 'configuration' | 'before' | 'method' | 'after' | 'rollbacks';
export type Verdict = 'held' | 'violated' | 'unknown';
export type Verdicts = Readonly<Record<VerdictKind, Verdict>>;

export interface RunStarted {
	readonly event: 'run-started';
	/** Milliseconds since 1970; of every event. */
	readonly atMs: number;
	readonly seed: number;
	/** In the order in which they will run. */
	readonly experiments: readonly { readonly name: string; readonly id: string; readonly title: string }[];
}
export interface ExperimentStarted {
	readonly event: 'experiment-started';
	readonly atMs: number;
	readonly experiment: string;
	readonly id: string;
	readonly title: string;
	readonly expected: Expected;
}
/** Activities in the background begin before others have ended. */
export interface ActivityStarted {
	readonly event: 'activity-started';
	readonly atMs: number;
	readonly experiment: string;
	readonly part: Part;
	/** From 0, in its part. */
	readonly index: number;
	readonly type: 'probe' | 'action';
	readonly name: string;
	readonly isBackground: boolean;
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
	/** `failed`: it could not be run, or not to its end. */
	readonly status: 'succeeded' | 'failed';
	/** The exit code of a program, the status of an answer. */
	readonly code?: number;
	/** Only where it has a tolerance. */
	readonly toleranceMet?: boolean;
	/** Why the experiment cannot pass any more; absent where all is well. */
	readonly problem?: string;
	/** The last lines that a program printed, of an activity with a problem: first standard output, then standard error. */
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
	/** Why it did not pass. */
	readonly problems: readonly string[];
}
/** Somebody pressed Ctrl-C, or sent SIGTERM. */
export interface Interrupted {
	readonly event: 'interrupted';
	readonly atMs: number;
	/** False: it was said before, and changes nothing. */
	readonly isFirst: boolean;
}
export interface RunEnded {
	readonly event: 'run-ended';
	readonly atMs: number;
	readonly seconds: number;
	readonly seed: number;
	readonly passed: readonly string[];
	readonly failed: readonly string[];
	/** After an interruption. */
	readonly notRun: readonly string[];
	readonly isInterrupted: boolean;
	/** Where the journals and the report are. */
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
