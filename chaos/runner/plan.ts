/** A valid experiment, as the runner executes it. validate.ts makes a plan from a document. */
import type { JsonMap } from './json.ts';

export const verdictKinds = ['security', 'availability'] as const;
export type VerdictKind = (typeof verdictKinds)[number];
/** `unknown`: the verdict is not at stake, and no probe may give it. */
export type Expected = Readonly<Record<VerdictKind, 'held' | 'violated' | 'unknown'>>;

/** The extension `kubejoin` of a document. */
export interface About {
	readonly id: string;
	readonly tier: string;
	readonly lesson: string;
	/** Reports of the same failure elsewhere: `kubernetes/kubeadm#630`. */
	readonly mirrors: readonly string[];
	/** Programs that must be installed on this machine. */
	readonly needs: readonly string[];
}

export type Tolerance =
	| { readonly type: 'status'; readonly status: number }
	| { readonly type: 'regex'; readonly pattern: RegExp; readonly target: 'stdout' | 'stderr' };

export interface Step {
	readonly type: 'probe' | 'action';
	readonly name: string;
	/** As it is written, for the journal. */
	readonly activity: JsonMap;
	readonly path: string;
	readonly args: readonly string[];
	readonly timeoutSeconds: number;
	readonly tolerance?: Tolerance;
	readonly pauseBeforeSeconds: number;
	readonly pauseAfterSeconds: number;
}

export interface Plan {
	readonly name: string;
	readonly file: string;
	/** As it is written, for the journal. */
	readonly experiment: JsonMap;
	readonly title: string;
	readonly description: string;
	readonly about: About;
	readonly expected: Expected;
	readonly hypothesis: { readonly title: string; readonly probes: readonly Step[] };
	readonly method: readonly Step[];
	readonly rollbacks: readonly Step[];
}
