/** The spans of one trace, and their estimated bytes. A known span is never replaced. */
import { type Span, sizeOf } from './otlp.ts';

export interface SpanGroup {
	readonly spans: Map<string, Span>;
	bytes: number;
}

export const emptyGroup = (): SpanGroup => ({ spans: new Map(), bytes: 0 });

/** @returns the bytes that the span adds */
export function keepOnce(group: SpanGroup, span: Span): number {
	if (group.spans.has(span.spanId)) return 0;
	const size = sizeOf(span);
	group.spans.set(span.spanId, span);
	group.bytes += size;
	return size;
}
