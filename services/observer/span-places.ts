/**
 * The place of each span in its join: its phase, its depth, and the time at which it began. OpenTelemetry truncates
 * the start of a span to the millisecond and measures its duration in microseconds, and the clocks of two services
 * can differ. A span that seems to begin before its parent is moved to the time of its parent, and one that seems to
 * begin before the check of the phase before it is moved behind that check: the state at the time of a check has
 * nothing of the next phase.
 */
import type { Attributes, Span } from './otlp.ts';

export interface Place {
	/** Empty while it is unknown. */
	readonly phase: string;
	/** Position of the phase in the join. */
	readonly phaseIndex?: number;
	/** Number of ancestors up to the phase. */
	readonly depth: number;
	/** Milliseconds since the join began. */
	readonly beginMs: number;
	/**
	 * False below a message that no program of the join sent. A client of the API server chooses the trace that its
	 * request continues, and the page shows the IDs of traces and steps.
	 */
	readonly isOwn: boolean;
}

/** The resolution of the start of a span. */
const RESOLUTION_MS = 1;
/** From a check to the next phase at least: the resolution of a duration. */
const AFTER_CHECK_MS = 0.001;

export const text = (attributes: Attributes, key: string): string =>
	typeof attributes[key] === 'string' ? attributes[key] : '';
const SEEN_BY = 'kubejoin.seen_by';
/** From the API server, about a client that sends no trace. */
export const isSeenByServer = ({ service, attributes }: Span): boolean =>
	service === 'apiserver-sim' && attributes[SEEN_BY] === 'apiserver-sim';
/** The node reports the phases and the end of its join, or the API server for a node that sends no trace. */
export const isOfJoin = (span: Span): boolean =>
	(span.service === 'kubelet-sim' || isSeenByServer(span)) && span.attributes['kubejoin.workflow'] === 'join';
/** A message of a client that sends no trace. */
export const isSeenMessage = (span: Span): boolean => span.kind === 'server' && isSeenByServer(span);
export const isRoot = (span: Span): boolean => isOfJoin(span) && span.name === 'join';
export const isPhase = (span: Span): boolean => isOfJoin(span) && !isRoot(span);
export const isStore = ({ kind, attributes }: Span): boolean => kind === 'client' && 'db.system.name' in attributes;

const indexOf = ({ attributes: { 'kubejoin.phase.index': index } }: Span): number =>
	typeof index === 'number' ? index : 0;

/** The phases of a join in the order in which they ran. */
export const phasesOf = (spans: readonly Span[]): readonly Span[] =>
	spans
		.filter(isPhase)
		.sort(
			(a, b) => indexOf(a) - indexOf(b) || a.startMs - b.startMs || a.endMs - b.endMs || (a.spanId < b.spanId ? -1 : 1),
		);

export function startOf(spans: readonly Span[]): number {
	const own = spans.filter(isOfJoin);
	const [first, ...others] = own.length === 0 ? spans : own;
	return others.reduce((earliest, { startMs }) => Math.min(earliest, startMs), first?.startMs ?? 0);
}

export const isBefore = (a: Span, b: Span): boolean =>
	a.startMs < b.startMs || (a.startMs === b.startMs && a.spanId < b.spanId);

export class SpanPlaces {
	readonly #byId: ReadonlyMap<string, Span>;
	readonly #startMs: number;
	/** The answer to each message, by the span of its sender. */
	readonly #answers = new Map<string, Span>();
	readonly #children = new Map<string, Span[]>();
	readonly #places = new Map<string, Place>();
	readonly #phaseIndex = new Map<string, number>();
	/** When the check of a phase is complete, by the id of its span. In the order of the phases. */
	readonly #checkMs = new Map<string, number>();

