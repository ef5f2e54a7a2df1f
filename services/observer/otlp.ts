/**
 * Reads the spans that an OpenTelemetry exporter sends over OTLP/HTTP as JSON. A program with a key can send spans
 * in its own name only. Its spans are untrusted: invalid ones are left out, long text is shortened, and unprintable
 * characters are escaped.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp; opentelemetry/proto/trace/v1/trace.proto
 */
import { isJsonObject } from '../../lib/json-object.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import { printable, printableLines } from '../../lib/text.ts';

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanEvent {
	readonly name: string;
	/** Milliseconds since 1970, with fractions. */
	readonly atMs: number;
	readonly attributes: Attributes;
}

export interface Span {
	/** 32 and 16 lower-case hexadecimal digits; the parent empty for the first span of a trace. */
	readonly traceId: string;
	readonly spanId: string;
	readonly parentId: string;
	readonly name: string;
	readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
	/** `service.name` of the program that recorded it. */
	readonly service: string;
	readonly startMs: number;
	readonly endMs: number;
	/** The error message of a span that failed. */
	readonly failed?: string;
	readonly attributes: Attributes;
	readonly events: readonly SpanEvent[];
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_ERROR = 2;
const MAX_ATTRIBUTES = limits.spanAttributes.value;
const MAX_EVENTS = limits.spanEvents.value;
const MAX_NAME = limits.spanNameCharacters.value;
const MAX_VALUE = limits.spanTextCharacters.value;
/** Objects besides the text of a span, and its entry in a join. */
const SPAN_OVERHEAD_BYTES = 600;
/** Objects besides the text of an event, and the step that it can be. */
const EVENT_OVERHEAD_BYTES = 400;
const FIELD_OVERHEAD_BYTES = 50;
const BYTES_PER_CHARACTER = 2;

export interface Received {
	readonly spans: readonly Span[];
	/** Number of spans that were left out. */
	readonly refused: number;
	/** Reasons for leaving spans out. */
	readonly problem: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The spans of an ExportTraceServiceRequest; none for any other value. Yields for each group and span, so that the
 * caller can serve other requests in between.
 *
 * @param program  the sender; spans that name another as their service are refused
 */
export function* readingSpans(body: unknown, program: string, count: CountRefusal): Generator<void, Received> {
	const spans: Span[] = [];
	const problems = new Map<string, number>();
	const refuse = (problem: string, number = 1) => problems.set(problem, (problems.get(problem) ?? 0) + number);
	const read = (one: Json) => {
		const span = spans.length < limits.tracesSpansPerRequest.value ? readSpan(one, program) : 'tracesSpansPerRequest';
		if (typeof span === 'object') spans.push(span);
		else if (span === undefined) refuse('it is not a valid span');
		else {
			count(span);
			refuse(`it exceeds the limit ${span}`);
		}
	};
	for (const group of records(at(body, 'resourceSpans'))) {
		yield;
		const resource = at(at(group, 'resource'), 'attributes');
		const isOwn = readAttributes(resource, new Text())['service.name'] === program;
		for (const scope of records(at(group, 'scopeSpans'))) {
			yield;
			const sent = records(at(scope, 'spans'));
			if (!isOwn) {
				refuse(`service.name is not ${program}, whose key this is`, sent.length);
				continue;
			}
			for (const one of sent) {
				read(one);
				yield;
			}
		}
	}
	const refused = [...problems.values()].reduce((sum, number) => sum + number, 0);
	return { spans, refused, problem: [...problems.keys()].join('; ') };
}

/** As `readingSpans`, in one turn. */
export function readSpans(body: unknown, program: string, count: CountRefusal = () => undefined): Received {
	const reading = readingSpans(body, program, count);
	for (;;) {
		const { done, value } = reading.next();
		if (done === true) return value;
	}
}

/** Estimated bytes of a span in memory. */
export function sizeOf({ name, failed = '', attributes, events }: Span): number {
	const ofText = (text: string) => FIELD_OVERHEAD_BYTES + text.length * BYTES_PER_CHARACTER;
	const ofValue = (value: AttributeValue): number =>
		typeof value === 'string'
			? ofText(value)
			: Array.isArray(value)
				? value.reduce((sum, item) => sum + ofText(item), FIELD_OVERHEAD_BYTES)
				: FIELD_OVERHEAD_BYTES;
	const ofAttributes = (all: Attributes): number =>
		Object.entries(all).reduce((sum, [key, value]) => sum + ofText(key) + ofValue(value), 0);
	return events.reduce(
		(sum, event) => sum + EVENT_OVERHEAD_BYTES + ofText(event.name) + ofAttributes(event.attributes),
		SPAN_OVERHEAD_BYTES + ofText(name) + ofText(failed) + ofAttributes(attributes),
	);
}

/** @returns undefined: it is not a valid span */
function readSpan(span: Json, service: string): Span | 'spanBytes' | undefined {
	const { traceId, spanId, parentSpanId, name, kind, status } = span;
	const startMs = milliseconds(span.startTimeUnixNano);
	const endMs = milliseconds(span.endTimeUnixNano);
	if (
		!isHex(traceId, 32) ||
		!isHex(spanId, 16) ||
		typeof name !== 'string' ||
		startMs === undefined ||
		endMs === undefined
	)
		return undefined;
	const text = new Text();
	const message = at(status, 'message');
	const failed =
		at(status, 'code') === STATUS_ERROR
			? text.joined(typeof message === 'string' ? message : '', MAX_VALUE)
			: undefined;
	const read: Span = {
		traceId: traceId.toLowerCase(),
		spanId: spanId.toLowerCase(),
		parentId: isHex(parentSpanId, 16) ? parentSpanId.toLowerCase() : '',
		name: text.line(name, MAX_NAME),
		kind: (typeof kind === 'number' && kinds[kind]) || 'internal',
		service,
		startMs,
		endMs: Math.max(endMs, startMs),
		failed,
		attributes: readAttributes(span.attributes, text),
		events: records(span.events)
			.slice(0, MAX_EVENTS)
			.flatMap((event) => readEvent(event, text)),
	};
	return text.isTooLong || sizeOf(read) > limits.spanBytes.value ? 'spanBytes' : read;
}

function readEvent({ name, timeUnixNano, attributes }: Json, text: Text): SpanEvent[] {
	const atMs = milliseconds(timeUnixNano);
	return typeof name === 'string' && atMs !== undefined
		? [{ name: text.line(name, MAX_NAME), atMs, attributes: readAttributes(attributes, text) }]
		: [];
}

function readAttributes(attributes: unknown, text: Text): Attributes {
	const found: [string, AttributeValue][] = [];
	for (const { key, value } of records(attributes).slice(0, MAX_ATTRIBUTES)) {
		if (typeof key !== 'string') continue;
		const clean = isDocument(key) ? text.lines : text.line;
		const read = readValue(value, clean, key === NODE_NAME ? MAX_NAME : MAX_VALUE);
		if (read !== undefined) found.push([text.line(key, MAX_NAME), read]);
	}
	return Object.fromEntries(found);
}

type Clean = (text: string, maxLength: number) => string;

/** @source opentelemetry/proto/common/v1/common.proto AnyValue @differs arrays in arrays are left out */
function readValue(value: unknown, clean: Clean, maxLength: number): AttributeValue | undefined {
	const array = at(value, 'arrayValue');
	if (array === undefined) return readScalar(value, clean, maxLength);
	return records(at(array, 'values'))
		.slice(0, MAX_ATTRIBUTES)
		.map((item) => String(readScalar(item, clean, maxLength) ?? ''));
}

function readScalar(value: unknown, clean: Clean, maxLength: number): string | number | boolean | undefined {
	const { stringValue, boolValue, intValue, doubleValue } = isJsonObject(value) ? value : {};
	if (typeof stringValue === 'string') return clean(stringValue, maxLength);
	if (typeof boolValue === 'boolean') return boolValue;
	if (typeof intValue === 'number' || typeof intValue === 'string') return finite(Number(intValue));
	if (typeof doubleValue === 'number') return finite(doubleValue);
	return undefined;
}

/** Shortens the texts of a span and makes them printable, within the bytes of one span. */
class Text {
	#left = limits.spanBytes.value / BYTES_PER_CHARACTER;

