/**
 * Traces: one join is one trace. Spans come from two places only, the interceptors of the mesh (a message) and the
 * workflow runner (a check), and are made here. Without a collector nothing is recorded. No secret and no key is ever
 * an attribute, nor is an error's text that is not of the table.
 */
import { randomBytes } from 'node:crypto';
import {
	type Attributes,
	context,
	createContextKey,
	INVALID_SPAN_CONTEXT,
	ProxyTracerProvider,
	propagation,
	ROOT_CONTEXT,
	type Span,
	SpanKind,
	SpanStatusCode,
	TraceFlags,
	type TracerProvider,
	trace,
} from '@opentelemetry/api';
import { monotonicClock } from './clock.ts';
import { type ErrorCode, KubejoinError } from './errors.ts';

export type { Attributes } from '@opentelemetry/api';
export { SpanKind } from '@opentelemetry/api';

const tracer = () => trace.getTracer('kubejoin');
const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
const SENDS_TRACE = createContextKey('the client of the request sends a trace context');

/** Whether a provider is registered. Without one, no span is recorded. */
export function hasProvider(): boolean {
	const provider = trace.getTracerProvider();
	return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('kubejoin') !== undefined;
}

/** That of a service: it records a request only if its client does. */
export interface ServiceTracerProvider extends TracerProvider {
	readonly recordsOwnTraces: false;
}

function recordsOwnTraces(): boolean {
	const provider = trace.getTracerProvider();
	const delegate = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
	return (delegate as Partial<ServiceTracerProvider>).recordsOwnTraces ?? true;
}

export interface SpanOptions {
	readonly kind?: SpanKind;
	readonly attributes?: Attributes;
	/** W3C trace context of the caller; undefined: a child of the current span. */
	readonly parent?: TraceHeaders;
	/** Errors that are a normal answer to this caller: they do not mark the span as failed. */
	readonly expects?: readonly ErrorCode[] | undefined;
}
/** `traceparent` and, where there is one, `tracestate`. @source https://www.w3.org/TR/trace-context/ */
export type TraceHeaders = Readonly<Record<string, string>>;

/**
 * Runs the work in a span, which ends with it. An error marks the span with its code and is thrown again.
 *
 * @param options  a function: of a span that is recorded only within a recorded one, and called only then
 * @throws the error of the work
 */
export function inSpan<T>(
	name: string,
	options: SpanOptions | (() => SpanOptions),
	work: (span: Span) => Promise<T> | T,
): Promise<T> {
	// Without a collector, spans, their contexts and their attributes would cost a third of a read.
	if (!hasProvider()) return untraced(work);
	if (typeof options !== 'function')
		return isOfNoTrace(options) ? outsideTrace(() => untraced(work)) : inRecordedSpan(name, options, work);
	return trace.getActiveSpan()?.isRecording() ? inRecordedSpan(name, options(), work) : untraced(work);
}

/** Most requests are of clients without a trace, and a span that is not recorded costs a tenth of a heartbeat. */
const isOfNoTrace = ({ kind, parent }: SpanOptions): boolean =>
	kind === SpanKind.SERVER && parent?.traceparent === undefined && !recordsOwnTraces();

function untraced<T>(work: (span: Span) => Promise<T> | T): Promise<T> {
	try {
		return Promise.resolve(work(noSpan));
	} catch (error) {
		return Promise.reject(error);
	}
}

async function inRecordedSpan<T>(
	name: string,
	{ kind = SpanKind.INTERNAL, attributes = {}, parent, expects = [] }: SpanOptions,
	work: (span: Span) => Promise<T> | T,
): Promise<T> {
	const from = parent === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, parent);
	// The SDK truncates the start to milliseconds: this orders the spans of one program.
	const start = { 'kubejoin.start_us': Math.round(monotonicClock() * 1_000) };
	const span = tracer().startSpan(name, { kind, attributes: { ...attributes, ...start } }, from);
	const within = trace.setSpan(from, span);
	const called = parent === undefined ? within : within.setValue(SENDS_TRACE, trace.getSpan(from) !== undefined);
	try {
		return await context.with(called, () => work(span));
	} catch (error) {
		if (error instanceof KubejoinError && expects.includes(error.code))
			span.setAttribute('kubejoin.expected_error', error.code);
		else markFailed(span, error);
		throw error;
	} finally {
		span.end();
	}
}

