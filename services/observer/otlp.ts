/**
 * Reads what an OpenTelemetry exporter sends over OTLP/HTTP as JSON. Whoever reaches the port may send anything, so nothing is believed but its
 * form: what does not have it is left out, what is too long is cut.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp; opentelemetry/proto/trace/v1/trace.proto
 */

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
	/** `service.name` of who made it. */
	readonly service: string;
	readonly startMs: number;
	readonly endMs: number;
	/** The message of a failure; undefined when it did not fail. */
	readonly failed?: string;
	readonly attributes: Attributes;
	readonly events: readonly SpanEvent[];
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_ERROR = 2;
const MAX_SPANS = 10_000;
const MAX_ATTRIBUTES = 64;
const MAX_EVENTS = 128;
const MAX_NAME = 256;
const MAX_VALUE = 16_384;

type Json = Readonly<Record<string, unknown>>;

/** The spans of an ExportTraceServiceRequest; none for anything else. */
export function readSpans(body: unknown): readonly Span[] {
	const spans: Span[] = [];
	for (const group of records(at(body, 'resourceSpans'))) {
		const service = readAttributes(at(at(group, 'resource'), 'attributes'))['service.name'];
		if (typeof service !== 'string' || service === '') continue;
		for (const scope of records(at(group, 'scopeSpans'))) {
			for (const span of records(at(scope, 'spans'))) {
				const read = readSpan(span, service.slice(0, MAX_NAME));
				if (read !== undefined && spans.length < MAX_SPANS) spans.push(read);
			}
		}
	}
	return spans;
}

function readSpan(span: Json, service: string): Span | undefined {
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
	const failed =
		at(status, 'code') === STATUS_ERROR ? String(at(status, 'message') ?? '').slice(0, MAX_VALUE) : undefined;
	return {
		traceId: traceId.toLowerCase(),
		spanId: spanId.toLowerCase(),
		parentId: isHex(parentSpanId, 16) ? parentSpanId.toLowerCase() : '',
		name: name.slice(0, MAX_NAME),
		kind: (typeof kind === 'number' && kinds[kind]) || 'internal',
		service,
		startMs,
		endMs: Math.max(endMs, startMs),
		...(failed === undefined ? {} : { failed }),
		attributes: readAttributes(span.attributes),
		events: records(span.events).slice(0, MAX_EVENTS).flatMap(readEvent),
	};
}

function readEvent({ name, timeUnixNano, attributes }: Json): SpanEvent[] {
	const atMs = milliseconds(timeUnixNano);
	return typeof name === 'string' && atMs !== undefined
		? [{ name: name.slice(0, MAX_NAME), atMs, attributes: readAttributes(attributes) }]
		: [];
}

function readAttributes(attributes: unknown): Attributes {
	const found: [string, AttributeValue][] = [];
	for (const { key, value } of records(attributes).slice(0, MAX_ATTRIBUTES)) {
		const read = readValue(value);
		if (typeof key === 'string' && read !== undefined) found.push([key.slice(0, MAX_NAME), read]);
	}
	return Object.fromEntries(found);
}

/** @source opentelemetry/proto/common/v1/common.proto AnyValue */
function readValue(value: unknown): AttributeValue | undefined {
	const { stringValue, boolValue, intValue, doubleValue, arrayValue } = isRecord(value) ? value : {};
	if (typeof stringValue === 'string') return stringValue.slice(0, MAX_VALUE);
	if (typeof boolValue === 'boolean') return boolValue;
	if (typeof intValue === 'number' || typeof intValue === 'string') return finite(Number(intValue));
	if (typeof doubleValue === 'number') return finite(doubleValue);
	if (arrayValue === undefined) return undefined;
	return records(at(arrayValue, 'values'))
		.slice(0, MAX_ATTRIBUTES)
		.map((item) => String(readValue(item) ?? ''));
}

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
const isRecord = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const records = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const at = (value: unknown, key: string): unknown =>
	isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
