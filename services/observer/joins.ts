/**
 * The joins whose spans arrived: the newest with all their steps, older ones as a line, and every change for the
 * listeners. A known span is never replaced. The memory is bounded in bytes, and so is the time that one `flush`
 * takes. The steps of an older join can be in a file: `saved-joins.ts`.
 */
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';
import type { Join, Step, Storm } from './api.ts';
import { type Span, sizeOf } from './otlp.ts';
import { emptyGroup, keepOnce, type SpanGroup } from './span-group.ts';
import { isJoin, isRoot, joinOf, phaseDurations, stepsOf } from './steps.ts';
import { createStormCounter } from './storm.ts';
import { UnknownTraces } from './unknown-traces.ts';

export interface JoinsOptions {
	/** Joins that are kept in memory with all their steps. */
	readonly keptJoins: number;
	/** A join stays in memory until `addSaved`, while all are within their limit of bytes. */
	readonly areSaved?: boolean;
	/** Events of the mesh between two Unix times that concern a node's join. */
	readonly eventsOf?: (node: string, fromMs: number, toMs: number) => JoinEvents;
	/** Joins that are kept as a line. */
	readonly keptLines: number;
	/** Milliseconds of a monotonic clock. */
	readonly clock: () => number;
	readonly count?: CountRefusal;
}
export type JoinEvents = Pick<Join, 'outages' | 'refusedConnections'>;
export interface JoinListener {
	readonly join: (join: Join) => void;
	/** True for the joins whose steps the listener wants. */
	readonly wantsSteps: (id: string) => boolean;
	/** @param json  the step, serialized once for all listeners */
	readonly step: (step: Step, json: string) => void;
}
export interface Joins {
	/** Listeners are notified by the next `flush`. */
	readonly add: (spans: readonly Span[]) => void;
	/** Notify the listeners of changed joins. Joins that exceed its time wait for the next `flush`. */
	readonly flush: () => void;
	/** True if a `flush` has joins to notify of. */
	readonly hasChanges: () => boolean;
	/** Sorted by age, oldest first. */
	readonly list: () => readonly Join[];
	readonly find: (id: string) => Join | undefined;
	/** Of a join in memory: those that its listeners know. */
	readonly steps: (id: string) => readonly Step[];
	readonly spans: (id: string) => readonly Span[];
	/** The events of the mesh since then have changed. */
	readonly refreshSince: (fromMs: number) => void;
	readonly hasJoining: () => boolean;
	/** The steps of the join are in a file. An unknown join becomes known by its line. */
	readonly addSaved: (line: Join) => void;
	readonly removeSaved: (id: string) => void;
	readonly storm: (nowMs: number) => Storm;
	/** Estimated bytes of all kept spans and steps. */
	readonly bytes: () => number;
	/** @returns stops listening */
	readonly listen: (listener: JoinListener) => () => void;
}

interface Entry extends SpanGroup {
	/** As the listeners know it. */
	join?: Join;
	readonly steps: Map<string, { readonly step: Step; readonly json: string }>;
	/** Estimated bytes of the steps in memory. */
	stepBytes: number;
	changedMs: number;
	hasRoot: boolean;
	rootAtMs: number;
	isCounted: boolean;
}

/** Reserved for the phases and the end of a join, so that a flood of other spans hides neither. */
const RESERVED_SPANS = 50;
const RESERVED_BYTES = 256 * 1024;
/** The object of a step, and its place in the join. */
const STEP_OVERHEAD_BYTES = 300;
/** Other requests wait while a `flush` runs. */
const FLUSH_MS = 20;
/** No phase waits that long without a message. */
const IDLE_MS = 600_000;
/** Length of each text in the line of a join. */
const MAX_LINE_TEXT = 1_000;

export const createJoins = (options: JoinsOptions): Joins => new JoinCollection(options);

class JoinCollection implements Joins {
	readonly #options: JoinsOptions;
	readonly #count: CountRefusal;
	readonly #unknown: UnknownTraces;
	/** Joins with their steps, oldest first. */
	readonly #entries = new Map<string, Entry>();
	/** Every join, oldest first. */
	readonly #lines = new Map<string, Join>();
	readonly #saved = new Set<string>();
	readonly #changed = new Set<string>();
	readonly #listeners = new Set<JoinListener>();
	readonly #storm = createStormCounter();
	#bytes = 0;

