/** Derives the steps of a join from its spans. Pure: the order in which the spans arrived does not matter. */
import type { Failure, Join, Lane, Lifetime, Step, Tls } from './api.ts';
import { inOrder } from './order.ts';
import type { Attributes, Span } from './otlp.ts';
import {
	isBefore,
	isOfJoin,
	isPhase,
	isRoot,
	isSeenByServer,
	isSeenMessage,
	isStore,
	phasesOf,
	SpanPlaces,
	startOf,
	text,
} from './span-places.ts';

export { isRoot } from './span-places.ts';

/** The service that a message without an answer was sent to, by its gRPC service; every other is the API server's. */
const answering: ReadonlyMap<string, string> = new Map([
	['kubejoin.v1.TokenStore', 'token-store'],
	['kubejoin.v1.CertificateAuthority', 'ca-service'],
]);

/** True if one of the spans belongs to the workflow of a join. */
export const isJoin = (spans: Iterable<Span>): boolean => {
	for (const span of spans) if (isOfJoin(span)) return true;
	return false;
};

/** The line of a join, from the spans that have arrived. */
export function joinOf(id: string, spans: readonly Span[], steps: readonly Step[]): Join {
	const root = spans.find(isRoot);
	const last = phasesOf(spans).at(-1);
	const startedMs = startOf(spans);
	const endMs = root?.endMs ?? spans.reduce((latest, span) => Math.max(latest, span.endMs), startedMs);
	const failure = root === undefined ? undefined : failureOf(root);
	const node = text((root ?? last)?.attributes ?? {}, 'k8s.node.name');
	const message = steps.findLast(({ kind, from }) => kind === 'message' && from === node);
	return {
		id,
		node,
		startedMs,
		durationMs: endMs - startedMs,
		state: root === undefined ? 'joining' : failure === undefined ? 'joined' : 'refused',
		phase: last?.name ?? '',
		nextPhase: root === undefined && last !== undefined ? text(last.attributes, 'kubejoin.phase.next') : '',
		failure,
		...(message === undefined ? {} : { peer: message.to }),
		...(message?.tls === undefined ? {} : { tls: message.tls }),
		...tokenBytesOf(spans),
		steps: steps.length,
		isForgotten: false,
		...(spans.some(isSeenByServer) ? { seenBy: 'apiserver-sim' } : {}),
	};
}

