/** The spans of a join -> what can be drawn of it. Pure: the same spans give the same steps, in whatever order they came. */
import type { Failure, Join, Lane, Step, Tls } from './api.ts';
import type { Attributes, Span } from './otlp.ts';

/** Who answers a method when nobody did. */
const answering: ReadonlyMap<string, string> = new Map([
	['kubejoin.v1.TokenStore', 'token-store'],
	['kubejoin.v1.CertificateAuthority', 'ca-service'],
]);

const text = (attributes: Attributes, key: string): string =>
	typeof attributes[key] === 'string' ? attributes[key] : '';
/** Only the node speaks for its join. */
const isOfJoin = ({ service, attributes }: Span): boolean =>
	service === 'kubelet-sim' && attributes['kubejoin.workflow'] === 'join';
export const isRoot = (span: Span): boolean => isOfJoin(span) && span.name === 'join';
const isStore = ({ kind, attributes }: Span): boolean => kind === 'client' && 'db.system.name' in attributes;
const isPhase = (span: Span): boolean => isOfJoin(span) && !isRoot(span);

/** True once it is known that the trace is a join's. */
export const isJoin = (spans: Iterable<Span>): boolean => {
	for (const span of spans) if (isOfJoin(span)) return true;
	return false;
};

/** The line of a join in a list, as far as its spans are known. */
export function joinOf(id: string, spans: readonly Span[], steps: number): Join {
	const root = spans.find(isRoot);
	const phases = spans.filter(isPhase).sort((a, b) => a.startMs - b.startMs);
	const last = phases.at(-1);
	const startedMs = startOf(spans);
	const endMs = root?.endMs ?? spans.reduce((latest, span) => Math.max(latest, span.endMs), startedMs);
	const failure = root === undefined ? undefined : failureOf(root);
	return {
		id,
		node: text((root ?? last)?.attributes ?? {}, 'k8s.node.name'),
		startedMs,
		durationMs: endMs - startedMs,
		state: root === undefined ? 'joining' : failure === undefined ? 'joined' : 'refused',
		phase: last?.name ?? '',
		nextPhase: root === undefined && last !== undefined ? text(last.attributes, 'kubejoin.phase.next') : '',
		...(failure === undefined ? {} : { failure }),
		steps,
		isForgotten: false,
	};
}

/** Durations of the phases that ended well, in milliseconds. */
export const phaseDurations = (spans: readonly Span[]): readonly { readonly phase: string; readonly ms: number }[] =>
	spans
		.filter((span) => isPhase(span) && span.failed === undefined)
		.map(({ name, startMs, endMs }) => ({ phase: name, ms: endMs - startMs }));

/** The steps of a join, in the order in which they began. */
export function stepsOf(join: string, spans: readonly Span[]): readonly Step[] {
	const trace = new Trace(join, spans);
	return spans.flatMap((span) => trace.steps(span)).sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1));
}

/** The span of the program that answered a message: the first of those that name it, for a later one comes from another request. */
export const answerOf = (message: Span, spans: readonly Span[]): Span | undefined =>
	spans
		.filter(({ kind, parentId }) => kind === 'server' && parentId === message.spanId)
		.reduce<Span | undefined>((first, one) => (first === undefined || isBefore(one, first) ? one : first), undefined);

function startOf(spans: readonly Span[]): number {
	const own = spans.filter(isOfJoin);
	const [first, ...others] = own.length === 0 ? spans : own;
	return others.reduce((earliest, { startMs }) => Math.min(earliest, startMs), first?.startMs ?? 0);
}

/** Where a span is in its join. */
interface Place {
	/** Empty while it is unknown. */
	readonly phase: string;
	/**
	 * False below a message that no program of the join sent. A client of the API server chooses the trace that its request continues, and the page
	 * shows the ids of traces and steps.
	 */
	readonly isOwn: boolean;
}

/** The spans of one join with what connects them. */
class Trace {
	readonly #join: string;
	readonly #byId: ReadonlyMap<string, Span>;
	/** The answer to each message, by the span of its sender. */
	readonly #servers = new Map<string, Span>();
	readonly #places = new Map<string, Place>();
	readonly #withChildren = new Set<string>();
	readonly #node: string;
	readonly #startMs: number;

	constructor(join: string, spans: readonly Span[]) {
		this.#join = join;
		this.#byId = new Map(spans.map((span) => [span.spanId, span]));
		this.#startMs = startOf(spans);
		this.#node =
			spans
				.filter(isOfJoin)
				.map(({ attributes }) => text(attributes, 'k8s.node.name'))
				.find((name) => name !== '') ?? '';
		for (const span of spans) {
			if (span.kind !== 'server') this.#withChildren.add(span.parentId);
			const answer = this.#servers.get(span.parentId);
			// A second answer comes from a request that only names the same message; it began later.
			if (span.kind === 'server' && (answer === undefined || isBefore(span, answer)))
				this.#servers.set(span.parentId, span);
		}
	}

