/** One attack: a row of docs/attacks.md and a test of the same name. */
import type { LimitName } from '../../lib/limits.ts';
import type { Target } from './target.ts';

export interface Attack {
	/** An imperative: the name of the row and of the test. */
	readonly title: string;
	readonly attacker:
		| 'network access only'
		| 'a bootstrap token'
		| 'a node'
		| 'a namespace admin'
		| 'an unverified server';
	readonly result: string;
	/** Rows of lib/limits.ts that stop it. */
	readonly limits?: readonly LimitName[];
	/**
	 * The attack; or, for one that mostly waits, its beginning, which comes before all other attacks and returns the
	 * rest.
	 *
	 * @throws AssertionError  the mesh gave more than `result` says
	 */
	readonly run: ((target: Target) => Promise<void>) | { readonly begin: (target: Target) => Promise<Rest> };
}

/** Waits for the defence, and checks it. */
export type Rest = () => Promise<void>;

/** Attacks on one part of the mesh, a section of docs/attacks.md. */
export interface AttackGroup {
	readonly name: string;
	readonly attacks: readonly Attack[];
}
