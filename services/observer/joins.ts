/**
 * The joins that were seen, as far as their spans are known: keeps the newest whole, of older ones a line, and notifies listeners of every change.
 * A span is written once and never replaced. Memory is bounded in bytes, whatever is received, and one `flush` takes a bounded time.
 */
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Join, Step, Storm } from './api.ts';
import { type Span, sizeOf } from './otlp.ts';
import { isJoin, isRoot, joinOf, phaseDurations, stepsOf } from './steps.ts';
import { createStormCounter } from './storm.ts';

export interface JoinsOptions {
	/** Joins that are kept with all their steps. */
	readonly keptJoins: number;
	/** Joins of which a line is kept. */
	readonly keptLines: number;
	/** Milliseconds; need not be the time of day. */
	readonly clock: () => number;
	readonly count?: CountRefusal;
}
export interface JoinListener {
	readonly join: (join: Join) => void;
	/** Which joins' steps are wanted. */
	readonly wantsSteps: (id: string) => boolean;
	/** @param json  the same step */
	readonly step: (step: Step, json: string) => void;
}
export interface Joins {
	/** Take spans in; listeners are notified by the next `flush`. */
	readonly add: (spans: readonly Span[]) => void;
	/** Notify the listeners of changed joins; those for which there is no time are left to the next `flush`. */
	readonly flush: () => void;
	/** Oldest first. */
	readonly list: () => readonly Join[];
	readonly find: (id: string) => Join | undefined;
	/** Of a join that is kept whole, as its listeners know them. */
	readonly steps: (id: string) => readonly Step[];
	readonly spans: (id: string) => readonly Span[];
	readonly storm: (nowMs: number) => Storm;
	/** Estimated bytes of all spans that are kept. */
	readonly bytes: () => number;
	/** @returns stops listening */
	readonly listen: (listener: JoinListener) => () => void;
}

/** Spans that are kept, and the memory that they take. */
interface Kept {
	readonly spans: Map<string, Span>;
	bytes: number;
}
interface Entry extends Kept {
	/** What listeners know. */
	join?: Join;
	readonly steps: Map<string, { readonly step: Step; readonly json: string }>;
	hasRoot: boolean;
	rootAtMs: number;
	isCounted: boolean;
}
/** Places that only phases and the end of the join may take: a flood of other spans hides neither. */
const RESERVED_SPANS = 50;
const RESERVED_BYTES = 256 * 1024;
/** Spans of a trace that is not yet known to be a join. */
const MAX_WAITING = 200;
/** Joins, beyond those that are kept, that no `flush` has had time for. */
const MAX_UNTOLD = limits.joinsUntold.value;
/** How long one `flush` may hold everything else up. */
const FLUSH_MS = 20;
/** Of the texts in the line of a join whose spans are forgotten. */
const MAX_LINE_TEXT = 1_000;

