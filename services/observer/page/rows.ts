/** Derives the rows and lanes of the diagram from the steps of a join. */
import type { Failure, Join, JoinOutage, Lane, RefusedConnection, Step } from '../api.ts';
import { inOrder } from '../order.ts';

export type Row =
	| { readonly kind: 'step'; readonly id: string; readonly step: Step; readonly repeats?: Repeats }
	/** After the check that makes it. */
	| { readonly kind: 'moment'; readonly id: string; readonly moment: NonNullable<Step['moment']> }
	/** A program becomes unavailable, or available again. */
	| { readonly kind: 'outage'; readonly id: string; readonly outage: JoinOutage; readonly isEnd: boolean }
	| {
			readonly kind: 'connection-refused';
			readonly id: string;
			readonly refused: RefusedConnection;
			readonly atMs: number;
	  }
	| { readonly kind: 'failure'; readonly id: string; readonly failure: Failure }
	| { readonly kind: 'next'; readonly id: string; readonly phase: string };

/** A wait of `count` rounds: the first is shown, and the others on request, when it `isWhole`. */
export interface Repeats {
	readonly count: number;
	/** When the last round begins. */
	readonly lastMs: number;
	readonly isWhole: boolean;
}

const order: readonly Lane[] = ['attacker-sim', 'apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service'];
const always: readonly Lane[] = order.slice(1);

/** The node, then the services in the order of a join; the attacker and other programs only if they take part. */
export function lanesOf(node: string, steps: readonly Step[]): readonly Lane[] {
	const seen = new Set(steps.flatMap(({ from, to }) => [from, to]));
	const known = order.filter((lane) => always.includes(lane) || seen.has(lane));
	const others = [...seen].filter((lane) => lane !== node && !known.includes(lane)).sort();
	return [node, ...known, ...others];
}

export interface RowOptions {
	readonly withStore: boolean;
	/** Number of steps while the join is played. */
	readonly shown?: number;
	/** The first steps of the waits that are shown whole; so is that of the step that is open. */
	readonly expanded?: ReadonlySet<string>;
	readonly open?: string | undefined;
}

export function rowsOf(join: Join, steps: readonly Step[], options: RowOptions): readonly Row[] {
	const visible = inOrder(steps).filter(({ kind }) => options.withStore || kind !== 'store');
	const shown = visible.slice(0, options.shown ?? visible.length);
	const stepRows = roundsOf(shown, options).flatMap(({ step, repeats }): Row[] => [
		{ kind: 'step', id: step.id, step, ...(repeats === undefined ? {} : { repeats }) },
		...(step.moment === undefined ? [] : [{ kind: 'moment', id: `${step.id}-moment`, moment: step.moment } as const]),
	]);
	const isWhole = shown.length === visible.length;
	const rows = withEvents(stepRows, join, isWhole ? Number.POSITIVE_INFINITY : (shown.at(-1)?.atMs ?? -1));
	if (!isWhole) return rows;
	if (join.failure !== undefined) return [...rows, { kind: 'failure', id: 'failure', failure: join.failure }];
	return join.nextPhase === '' ? rows : [...rows, { kind: 'next', id: 'next', phase: join.nextPhase }];
}

/** The middle of a lane, in per cent of the width. */
export const laneX = (lanes: readonly Lane[], lane: Lane): number =>
	((Math.max(0, lanes.indexOf(lane)) + 0.5) / lanes.length) * 100;

/** Before the first step that began later. @param untilMs  later ones are not shown yet */
function withEvents(rows: readonly Row[], join: Join, untilMs: number): readonly Row[] {
	const all = [...rows];
	for (const { atMs, row } of eventsOf(join)) {
		if (atMs > untilMs) break;
		const later = all.findIndex((one) => one.kind === 'step' && one.step.atMs > atMs);
		all.splice(later === -1 ? all.length : later, 0, row);
	}
	return all;
}

/** In the order of their times. */
function eventsOf(join: Join): readonly { readonly atMs: number; readonly row: Row }[] {
	const outages = (join.outages ?? []).flatMap((outage) => {
		const { party, startMs, endMs } = outage;
		const id = `outage-${party}-${startMs}`;
		const began = { atMs: startMs, row: { kind: 'outage', id, outage, isEnd: false } } as const;
		if (endMs === undefined) return [began];
		return [began, { atMs: endMs, row: { kind: 'outage', id: `${id}-end`, outage, isEnd: true } } as const];
	});
	const refusals = (join.refusedConnections ?? []).map((refused) => {
		const atMs = refused.atMs - join.startedMs;
		return { atMs, row: { kind: 'connection-refused', id: refused.id, refused, atMs } } as const;
	});
	return [...outages, ...refusals].sort((a, b) => a.atMs - b.atMs);
}

/** The lanes whose programs are unavailable at a time. */
export const lanesOut = (lanes: readonly Lane[], outages: readonly JoinOutage[], atMs: number): readonly Lane[] =>
	lanes.filter((lane) =>
		outages.some(
			({ party, startMs, endMs = Number.POSITIVE_INFINITY }) =>
				(party === lane || party === '*') && startMs <= atMs && atMs <= endMs,
		),
	);

/** Fewer equal rounds are no wait. */
const MIN_ROUNDS = 3;
/** Steps of one round, for example a request and the check of its token. */
const MAX_STEPS = 4;

interface Round {
	readonly step: Step;
	readonly repeats?: Repeats;
}

function roundsOf(steps: readonly Step[], { expanded, open }: RowOptions): readonly Round[] {
	const keys = steps.map(keyOf);
	const found: Round[] = [];
	for (let at = 0; at < steps.length; ) {
		const { length, count } = longestWait(keys, at);
		const round = steps.slice(at, at + length);
		const others = steps.slice(at + length, at + length * count);
		const lastMs = others.at(-length)?.atMs ?? 0;
		const isWhole = expanded?.has(round[0]?.id ?? '') === true || others.some(({ id }) => id === open);
		for (const [index, step] of round.entries())
			found.push(index > 0 || count === 1 ? { step } : { step, repeats: { count, lastMs, isWhole } });
		if (isWhole) for (const step of others) found.push({ step });
		at += length * count;
	}
	return found;
}

/** The equal rounds that begin at the index. */
function longestWait(keys: readonly string[], at: number): { readonly length: number; readonly count: number } {
	for (let length = 1; length <= MAX_STEPS; length++) {
		let end = at + length;
		while (end < keys.length && keys[end] === keys[end - length]) end++;
		const count = Math.floor((end - at) / length);
		if (count >= MIN_ROUNDS) return { length, count };
	}
	return { length: 1, count: 1 };
}

/** Steps with the same key show the same text. A check happens once. */
const keyOf = ({ id, kind, from, to, label, tls, phase, decision, failure, expectedError }: Step): string =>
	kind === 'check' ? id : JSON.stringify([kind, from, to, label, tls, phase, decision, failure?.code, expectedError]);
