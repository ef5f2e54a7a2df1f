/** What is kept of one experiment: Chaos Toolkit's journal, and under `kubejoin` what is ours. Secrets are masked before it is written. */
import type { Verdicts } from './events.ts';
import type { Json } from './json.ts';
import type { SeenJoin } from './observer.ts';
import type { Expected } from './validate.ts';
import type { Evidence } from './verdict.ts';

export interface Run {
	readonly activity: Json;
	readonly output: Json;
	/** ISO 8601. */
	readonly start: string;
	readonly end: string;
	/** In seconds. */
	readonly duration: number;
	readonly status: 'succeeded' | 'failed';
	readonly exception?: readonly string[];
	/** Of a probe with a tolerance. Chaos Toolkit has it only in a hypothesis. */
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
	/** The document as it is in its file. */
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
		/** Why it did not pass. */
		readonly problems: readonly string[];
		readonly evidence: readonly Evidence[];
		readonly seed: number;
		/** That began while it ran, as the observer saw them. */
		readonly joins: readonly SeenJoin[];
		/** Joins that there were besides. */
		readonly moreJoins: number;
		/** Why there are none. */
		readonly observerProblem?: string;
	};
}
