/**
 * Writes spans as an ExportTraceServiceRequest in JSON, which `otlp.ts` reads.
 * @source opentelemetry/proto/trace/v1/trace.proto
 */
import type { Attributes, AttributeValue, Span } from './otlp.ts';

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const STATUS_ERROR = 2;

export function toOtlp(spans: readonly Span[]): object {
	const services = [...new Set(spans.map(({ service }) => service))];
	return {
		resourceSpans: services.map((service) => ({
			resource: { attributes: keyValues({ 'service.name': service }) },
			scopeSpans: [{ spans: spans.filter((span) => span.service === service).map(spanOf) }],
		})),
	};
}

const spanOf = ({
	traceId,
	spanId,
	parentId,
	name,
	kind,
	startMs,
	endMs,
	failed,
	attributes,
	events,
}: Span): object => ({
	traceId,
	spanId,
	...(parentId === '' ? {} : { parentSpanId: parentId }),
	name,
	kind: kinds[kind],
	startTimeUnixNano: nanoseconds(startMs),
	endTimeUnixNano: nanoseconds(endMs),
	attributes: keyValues(attributes),
	events: events.map(({ name: event, atMs, attributes: own }) => ({
		name: event,
		timeUnixNano: nanoseconds(atMs),
		attributes: keyValues(own),
	})),
	status: failed === undefined ? {} : { code: STATUS_ERROR, message: failed },
});

/** The times of spans have a resolution of microseconds. */
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);

const keyValues = (attributes: Attributes): readonly object[] =>
	Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

function anyValue(value: AttributeValue): object {
	if (typeof value === 'string') return { stringValue: value };
	if (typeof value === 'boolean') return { boolValue: value };
	if (typeof value === 'number') return { doubleValue: value };
	return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}