	constructor(options: JoinsOptions) {
		this.#options = options;
		this.#count = options.count ?? (() => undefined);
		this.#unknown = new UnknownTraces(this.#count);
	}

	add(spans: readonly Span[]): void {
		for (const span of spans) {
			const entry = this.#entries.get(span.traceId) ?? this.#entryOf(span);
			if (entry !== undefined) this.#put(entry, span);
		}
		this.#shrink();
	}

	flush(): void {
		const { clock, keptLines } = this.#options;
		const endMs = clock() + FLUSH_MS;
		for (const id of this.#changed) {
			this.#changed.delete(id);
			const entry = this.#entries.get(id);
			if (entry !== undefined) this.#notify(id, entry);
			if (clock() >= endMs) break;
		}
		this.#shrink();
		this.#forgetOldest();
		while (this.#lines.size > keptLines) this.#lines.delete(oldestOf(this.#lines));
	}

	hasChanges(): boolean {
		return this.#changed.size > 0;
	}

	list(): readonly Join[] {
		return [...this.#lines.values()];
	}

	find(id: string): Join | undefined {
		return this.#lines.get(id);
	}

	steps(id: string): readonly Step[] {
		return [...(this.#entries.get(id)?.steps.values() ?? [])].map(({ step }) => step);
	}

	spans(id: string): readonly Span[] {
		return [...(this.#entries.get(id)?.spans.values() ?? [])];
	}

	refreshSince(fromMs: number): void {
		for (const [id, { join }] of this.#entries) if (join !== undefined && endOf(join) >= fromMs) this.#changed.add(id);
	}

	hasJoining(): boolean {
		return [...this.#entries.values()].some((entry) => !entry.hasRoot && !this.#isIdle(entry));
	}

	addSaved(line: Join): void {
		this.#saved.add(line.id);
		if (this.#lines.has(line.id)) return;
		this.#lines.set(line.id, line);
		this.#storm.count(line, []);
	}

	removeSaved(id: string): void {
		this.#saved.delete(id);
		const line = this.#lines.get(id);
		if (line !== undefined && !this.#entries.has(id)) this.#setLine({ ...line, isForgotten: true });
	}

	storm(nowMs: number): Storm {
		return this.#storm.read(() => this.list().filter(({ state }) => state === 'joining').length, nowMs);
	}

	bytes(): number {
		return this.#bytes + this.#unknown.bytes;
	}

	listen(listener: JoinListener): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	/** A span that belongs to the workflow of a join makes its trace a join; spans of other traces wait. */
	#entryOf(span: Span): Entry | undefined {
		const { traceId } = span;
		if (this.#lines.has(traceId)) return undefined;
		if (!isJoin([span])) {
			this.#unknown.keep(span);
			return undefined;
		}
		const entry: Entry = {
			...emptyGroup(),
			...{ steps: new Map(), stepBytes: 0, changedMs: 0, hasRoot: false, rootAtMs: 0, isCounted: false },
		};
		this.#entries.set(traceId, entry);
		for (const one of this.#unknown.take(traceId)) this.#put(entry, one);
		return entry;
	}

	#put(entry: Entry, span: Span): void {
		if (entry.spans.has(span.spanId) || (entry.hasRoot && isRoot(span))) return;
		const exceeded = this.#exceededBy(entry, span);
		if (exceeded !== undefined) {
			this.#count(exceeded);
			return;
		}
		this.#bytes += keepOnce(entry, span);
		entry.changedMs = this.#options.clock();
		if (isRoot(span)) Object.assign(entry, { hasRoot: true, rootAtMs: this.#options.clock() });
		this.#changed.add(span.traceId);
	}

	#exceededBy(entry: Entry, span: Span): LimitName | undefined {
		if (entry.hasRoot && this.#options.clock() - entry.rootAtMs > limits.joinSettledMs.value) return 'joinSettledMs';
		const [reservedSpans, reservedBytes] = isJoin([span]) ? [0, 0] : [RESERVED_SPANS, RESERVED_BYTES];
		if (entry.spans.size >= limits.joinSpans.value - reservedSpans) return 'joinSpans';
		return entry.bytes + sizeOf(span) > limits.joinBytes.value - reservedBytes ? 'joinBytes' : undefined;
	}

	#shrink(): void {
		while (this.#bytes > limits.joinsBytes.value && this.#entries.size > 1) {
			this.#count('joinsBytes');
			this.#forget(oldestOf(this.#entries));
		}
		while (this.#entries.size > this.#options.keptJoins + limits.joinsUntold.value) {
			this.#count('joinsUntold');
			this.#forget(oldestOf(this.#entries));
		}
	}

	#notify(id: string, entry: Entry): void {
		const spans = [...entry.spans.values()];
		const steps = stepsOf(id, spans);
		const own = joinOf(id, spans, steps);
		const join = { ...own, ...this.#options.eventsOf?.(own.node, own.startedMs, endOf(own)) };
		if (!entry.isCounted && join.state !== 'joining') {
			entry.isCounted = true;
			this.#storm.count(join, phaseDurations(spans));
		}
		this.#lines.set(id, join);
		const isSame = JSON.stringify(join) === JSON.stringify(entry.join);
		entry.join = join;
		if (!isSame) for (const listener of this.#listeners) listener.join(join);
		const interested = [...this.#listeners].filter((listener) => listener.wantsSteps(id));
		for (const stepId of staleSteps(entry.steps, steps)) entry.steps.delete(stepId);
		for (const step of steps) {
			const json = JSON.stringify(step);
			if (entry.steps.get(step.id)?.json === json) continue;
			entry.steps.set(step.id, { step, json });
			for (const listener of interested) listener.step(step, json);
		}
		this.#countSteps(entry);
	}

	#countSteps(entry: Entry): void {
		let bytes = 0;
		for (const { json } of entry.steps.values()) bytes += STEP_OVERHEAD_BYTES + json.length;
		this.#bytes += bytes - entry.stepBytes;
		entry.stepBytes = bytes;
	}

	#forgetOldest(): void {
		const { keptJoins, areSaved = false } = this.#options;
		for (const [id, entry] of this.#entries) {
			if (this.#entries.size <= keptJoins) return;
			const isComplete = !areSaved || this.#saved.has(id) || (!entry.hasRoot && this.#isIdle(entry));
			if (isComplete && !this.#changed.has(id)) this.#forget(id);
		}
	}

	#isIdle({ changedMs }: Entry): boolean {
		return this.#options.clock() - changedMs > IDLE_MS;
	}

	#forget(id: string): void {
		const entry = this.#entries.get(id);
		this.#entries.delete(id);
		this.#changed.delete(id);
		if (entry !== undefined) this.#bytes -= entry.bytes + entry.stepBytes;
		if (entry?.join !== undefined) this.#setLine({ ...lineOf(entry.join), isForgotten: !this.#saved.has(id) });
	}

	#setLine(line: Join): void {
		this.#lines.set(line.id, line);
		if (line.isForgotten) for (const listener of this.#listeners) listener.join(line);
	}
}

/** A join in progress has not ended with its last span. */
const endOf = ({ state, startedMs, durationMs }: Join): number =>
	state === 'joining' ? Number.POSITIVE_INFINITY : startedMs + durationMs;

/** Steps that are no part of the join, as later spans show. */
function staleSteps(known: ReadonlyMap<string, unknown>, steps: readonly Step[]): readonly string[] {
	const ids = new Set(steps.map(({ id }) => id));
	return [...known.keys()].filter((id) => !ids.has(id));
}

const oldestOf = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value ?? '';

/** The join with shortened texts. */
export function lineOf(join: Join): Join {
	const cut = (text: string): string => Buffer.from(text.slice(0, MAX_LINE_TEXT)).toString();
	const { failure, nextPhase } = join;
	const line = { ...join, nextPhase: cut(nextPhase) };
	if (failure === undefined) return line;
	const { code, sentence, mostLikely, alsoPossible, remedy } = failure;
	return {
		...line,
		failure: {
			code: cut(code),
			sentence: cut(sentence),
			...(mostLikely === undefined ? {} : { mostLikely: cut(mostLikely) }),
			...(alsoPossible === undefined ? {} : { alsoPossible: alsoPossible.slice(0, 3).map(cut) }),
			remedy: cut(remedy),
		},
	};
}
