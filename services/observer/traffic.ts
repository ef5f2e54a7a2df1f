/**
 * The messages of all joins, for the map: each once, shortly after it ended, and a count for each line between two
 * programs. The lines of the nodes are one line: `Join.tls` and `Join.peer` have the line of one node. Bounded in
 * lines, and in messages between two calls of `flush`.
 */
import type { Line, Message, Step, Traffic as TrafficEvent } from './api.ts';
import type { Joins } from './joins.ts';
import type { Refusals } from './refusals.ts';

export type TrafficListener = (traffic: TrafficEvent) => void;

/** The name of all nodes in a line. */
const NODES = 'kubelet-sim';
const OBSERVER = 'observer';
const MAX_LINES = 64;
/** More than the eye can follow: the rest is counted. */
const MAX_MESSAGES = 24;
const MAX_WAITING = 2_000;
/** Steps that were shown; a later change of one is no second message. */
const MAX_SHOWN = 20_000;
const MAX_REFUSED = 20;
const WINDOW_S = 60;
const EVERY_MS = 1_000;

interface Counted {
	line: Omit<Line, 'perMinute'>;
	/** Calls in each of the last seconds, by second modulo the window. */
	readonly seconds: Uint32Array;
}

export class Traffic {
	readonly #joins: Joins;
	readonly #refusals: Pick<Refusals, 'list'>;
	readonly #clock: () => number;
	readonly #lines = new Map<string, Counted>();
	readonly #listeners = new Set<TrafficListener>();
	readonly #shown = new Set<string>();
	/** Their other half can arrive with the next spans: a message names its receiver only then. */
	#waiting = new Map<string, Step>();
	#next = new Map<string, Step>();
	#second = 0;
	#sentMs = 0;
	#sentLines = '';

	constructor(joins: Joins, refusals: Pick<Refusals, 'list'>, clock: () => number) {
		this.#joins = joins;
		this.#refusals = refusals;
		this.#clock = clock;
		joins.listen({
			join: () => undefined,
			wantsSteps: () => true,
			step: (step) => this.#take(step),
		});
	}

	/** Call a few times a second, after the flush of the joins. */
	flush(): void {
		this.#forgetOldSeconds();
		const due = [...this.#waiting.values()];
		this.#waiting = this.#next;
		this.#next = new Map();
		const messages: Message[] = [];
		for (const step of due) {
			const message = this.#count(step);
			if (message !== undefined && messages.length < MAX_MESSAGES) messages.push(message);
		}
		const nowMs = this.#clock();
		if (messages.length === 0 && nowMs - this.#sentMs < EVERY_MS) return;
		const now = this.present();
		const text = JSON.stringify(now);
		if (messages.length === 0 && text === this.#sentLines) return;
		this.#sentMs = nowMs;
		this.#sentLines = text;
		for (const listener of this.#listeners) listener({ ...now, messages });
	}

	present(): TrafficEvent {
		return { lines: this.lines(), messages: [], refusedConnections: this.#refusals.list().slice(-MAX_REFUSED) };
	}

	lines(): readonly Line[] {
		return [...this.#lines.values()].map(({ line, seconds }) => ({
			...line,
			perMinute: seconds.reduce((sum, count) => sum + count, 0),
		}));
	}

	/** @returns stops listening */
	listen(listener: TrafficListener): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	/** Call for each request with spans of a program, which has no TLS. */
	addExport(program: string): void {
		this.#add(program, OBSERVER, { tls: 'none' });
	}

	#take(step: Step): void {
		if (step.kind === 'check' || step.kind === 'seen') return;
		const key = keyOf(step);
		if (this.#waiting.has(key)) this.#waiting.set(key, step);
		else if (this.#next.has(key) || (!this.#shown.has(key) && this.#next.size < MAX_WAITING)) this.#next.set(key, step);
	}

	#count(step: Step): Message | undefined {
		this.#shown.add(keyOf(step));
		if (this.#shown.size > MAX_SHOWN) this.#shown.delete(this.#shown.keys().next().value ?? '');
		const join = this.#joins.find(step.join);
		if (join === undefined) return undefined;
		const to = step.kind === 'store' ? (step.store ?? 'store') : step.to;
		this.#add(step.from === join.node ? NODES : step.from, to, step);
		if (step.kind === 'store') return undefined;
		const { id, from, tls, label, durationMs, failure } = step;
		return {
			...{ id, join: join.id, from, to, label, durationMs },
			...(tls === undefined ? {} : { tls }),
			...(failure === undefined ? {} : { failed: failure.code }),
			startMs: join.startedMs + step.startMs,
		};
	}

	#add(from: string, to: string, step: Pick<Step, 'tls'> & Partial<Step>): void {
		const { tls, negotiated, failure, id, join } = step;
		const key = `${from}~${to}~${tls ?? ''}`;
		const known = this.#lines.get(key);
		if (known === undefined && this.#lines.size >= MAX_LINES) return;
		const counted = known ?? {
			line: { from, to, ...(tls === undefined ? {} : { tls }), calls: 0, refused: 0 },
			seconds: new Uint32Array(WINDOW_S),
		};
		const { calls, refused } = counted.line;
		counted.line = {
			...counted.line,
			...(negotiated === undefined ? {} : { negotiated }),
			...(negotiated === undefined || id === undefined || join === undefined ? {} : { last: { id, join } }),
			calls: calls + 1,
			refused: refused + (failure === undefined ? 0 : 1),
		};
		const at = this.#second % WINDOW_S;
		counted.seconds[at] = (counted.seconds[at] ?? 0) + 1;
		this.#lines.set(key, counted);
	}

	#forgetOldSeconds(): void {
		const now = Math.floor(this.#clock() / 1_000);
		const from = Math.max(this.#second + 1, now - WINDOW_S + 1);
		for (let second = from; second <= now; second++)
			for (const { seconds } of this.#lines.values()) seconds[second % WINDOW_S] = 0;
		this.#second = Math.max(this.#second, now);
	}
}

/** Spans of two joins can have the same ID. */
const keyOf = ({ join, id }: Step): string => `${join}/${id}`;