function markFailed(span: Span, error: unknown): void {
	const known = error instanceof KubejoinError ? error : undefined;
	span.setAttributes({ 'error.type': known?.code ?? 'INTERNAL', ...(known === undefined ? {} : adviceOf(known)) });
	span.setStatus({ code: SpanStatusCode.ERROR, ...(known === undefined ? {} : { message: known.message }) });
}

const adviceOf = ({ mostLikely, alsoPossible, remedy }: KubejoinError): Attributes => ({
	'kubejoin.most_likely': mostLikely,
	...(alsoPossible.length === 0 ? {} : { 'kubejoin.also_possible': [...alsoPossible] }),
	'kubejoin.remedy': remedy,
});

/** True if the client of the current request sends a trace context. It can be of a trace that is not recorded. */
export const isTraced = (): boolean => context.active().getValue(SENDS_TRACE) === true;

export interface SeenSpanOptions {
	readonly kind?: SpanKind;
	readonly attributes: Attributes;
	/** Milliseconds of Unix time. */
	readonly startMs: number;
	/** Absent: the first span of a trace of its own, which is recorded. */
	readonly parent?: SeenSpan;
}
/** A part of the work of a client that sends no trace, with the times at which this program saw it. */
export interface SeenSpan {
	readonly span: Span;
	readonly isRecorded: boolean;
	readonly event: (event: string, attributes: Attributes, atMs: number) => void;
	readonly end: (endMs: number, error?: KubejoinError, attributes?: Attributes) => void;
}

export function startSeenSpan(name: string, { kind, attributes, startMs, parent }: SeenSpanOptions): SeenSpan {
	const from =
		parent === undefined
			? trace.setSpanContext(ROOT_CONTEXT, recordedContext())
			: trace.setSpan(ROOT_CONTEXT, parent.span);
	const start = { 'kubejoin.start_us': Math.round(startMs * 1_000) };
	const options = { kind: kind ?? SpanKind.INTERNAL, attributes: { ...attributes, ...start }, startTime: startMs };
	const span = tracer().startSpan(name, options, from);
	return {
		span,
		isRecorded: span.isRecording(),
		event: (event, of, atMs) => void span.addEvent(event, of, atMs),
		end(endMs, error, more = {}) {
			span.setAttributes(more);
			if (error !== undefined) markFailed(span, error);
			span.end(endMs);
		},
	};
}

/** Services record only traces of others: the caller of this one does not exist. */
const recordedContext = () => ({
	traceId: randomBytes(16).toString('hex'),
	spanId: randomBytes(8).toString('hex'),
	traceFlags: TraceFlags.SAMPLED,
	isRemote: true,
});

/**
 * Adds a finding or a decision to the current span. It must not contain a secret or a key.
 *
 * @param attributes  a function is called only if there is a span
 */
export function setSpanAttributes(attributes: Attributes | (() => Attributes)): void {
	const span = trace.getActiveSpan();
	span?.setAttributes(typeof attributes === 'function' ? attributes() : attributes);
}

/** Records an event on the current span. It must not contain a secret or a key. */
export const addSpanEvent = (event: string, attributes: Attributes = {}): void =>
	void trace.getActiveSpan()?.addEvent(event, attributes);

/** Starts work that belongs to no trace, although its caller does: a queue that many callers share. */
export const outsideTrace = <T>(work: () => T): T => context.with(ROOT_CONTEXT, work);

/** Headers that carry the trace to another process; empty without a collector. */
export function traceHeaders(): TraceHeaders {
	const found: Record<string, string> = {};
	propagation.inject(context.active(), found);
	return found;
}

/** On an object that one process writes and another sees by watch: the trace of which it is a part. */
const ANNOTATION = 'kubejoin.dev/traceparent';

/** Annotations with which a watcher of the object continues this trace; none without a collector. */
export function traceAnnotations(): Record<string, string> {
	const { traceparent } = traceHeaders();
	return traceparent === undefined ? {} : { [ANNOTATION]: traceparent };
}

/** The trace that an object belongs to, as a parent for spans. */
const carrierOf = (annotations: Readonly<Record<string, string>> = {}): TraceHeaders => {
	const traceparent = annotations[ANNOTATION];
	return traceparent === undefined ? {} : { traceparent };
};

/**
 * Processes an object from a watch as a part of the trace that the object belongs to.
 * @param name  of the controller: `csr-approving`
 */
export const continueTrace = <T>(
	name: string,
	annotations: Readonly<Record<string, string>> | undefined,
	work: () => Promise<T>,
): Promise<T> => inSpan(name, { kind: SpanKind.CONSUMER, parent: carrierOf(annotations) }, work);