	steps(span: Span): Step[] {
		if (isRoot(span) || !this.#place(span).isOwn) return [];
		if (isPhase(span)) return [this.#check(span), ...this.#told(span)];
		if (isStore(span)) return [this.#store(span)];
		if (span.kind === 'client') return [this.#message(span)];
		// A controller that looked and found nothing to do is no step.
		if (span.kind === 'consumer' && this.#withChildren.has(span.spanId)) return [this.#seen(span)];
		return [];
	}

	#lane({ service }: Span): Lane {
		return service === 'kubelet-sim' && this.#node !== '' ? this.#node : service;
	}

	/** Each span is visited once, however long the chain of its parents is. */
	#place(span: Span): Place {
		const path: Span[] = [];
		const onPath = new Set<string>();
		let at: Span | undefined = span;
		for (; at !== undefined && !this.#places.has(at.spanId); at = this.#byId.get(at.parentId)) {
			if (onPath.has(at.spanId)) break;
			onPath.add(at.spanId);
			path.push(at);
		}
		let place: Place = (at && this.#places.get(at.spanId)) ?? { phase: '', isOwn: true };
		for (const one of path.toReversed()) {
			place = {
				phase: isPhase(one) ? one.name : place.phase,
				isOwn: place.isOwn && (one.kind !== 'server' || this.#isAnswer(one)),
			};
			this.#places.set(one.spanId, place);
		}
		return place;
	}

	#isAnswer(span: Span): boolean {
		const message = this.#byId.get(span.parentId);
		return message?.kind === 'client' && !isStore(message) && this.#servers.get(span.parentId) === span;
	}

	#common(span: Span, id = span.spanId): Pick<Step, 'id' | 'join' | 'phase' | 'startMs' | 'durationMs' | 'failure'> {
		const failure = failureOf(span);
		return {
			id,
			join: this.#join,
			phase: this.#place(span).phase,
			startMs: span.startMs - this.#startMs,
			durationMs: span.endMs - span.startMs,
			...(failure === undefined ? {} : { failure }),
		};
	}

	#check(span: Span): Step {
		const { attributes } = span;
		const moment = text(attributes, 'kubejoin.moment');
		const lane = this.#lane(span);
		const isMoment =
			(moment === 'node-trusts-cluster' || moment === 'cluster-trusts-node') && span.failed === undefined;
		return {
			...this.#common(span),
			kind: 'check',
			from: lane,
			to: lane,
			label: span.name,
			trust: text(attributes, 'kubejoin.trust'),
			...(isMoment ? { moment } : {}),
		};
	}

	#message(span: Span): Step {
		const { attributes } = span;
		const server = this.#servers.get(span.spanId);
		const service = text(attributes, 'rpc.service');
		const what = server === undefined ? '' : text(server.attributes, 'kubejoin.request.what');
		const own = `${service.split('.').at(-1)}/${text(attributes, 'rpc.method')}`;
		const user = server === undefined ? '' : text(server.attributes, 'kubejoin.user');
		const decision = server === undefined ? '' : text(server.attributes, 'kubejoin.decision');
		const tls = text(attributes, 'kubejoin.tls');
		return {
			...this.#common(span),
			kind: 'message',
			from: this.#lane(span),
			to: server === undefined ? (answering.get(service) ?? 'apiserver-sim') : this.#lane(server),
			label: server === undefined || what === '' ? own : `${text(server.attributes, 'kubejoin.request.verb')} ${what}`,
			...(isTls(tls) ? { tls } : {}),
			...(user === '' ? {} : { user }),
			...(decision === 'allowed' || decision === 'refused' ? { decision } : {}),
			...sized(span, 'SENT', 'sentBytes'),
			...sized(span, 'RECEIVED', 'receivedBytes'),
		};
	}

	#store(span: Span): Step {
		const lane = this.#lane(span);
		return {
			...this.#common(span),
			kind: 'store',
			from: lane,
			to: lane,
			label: `${span.name} ${text(span.attributes, 'kubejoin.key')}`.trim(),
		};
	}

	#seen(span: Span): Step {
		return { ...this.#common(span), kind: 'seen', from: 'apiserver-sim', to: this.#lane(span), label: span.name };
	}

	/** What the watch told during a phase. */
	#told(span: Span): Step[] {
		return span.events
			.filter(({ name }) => name === 'kubejoin.seen')
			.map(({ atMs, attributes }, index) => ({
				id: `${span.spanId}-${index}`,
				join: this.#join,
				phase: span.name,
				kind: 'seen',
				from: text(attributes, 'kubejoin.seen.from'),
				to: this.#lane(span),
				label: text(attributes, 'kubejoin.seen.what'),
				startMs: atMs - this.#startMs,
				durationMs: 0,
			}));
	}
}

const isBefore = (a: Span, b: Span): boolean =>
	a.startMs < b.startMs || (a.startMs === b.startMs && a.spanId < b.spanId);
const isTls = (value: string): value is Tls => value === 'unverified' || value === 'one-way' || value === 'mutual';

function sized(span: Span, type: string, key: 'sentBytes' | 'receivedBytes'): { readonly [K in typeof key]?: number } {
	const bytes = span.events.find(({ attributes }) => attributes['rpc.message.type'] === type)?.attributes[
		'rpc.message.uncompressed_size'
	];
	return typeof bytes === 'number' ? { [key]: bytes } : {};
}

export function failureOf({ failed, attributes }: Span): Failure | undefined {
	const code = text(attributes, 'error.type');
	if (failed === undefined && code === '') return undefined;
	const mostLikely = text(attributes, 'kubejoin.most_likely');
	const alsoPossible = attributes['kubejoin.also_possible'];
	return {
		code,
		sentence: failed ?? '',
		...(mostLikely === '' ? {} : { mostLikely }),
		...(Array.isArray(alsoPossible) ? { alsoPossible } : {}),
		remedy: text(attributes, 'kubejoin.remedy'),
	};
}
