/** Reads the joins of an experiment from the observer's public stream, for the report. No verdict depends on them. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { causeText } from '../../lib/errors.ts';
import { maskTokens } from '../../lib/log.ts';

/** The fields of a step that the report needs; services/observer/api.ts has all fields. */
export interface SeenStep {
	readonly id: string;
	readonly kind: 'message' | 'seen' | 'check' | 'store';
	readonly from: string;
	readonly to: string;
	readonly label: string;
	readonly tls?: 'unverified' | 'one-way' | 'mutual';
	readonly startMs: number;
	readonly durationMs: number;
	readonly moment?: 'node-trusts-cluster' | 'cluster-trusts-node';
	readonly failure?: { readonly code: string; readonly sentence: string };
}
export interface SeenJoin {
	readonly id: string;
	readonly node: string;
	readonly startedMs: number;
	readonly durationMs: number;
	readonly state: 'joining' | 'joined' | 'refused';
	readonly failure?: { readonly code: string; readonly sentence: string };
	/** By start time, without the operations of the store. */
	readonly steps: readonly SeenStep[];
}
export interface SeenJoins {
	readonly joins: readonly SeenJoin[];
	/** The number of joins that were left out. */
	readonly more: number;
	/** Why the observer gave no joins. */
	readonly problem?: string;
}

/** Refused joins come first. */
const MAX_JOINS = 12;
const MAX_STEPS = 80;
const ANSWER_MS = 5_000;
/** Services export spans in batches, so the last ones arrive late. */
const SETTLE_MS = 1_500;

interface Known {
	readonly joins: Map<string, SeenJoin>;
	readonly steps: Map<string, Map<string, SeenStep & { readonly join: string }>>;
}

export async function seeJoins(url: string, fromMs: number, toMs: number): Promise<SeenJoins> {
	const known: Known = { joins: new Map(), steps: new Map() };
	const enough = new AbortController();
	const stop = () => enough.abort(new Error('no answer'));
	let timer = setTimeout(stop, ANSWER_MS);
	let isComplete = false;
	try {
		const response = await fetch(new URL(`/api/stream?steps=all&since=${fromMs}`, url), { signal: enough.signal });
		const isStream = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream');
		if (!isStream || response.body === null) {
			await response.body?.cancel();
			return { joins: [], more: 0, problem: `${url} answers with status ${response.status} and no event stream` };
		}
		const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
		for await (const { event, data } of events) {
			if (event === 'join') keepJoin(known, JSON.parse(data) as SeenJoin, fromMs, toMs);
			else if (event === 'step') keepStep(known, JSON.parse(data) as SeenStep & { join: string });
			else if (event === 'storm' && !isComplete) {
				// The stored joins are complete; late spans may still arrive.
				isComplete = true;
				clearTimeout(timer);
				timer = setTimeout(stop, SETTLE_MS);
			}
		}
	} catch (error) {
		const why = error instanceof Error && error.cause !== undefined ? causeText(error.cause) : causeText(error);
		if (!isComplete) return { joins: [], more: 0, problem: `${url} cannot be reached: ${maskTokens(why)}` };
	} finally {
		clearTimeout(timer);
	}
	return choose(known);
}

function keepJoin({ joins }: Known, join: SeenJoin, fromMs: number, toMs: number): void {
	if (join.startedMs < fromMs || join.startedMs > toMs) return;
	const { id, node, startedMs, durationMs, state, failure } = join;
	joins.set(id, {
		id,
		node,
		startedMs,
		durationMs,
		state,
		...(failure === undefined ? {} : { failure: { code: failure.code, sentence: failure.sentence } }),
		steps: [],
	});
}

function keepStep({ joins, steps }: Known, step: SeenStep & { readonly join: string }): void {
	if (!joins.has(step.join) || step.kind === 'store') return;
	const of = steps.get(step.join) ?? new Map();
	steps.set(step.join, of.set(step.id, step));
}

function choose({ joins, steps }: Known): SeenJoins {
	const all = [...joins.values()].sort((one, other) => one.startedMs - other.startedMs);
	const refused = all.filter(({ state }) => state !== 'joined');
	const chosen = new Set([...refused, ...all].slice(0, MAX_JOINS));
	return {
		joins: all
			.filter((join) => chosen.has(join))
			.map((join) => ({ ...join, steps: stepsOf([...(steps.get(join.id)?.values() ?? [])]) })),
		more: all.length - Math.min(chosen.size, all.length),
	};
}

const stepsOf = (steps: readonly SeenStep[]): readonly SeenStep[] =>
	steps
		.toSorted((one, other) => one.startMs - other.startMs || one.id.localeCompare(other.id))
		.slice(0, MAX_STEPS)
		.map(({ id, kind, from, to, label, tls, startMs, durationMs, moment, failure }) => ({
			id,
			kind,
			from,
			to,
			label,
			...(tls === undefined ? {} : { tls }),
			startMs,
			durationMs,
			...(moment === undefined ? {} : { moment }),
			...(failure === undefined ? {} : { failure: { code: failure.code, sentence: failure.sentence } }),
		}));