function tokenBytesOf(spans: readonly Span[]): Pick<Join, 'tokenBytes'> {
	const sent = spans.flatMap(({ service, attributes: { 'kubejoin.token.bytes': bytes } }) =>
		service === 'kubelet-sim' && typeof bytes === 'number' ? [bytes] : [],
	);
	return sent.length === 0 ? {} : { tokenBytes: sent.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Durations of the phases that passed. */
export const phaseDurations = (spans: readonly Span[]): readonly { readonly phase: string; readonly ms: number }[] =>
	spans
		.filter((span) => isPhase(span) && span.failed === undefined)
		.map(({ name, startMs, endMs }) => ({ phase: name, ms: endMs - startMs }));

/** The steps of a join, in the order in which they are shown. */
export function stepsOf(join: string, spans: readonly Span[]): readonly Step[] {
	const trace = new Trace(join, spans);
	return inOrder(spans.flatMap((span) => trace.steps(span)));
}

/** The span that answered a message: the first that names it, because a later one belongs to another request. */
export const answerOf = (message: Span, spans: readonly Span[]): Span | undefined =>
	spans
		.filter(({ kind, parentId }) => kind === 'server' && parentId === message.spanId)
		.reduce<Span | undefined>((first, one) => (first === undefined || isBefore(one, first) ? one : first), undefined);

class Trace {
	readonly #join: string;
	readonly #places: SpanPlaces;
	readonly #node: string;

	constructor(join: string, spans: readonly Span[]) {
		this.#join = join;
		this.#places = new SpanPlaces(spans);
		this.#node =
			spans
				.filter(isOfJoin)
				.map(({ attributes }) => text(attributes, 'k8s.node.name'))
				.find((name) => name !== '') ?? '';
	}

	steps(span: Span): Step[] {
		if (isRoot(span) || !this.#places.of(span).isOwn) return [];
		if (isPhase(span)) return [this.#check(span), ...this.#watchEvents(span)];
		if (isStore(span)) return [this.#store(span)];
		if (span.kind === 'client' || isSeenMessage(span)) return [this.#message(span)];
		// A controller that found nothing to do is no step.
		if (span.kind === 'consumer' && this.#places.hasEffects(span)) return [this.#seen(span)];
		return [];
	}

	#lane(span: Span): Lane {
		const { service } = span;
		if (isSeenByServer(span)) return this.#node === '' ? 'kubeadm' : this.#node;
		return service === 'kubelet-sim' && this.#node !== '' ? this.#node : service;
	}

	#common(span: Span) {
		const { phase, phaseIndex, depth, beginMs } = this.#places.of(span);
		const failure = failureOf(span);
		const sequence = span.attributes['kubejoin.start_us'];
		return {
			id: span.spanId,
			join: this.#join,
			phase,
			phaseIndex,
			depth,
			...(typeof sequence === 'number' ? { sequence } : {}),
			startMs: beginMs,
			durationMs: span.endMs - span.startMs,
			atMs: isPhase(span) ? this.#places.checkMs(span) : beginMs,
			failure,
		};
	}

	#check(span: Span): Step {
		const { attributes } = span;
		const moment = text(attributes, 'kubejoin.moment');
		const lane = this.#lane(span);
		const common = this.#common(span);
		const hasPassed = common.failure === undefined;
		return {
			...common,
			kind: 'check',
			from: lane,
			to: lane,
			label: span.name,
			...(hasPassed ? { trust: text(attributes, 'kubejoin.trust') } : {}),
			...(hasPassed && (moment === 'node-trusts-cluster' || moment === 'cluster-trusts-node') ? { moment } : {}),
		};
	}

	#message(span: Span): Step {
		const { attributes } = span;
		const server = isSeenMessage(span) ? span : this.#places.answerTo(span);
		const of = (key: string): string => (server === undefined ? '' : text(server.attributes, key));
		const service = text(attributes, 'rpc.service');
		const resource = of('kubejoin.request.what');
		const user = of('kubejoin.user');
		const decision = of('kubejoin.decision');
		const tls = text(attributes, 'kubejoin.tls');
		const expected = text(attributes, 'kubejoin.expected_error');
		return {
			...this.#common(span),
			kind: 'message',
			from: this.#lane(span),
			to: server === undefined || server === span ? (answering.get(service) ?? 'apiserver-sim') : this.#lane(server),
			label:
				resource === ''
					? `${service.split('.').at(-1)}/${text(attributes, 'rpc.method')}`
					: `${of('kubejoin.request.verb')} ${resource}`,
			...(isTls(tls) ? { tls } : {}),
			...negotiatedOf(span),
			...(user === '' ? {} : { user }),
			...(decision === 'allowed' || decision === 'refused' ? { decision } : {}),
			...(expected === '' ? {} : { expectedError: expected }),
			...sized(span, 'SENT', 'sentBytes'),
			...sized(span, 'RECEIVED', 'receivedBytes'),
		};
	}

	#store(span: Span): Step {
		const lane = this.#lane(span);
		const label = `${span.name} ${text(span.attributes, 'kubejoin.key')}`.trim();
		const store = text(span.attributes, 'db.system.name');
		const tls = text(span.attributes, 'kubejoin.tls');
		return {
			...this.#common(span),
			kind: 'store',
			from: lane,
			to: lane,
			label,
			...(store === '' ? {} : { store }),
			...(isTls(tls) ? { tls } : {}),
			...negotiatedOf(span),
		};
	}

	#seen(span: Span): Step {
		return { ...this.#common(span), kind: 'seen', from: 'apiserver-sim', to: this.#lane(span), label: span.name };
	}

	/** Changes that the node saw by watch during a phase. */
	#watchEvents(span: Span): Step[] {
		const { depth, startMs, failure: _, ...common } = this.#common(span);
		return span.events
			.filter(({ name }) => name === 'kubejoin.seen')
			.map(({ atMs, attributes }, index) => {
				const seenMs = startMs + atMs - span.startMs;
				return {
					...common,
					id: `${span.spanId}-${index}`,
					depth: depth + 1,
					kind: 'seen',
					from: text(attributes, 'kubejoin.seen.from'),
					to: this.#lane(span),
					label: text(attributes, 'kubejoin.seen.what'),
					startMs: seenMs,
					durationMs: 0,
					atMs: seenMs,
				};
			});
	}
}

function negotiatedOf({ attributes }: Span): Pick<Step, 'negotiated'> {
	const version = text(attributes, 'tls.protocol.version');
	if (attributes['tls.established'] !== true && version === '') return {};
	const protocol = version === '' ? 'TLS' : `TLS ${version}`;
	const names = ['tls.cipher', 'tls.curve', 'tls.next_protocol'] as const;
	const server = lifetimeOf(attributes, 'server');
	const client = lifetimeOf(attributes, 'client');
	return {
		negotiated: {
			parameters: [protocol, ...names.map((name) => text(attributes, name)).filter((value) => value !== '')],
			...(server === undefined ? {} : { server }),
			...(client === undefined ? {} : { client }),
		},
	};
}

function lifetimeOf(attributes: Attributes, side: 'server' | 'client'): Lifetime | undefined {
	const notBeforeMs = Date.parse(text(attributes, `tls.${side}.not_before`));
	const notAfterMs = Date.parse(text(attributes, `tls.${side}.not_after`));
	return notBeforeMs < notAfterMs ? { notBeforeMs, notAfterMs } : undefined;
}

const isTls = (value: string): value is Tls => ['none', 'unverified', 'one-way', 'mutual'].includes(value);

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
