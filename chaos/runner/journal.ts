/** The journal of one experiment: the fields of Chaos Toolkit's journal, and this project's under `kubejoin`. */
import type { Verdicts } from './events.ts';
import type { Json } from './json.ts';
import type { SeenJoin } from './observer.ts';
import type { Expected } from './plan.ts';
import type { Output } from './tolerance.ts';
import type { Evidence } from './verdict.ts';

export interface Run {
	readonly activity: Json;
	/** Null when the program did not run to its end. */
	readonly output: Output | null;
	readonly start: string;
	readonly end: string;
	readonly duration: number;
	readonly status: 'succeeded' | 'failed';
	readonly exception?: readonly string[];
	/** Of every step with a tolerance; Chaos Toolkit writes it only for the hypothesis. */
	readonly tolerance_met?: boolean;
}
export interface SteadyState {
	readonly steady_state_met: boolean;
	readonly probes: readonly Run[];
}
export interface Journal {
	/** Instead of `chaoslib-version`. */
	readonly 'kubejoin-version': string;
	readonly platform: string;
	readonly node: string;
	/** The document as it is written. */
	readonly experiment: Json;
	readonly start: string;
	readonly status: 'completed' | 'failed' | 'aborted' | 'interrupted';
	readonly deviated: boolean;
	readonly steady_states: {
		readonly before: SteadyState | null;
		readonly after: SteadyState | null;
		readonly during: readonly [];
	};
	readonly run: readonly Run[];
	readonly rollbacks: readonly Run[];
	readonly end: string;
	readonly duration: number;
	readonly kubejoin: {
		readonly name: string;
		readonly verdicts: Verdicts;
		readonly expected: Expected;
		readonly passed: boolean;
		readonly problems: readonly string[];
		readonly evidence: readonly Evidence[];
		readonly seed: number;
		/** Waiting times and time limits were multiplied by it. */
		readonly pace: number;
		/** The joins that began during the experiment, from the observer. */
		readonly joins: readonly SeenJoin[];
		/** The number of joins that were left out. */
		readonly moreJoins: number;
		/** Why the observer has no joins. */
		readonly observerProblem?: string;
	};
}