	constructor(spans: readonly Span[]) {
		this.#byId = new Map(spans.map((span) => [span.spanId, span]));
		this.#startMs = startOf(spans);
		for (const span of spans) {
			const siblings = this.#children.get(span.parentId);
			if (siblings === undefined) this.#children.set(span.parentId, [span]);
			else siblings.push(span);
			const answer = this.#answers.get(span.parentId);
			// A second answer comes from a request that only names the same message; it began later.
			if (span.kind === 'server' && (answer === undefined || isBefore(span, answer)))
				this.#answers.set(span.parentId, span);
		}
		const phases = phasesOf(spans);
		for (const [index, phase] of phases.entries()) this.#phaseIndex.set(phase.spanId, index);
		for (const phase of phases) this.#checkMs.set(phase.spanId, this.#completeMs(phase));
	}

	answerTo({ spanId }: Span): Span | undefined {
		return this.#answers.get(spanId);
	}

	/** True for a span that caused another besides its answer. */
	hasEffects({ spanId }: Span): boolean {
		return this.#children.get(spanId)?.some(({ kind }) => kind !== 'server') === true;
	}

	checkMs(phase: Span): number {
		return this.#checkMs.get(phase.spanId) ?? 0;
	}

	/** Each span is visited once, however long the chain of its parents is. */
	of(span: Span): Place {
		const path: Span[] = [];
		const onPath = new Set<string>();
		let at: Span | undefined = span;
		for (; at !== undefined && !this.#places.has(at.spanId); at = this.#byId.get(at.parentId)) {
			if (onPath.has(at.spanId)) break;
			onPath.add(at.spanId);
			path.push(at);
		}
		let place = at && this.#places.get(at.spanId);
		for (const one of path.toReversed()) {
			place = this.#below(place, one);
			this.#places.set(one.spanId, place);
		}
		return place ?? this.#below(undefined, span);
	}

	#below(parent: Place | undefined, span: Span): Place {
		const isOwn = (parent?.isOwn ?? true) && (span.kind !== 'server' || isSeenMessage(span) || this.#isAnswer(span));
		const depth = parent === undefined || isPhase(span) ? 0 : parent.depth + 1;
		const phaseIndex = this.#phaseIndex.get(span.spanId) ?? parent?.phaseIndex;
		return {
			phase: isPhase(span) ? span.name : (parent?.phase ?? ''),
			phaseIndex,
			depth,
			beginMs: Math.max(span.startMs - this.#startMs, this.#causeMs(parent, span)),
			isOwn,
		};
	}

	/** The earliest time at which the span can have begun. */
	#causeMs(parent: Place | undefined, span: Span): number {
		const checks = [...this.#checkMs.values()];
		if (isPhase(span)) {
			const before = checks[(this.#phaseIndex.get(span.spanId) ?? 0) - 1];
			return Math.max(parent?.beginMs ?? 0, before === undefined ? 0 : before + AFTER_CHECK_MS);
		}
		if (parent !== undefined) return parent.beginMs;
		if (span.service !== 'kubelet-sim' || isRoot(span)) return Number.NEGATIVE_INFINITY;
		// The phase of this message has not ended: the phases that have ended came before it.
		const startMs = span.startMs - this.#startMs;
		const ended = checks.filter((ms) => ms < startMs + RESOLUTION_MS);
		return Math.max(Number.NEGATIVE_INFINITY, ...ended.map((ms) => ms + AFTER_CHECK_MS));
	}

	/** A check is complete when the phase has ended and its last message was sent. */
	#completeMs(phase: Span): number {
		const { beginMs } = this.of(phase);
		const sent = (this.#children.get(phase.spanId) ?? []).filter(({ service }) => service === phase.service);
		return sent.reduce(
			(latest, message) => Math.max(latest, this.of(message).beginMs),
			beginMs + phase.endMs - phase.startMs,
		);
	}

	#isAnswer(span: Span): boolean {
		const message = this.#byId.get(span.parentId);
		return message?.kind === 'client' && !isStore(message) && this.#answers.get(span.parentId) === span;
	}
}
