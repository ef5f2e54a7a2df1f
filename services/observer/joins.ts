/**
 * The joins that were seen, as far as they are known: keeps the newest whole, of older ones one line, and tells whoever listens of every change.
 * Bounded however much comes in.
 */
import type { Join, Step, Storm } from './api.ts';
import type { Span } from './otlp.ts';
import { isJoin, joinOf, phaseDurations, stepsOf } from './steps.ts';
import { createStormCounter } from './storm.ts';

export interface JoinsOptions {
	/** Joins that are kept with all their steps. */
	readonly keptJoins: number;
	/** Joins of which a line is kept. */
	readonly keptLines: number;
}
export interface JoinListener {
	readonly join: (join: Join) => void;
	/** Which joins' steps are wanted. */
	readonly wantsSteps: (id: string) => boolean;
	readonly step: (step: Step) => void;
}
export interface Joins {
	/** Take spans in; listeners hear of them with the next `flush`. */
	readonly add: (spans: readonly Span[]) => void;
	readonly flush: () => void;
	/** Oldest first. */
	readonly list: () => readonly Join[];
	readonly find: (id: string) => Join | undefined;
	/** Of a join that is kept whole. */
	readonly steps: (id: string) => readonly Step[];
	readonly spans: (id: string) => readonly Span[];
	readonly storm: (nowMs: number) => Storm;
	/** @returns stops listening */
	readonly listen: (listener: JoinListener) => () => void;
}

interface Entry {
	readonly spans: Map<string, Span>;
	/** What listeners were told last. */
	join?: Join;
	told: Map<string, string>;
	isCounted: boolean;
}
/** A trace gets no more than this; a join has about 70. */
const MAX_SPANS = 2_000;
/** Traces of which it is not known yet whether they are joins, and spans of each that wait for it. */
const MAX_UNKNOWN = 500;
const MAX_WAITING = 200;

export function createJoins({ keptJoins, keptLines }: JoinsOptions): Joins {
	const unknown = new Map<string, Span[]>();
	const entries = new Map<string, Entry>();
	const lines = new Map<string, Join>();
	const changed = new Set<string>();
	const listeners = new Set<JoinListener>();
	const storm = createStormCounter();

	function add(spans: readonly Span[]): void {
		for (const span of spans) {
			const { traceId } = span;
			const entry = entries.get(traceId);
			if (entry !== undefined) put(traceId, entry, span);
			else if (!lines.get(traceId)?.isForgotten) wait(traceId, span);
		}
	}
	function wait(traceId: string, span: Span): void {
		const waiting = unknown.get(traceId) ?? [];
		if (waiting.length < MAX_WAITING || isJoin([span])) waiting.push(span);
		unknown.set(traceId, waiting);
		if (!isJoin([span])) {
			evict(unknown, MAX_UNKNOWN);
			return;
		}
		unknown.delete(traceId);
		const entry: Entry = { spans: new Map(), told: new Map(), isCounted: false };
		entries.set(traceId, entry);
		for (const one of waiting) put(traceId, entry, one);
	}
	function put(traceId: string, entry: Entry, span: Span): void {
		if (entry.spans.size >= MAX_SPANS && !isJoin([span])) return;
		entry.spans.set(span.spanId, span);
		changed.add(traceId);
	}
	function flush(): void {
		for (const id of changed) {
			const entry = entries.get(id);
			if (entry !== undefined) tell(id, entry);
		}
		changed.clear();
		while (entries.size > keptJoins) forget(entries.keys().next().value ?? '');
		evict(lines, keptLines);
	}
	function tell(id: string, entry: Entry): void {
		const spans = [...entry.spans.values()];
		const steps = stepsOf(id, spans);
		const join = joinOf(id, spans, steps.length);
		if (!entry.isCounted && join.state !== 'joining') {
			entry.isCounted = true;
			storm.count(join, phaseDurations(spans));
		}
		lines.set(id, join);
		for (const listener of listeners) if (JSON.stringify(join) !== JSON.stringify(entry.join)) listener.join(join);
		entry.join = join;
		const interested = [...listeners].filter((listener) => listener.wantsSteps(id));
		for (const step of steps) {
			const json = JSON.stringify(step);
			if (entry.told.get(step.id) === json) continue;
			entry.told.set(step.id, json);
			for (const listener of interested) listener.step(step);
		}
	}
	function forget(id: string): void {
		const join = entries.get(id)?.join;
		entries.delete(id);
		if (join === undefined) return;
		const line = { ...join, isForgotten: true };
		lines.set(id, line);
		for (const listener of listeners) listener.join(line);
	}
	return {
		add,
		flush,
		list: () => [...lines.values()],
		find: (id) => lines.get(id),
		steps: (id) => stepsOf(id, [...(entries.get(id)?.spans.values() ?? [])]),
		spans: (id) => [...(entries.get(id)?.spans.values() ?? [])],
		storm: (nowMs) => storm.read([...lines.values()].filter(({ state }) => state === 'joining').length, nowMs),
		listen(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
	};
}

/** Forget the oldest. */
function evict(map: Map<string, unknown>, max: number): void {
	for (const key of map.keys()) {
		if (map.size <= max) return;
		map.delete(key);
	}
}
