/** Compares two joins: the steps of each node, and the first difference. */
import type { Join, Step } from '../api.ts';
import { inOrder } from '../order.ts';

export interface Comparison {
	readonly rows: readonly { readonly left?: Step; readonly right?: Step }[];
	/** Index of the first different row; -1 if there is none. */
	readonly firstDifference: number;
}

/** Only the steps of the node are compared: those of other services come in any order. */
const ownSteps = ({ node }: Join, steps: Iterable<Step>): readonly Step[] =>
	inOrder(steps).filter(({ kind, from }) => from === node && kind !== 'store');

/** Replaces the name of the node and of its request; a name can be part of another word. */
const sameNames = (label: string, node: string): string =>
	label
		.split(/([\s/:"]+)/)
		.map((part) => (part === node ? 'NODE' : part.startsWith('node-csr-') ? 'CSR' : part))
		.join('');

/** A step without the names and times that differ between any two joins. */
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
