/** Two joins side by side: what each node did, and where they first differ. Pure. */
import type { Join, Step } from '../api.ts';
import { inOrder } from '../order.ts';

export interface Comparison {
	readonly rows: readonly { readonly left?: Step; readonly right?: Step }[];
	/** Index of the first row that differs; -1 when none does. */
	readonly firstDifference: number;
}

/** Only what the node itself did is compared: what others do meanwhile comes in any order. */
const ownSteps = ({ node }: Join, steps: Iterable<Step>): readonly Step[] =>
	inOrder(steps).filter(({ kind, from }) => from === node && kind !== 'store');

/** The node's name and that of its request as everybody's; a name may be a part of any word. */
const sameNames = (label: string, node: string): string =>
	label
		.split(/([\s/:"]+)/)
		.map((part) => (part === node ? 'NODE' : part.startsWith('node-csr-') ? 'CSR' : part))
		.join('');

/** What a step is, without names and times that differ between any two joins. */
const essence = ({ kind, label, tls, to, decision, failure }: Step, node: string): string =>
	JSON.stringify([
		kind,
		sameNames(label, node),
		kind === 'check' ? '' : to === node ? 'NODE' : to,
		tls,
		decision,
		failure?.code,
	]);

export function compareJoins(
	left: { readonly join: Join; readonly steps: Iterable<Step> },
	right: { readonly join: Join; readonly steps: Iterable<Step> },
): Comparison {
	const a = ownSteps(left.join, left.steps);
	const b = ownSteps(right.join, right.steps);
	const rows = Array.from({ length: Math.max(a.length, b.length) }, (_, index) => ({
		...(a[index] === undefined ? {} : { left: a[index] }),
		...(b[index] === undefined ? {} : { right: b[index] }),
	}));
	const firstDifference = rows.findIndex(
		({ left: one, right: other }) =>
			one === undefined || other === undefined || essence(one, left.join.node) !== essence(other, right.join.node),
	);
	return { rows, firstDifference };
}