export function createJoins(options: JoinsOptions): Joins {
	const { keptJoins, keptLines, clock, count = () => undefined } = options;
	const unknown = new Map<string, Kept>();
	const entries = new Map<string, Entry>();
	const lines = new Map<string, Join>();
	const changed = new Set<string>();
	const listeners = new Set<JoinListener>();
	const storm = createStormCounter();
	let unknownBytes = 0;
	let bytes = 0;

	function add(spans: readonly Span[]): void {
		for (const span of spans) {
			const entry = entries.get(span.traceId) ?? known(span);
			if (entry !== undefined) put(entry, span);
		}
		shrink();
	}
	/** The join of a span that says that it is of one; other spans wait until one does. */
	function known(span: Span): Entry | undefined {
		const { traceId } = span;
		if (lines.get(traceId)?.isForgotten) return undefined;
		const waiting = unknown.get(traceId) ?? { spans: new Map(), bytes: 0 };
		if (!isJoin([span])) {
			wait(waiting, span);
			return undefined;
		}
		unknown.delete(traceId);
		unknownBytes -= waiting.bytes;
		const entry: Entry = { ...emptyKept(), steps: new Map(), hasRoot: false, rootAtMs: 0, isCounted: false };
		entries.set(traceId, entry);
		for (const one of waiting.spans.values()) put(entry, one);
		return entry;
	}
	function wait(waiting: Kept, span: Span): void {
		unknown.set(span.traceId, waiting);
		if (waiting.spans.size < MAX_WAITING) unknownBytes += keepOnce(waiting, span);
		while (unknown.size > limits.unknownTraces.value || unknownBytes > limits.unknownTracesBytes.value) {
			const [oldest = ''] = unknown.keys();
			count(unknown.size > limits.unknownTraces.value ? 'unknownTraces' : 'unknownTracesBytes');
			unknownBytes -= unknown.get(oldest)?.bytes ?? 0;
			unknown.delete(oldest);
		}
	}
	function put(entry: Entry, span: Span): void {
		const isOfJoin = isJoin([span]);
		if (entry.spans.has(span.spanId) || (entry.hasRoot && isRoot(span))) return;
		const problem = exceeded(entry, span, isOfJoin);
		if (problem !== undefined) {
			count(problem);
			return;
		}
		bytes += keepOnce(entry, span);
		if (isRoot(span)) Object.assign(entry, { hasRoot: true, rootAtMs: clock() });
		changed.add(span.traceId);
	}
	function exceeded(entry: Entry, span: Span, isOfJoin: boolean) {
		if (entry.hasRoot && clock() - entry.rootAtMs > limits.joinSettledMs.value) return 'joinSettledMs';
		const [ownSpans, ownBytes] = isOfJoin ? [0, 0] : [RESERVED_SPANS, RESERVED_BYTES];
		if (entry.spans.size >= limits.joinSpans.value - ownSpans) return 'joinSpans';
		return entry.bytes + sizeOf(span) > limits.joinBytes.value - ownBytes ? 'joinBytes' : undefined;
	}
	function shrink(): void {
		while (bytes > limits.joinsBytes.value && entries.size > 1) {
			count('joinsBytes');
			forget(oldestOf(entries));
		}
		while (entries.size > keptJoins + MAX_UNTOLD) {
			count('joinsUntold');
			forget(oldestOf(entries));
		}
	}
	function flush(): void {
		const endMs = clock() + FLUSH_MS;
		for (const id of changed) {
			changed.delete(id);
			const entry = entries.get(id);
			if (entry !== undefined) tell(id, entry);
			if (clock() >= endMs) break;
		}
		while (entries.size > keptJoins && !changed.has(oldestOf(entries))) forget(oldestOf(entries));
		while (lines.size > keptLines) lines.delete(oldestOf(lines));
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
		const isSame = JSON.stringify(join) === JSON.stringify(entry.join);
		entry.join = join;
		if (!isSame) for (const listener of listeners) listener.join(join);
		const interested = [...listeners].filter((listener) => listener.wantsSteps(id));
		for (const stepId of stale(entry.steps, steps)) entry.steps.delete(stepId);
		for (const step of steps) {
			const json = JSON.stringify(step);
			if (entry.steps.get(step.id)?.json === json) continue;
			entry.steps.set(step.id, { step, json });
			for (const listener of interested) listener.step(step, json);
		}
	}
	function forget(id: string): void {
		const entry = entries.get(id);
		entries.delete(id);
		changed.delete(id);
		bytes -= entry?.bytes ?? 0;
		if (entry?.join === undefined) return;
		const line = lineOf(entry.join);
		lines.set(id, line);
		for (const listener of listeners) listener.join(line);
	}
	return {
		add,
		flush,
		list: () => [...lines.values()],
		find: (id) => lines.get(id),
		steps: (id) => [...(entries.get(id)?.steps.values() ?? [])].map(({ step }) => step),
		spans: (id) => [...(entries.get(id)?.spans.values() ?? [])],
		storm: (nowMs) => storm.read(() => [...lines.values()].filter(({ state }) => state === 'joining').length, nowMs),
		bytes: () => bytes + unknownBytes,
		listen(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
	};
}

const emptyKept = (): Kept => ({ spans: new Map(), bytes: 0 });

/** A span that is known is never replaced. @returns the bytes that it adds */
function keepOnce(kept: Kept, span: Span): number {
	if (kept.spans.has(span.spanId)) return 0;
	const size = sizeOf(span);
	kept.spans.set(span.spanId, span);
	kept.bytes += size;
	return size;
}

/** Steps that later spans have shown to be no part of the join. */
function stale(known: ReadonlyMap<string, unknown>, steps: readonly Step[]): readonly string[] {
	const ids = new Set(steps.map(({ id }) => id));
	return [...known.keys()].filter((id) => !ids.has(id));
}

const oldestOf = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value ?? '';

/** The join without its steps, and with its texts cut. */
function lineOf(join: Join): Join {
	const { failure } = join;
	if (failure === undefined) return { ...join, isForgotten: true };
	const cut = (text: string): string => Buffer.from(text.slice(0, MAX_LINE_TEXT)).toString();
	const { code, sentence, mostLikely, alsoPossible, remedy } = failure;
	return {
		...join,
		isForgotten: true,
		failure: {
			code: cut(code),
			sentence: cut(sentence),
			...(mostLikely === undefined ? {} : { mostLikely: cut(mostLikely) }),
			...(alsoPossible === undefined ? {} : { alsoPossible: alsoPossible.slice(0, 3).map(cut) }),
			remedy: cut(remedy),
		},
	};
}
