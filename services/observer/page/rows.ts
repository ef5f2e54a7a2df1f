/** Derives the rows and lanes of the diagram from the steps of a join. Pure. */
import type { Failure, Join, Lane, Step } from '../api.ts';
import { inOrder } from '../order.ts';

export type Row =
	| { readonly kind: 'step'; readonly id: string; readonly step: Step }
	/** After the check that makes it. */
	| { readonly kind: 'moment'; readonly id: string; readonly moment: NonNullable<Step['moment']> }
	| { readonly kind: 'failure'; readonly id: string; readonly failure: Failure }
	| { readonly kind: 'next'; readonly id: string; readonly phase: string };

const order: readonly Lane[] = ['attacker-sim', 'apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service'];
const always: readonly Lane[] = order.slice(1);

/** The node, then the services in the order of a join; the attacker and other programs only if they take part. */
export function lanesOf(node: string, steps: readonly Step[]): readonly Lane[] {
	const seen = new Set(steps.flatMap(({ from, to }) => [from, to]));
	const known = order.filter((lane) => always.includes(lane) || seen.has(lane));
	const others = [...seen].filter((lane) => lane !== node && !known.includes(lane)).sort();
	return [node, ...known, ...others];
}

/** @param options.shown  number of steps while the join is played */
export function rowsOf(
	join: Join,
	steps: readonly Step[],
	options: { readonly withStore: boolean; readonly shown?: number },
): readonly Row[] {
	const visible = inOrder(steps).filter(({ kind }) => options.withStore || kind !== 'store');
	const shown = visible.slice(0, options.shown ?? visible.length);
	const rows = shown.flatMap((step): Row[] => [
		{ kind: 'step', id: step.id, step },
		...(step.moment === undefined ? [] : [{ kind: 'moment', id: `${step.id}-moment`, moment: step.moment } as const]),
	]);
	if (shown.length < visible.length) return rows;
	if (join.failure !== undefined) return [...rows, { kind: 'failure', id: 'failure', failure: join.failure }];
	return join.nextPhase === '' ? rows : [...rows, { kind: 'next', id: 'next', phase: join.nextPhase }];
}

/** The middle of a lane, in per cent of the width. */
export const laneX = (lanes: readonly Lane[], lane: Lane): number =>
	((Math.max(0, lanes.indexOf(lane)) + 0.5) / lanes.length) * 100;