	get isTooLong(): boolean {
		return this.#left < 0;
	}

	readonly line: Clean = (text, maxLength) => printable(this.#take(text, maxLength));
	/** Joins the lines of an error, as those of several failed checks. One line is as it was sent. */
	readonly joined: Clean = (text, maxLength) => {
		const [first = '', ...more] = this.#take(text, maxLength).split('\n');
		return printable(more.length === 0 ? first : [first, ...more.map((line) => line.trim())].join(' ').trim());
	};
	/** Keeps line breaks, for PEM, YAML and JSON. */
	readonly lines: Clean = (text, maxLength) => printableLines(this.#take(text, maxLength));

	#take(text: string, maxLength: number): string {
		const taken = cut(text, maxLength);
		this.#left -= taken.length;
		return this.isTooLong ? '' : taken;
	}
}

/** Every step of its join has it. */
const NODE_NAME = 'k8s.node.name';
const isDocument = (key: string): boolean =>
	key.endsWith('.pem') ||
	key.endsWith('.certificate_chain') ||
	key === 'kubejoin.kubeconfig' ||
	key === 'kubejoin.cluster_info';
/** Copies the text, because a slice keeps the whole string in memory. */
const cut = (text: string, maxLength: number): string =>
	text.length <= maxLength ? text : Buffer.from(text.slice(0, maxLength)).toString();

/** Nanoseconds since 1970, a 64-bit number as text. */
function milliseconds(nanoseconds: unknown): number | undefined {
	const ms =
		typeof nanoseconds === 'string' && /^\d{1,20}$/.test(nanoseconds)
			? Number(BigInt(nanoseconds) / 1_000n) / 1_000
			: undefined;
	return ms !== undefined && ms > 0 && ms < 8.64e15 ? ms : undefined;
}

const finite = (number: number): number | undefined => (Number.isFinite(number) ? number : undefined);
const isHex = (value: unknown, length: number): value is string =>
	typeof value === 'string' && value.length === length && /^[0-9a-f]+$/i.test(value);
const records = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const at = (value: unknown, key: string): unknown =>
	isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
