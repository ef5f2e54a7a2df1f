/** Traces that are not yet known to be joins. Bounded in number and in bytes; the oldest trace is dropped first. */
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Span } from './otlp.ts';
import { emptyGroup, keepOnce, type SpanGroup } from './span-group.ts';

export class UnknownTraces {
	readonly #count: CountRefusal;
	readonly #traces = new Map<string, SpanGroup>();
	#bytes = 0;

	constructor(count: CountRefusal) {
		this.#count = count;
	}

	get bytes(): number {
		return this.#bytes;
	}

	keep(span: Span): void {
		const group = this.#traces.get(span.traceId) ?? emptyGroup();
		this.#traces.set(span.traceId, group);
		if (group.spans.size < limits.unknownTraceSpans.value) this.#bytes += keepOnce(group, span);
		else this.#count('unknownTraceSpans');
		while (this.#traces.size > limits.unknownTraces.value || this.#bytes > limits.unknownTracesBytes.value) {
			this.#count(this.#traces.size > limits.unknownTraces.value ? 'unknownTraces' : 'unknownTracesBytes');
			this.take(this.#traces.keys().next().value ?? '');
		}
	}

	/** Remove a trace. @returns its spans */
	take(traceId: string): readonly Span[] {
		const group = this.#traces.get(traceId);
		this.#traces.delete(traceId);
		this.#bytes -= group?.bytes ?? 0;
		return [...(group?.spans.values() ?? [])];
	}
}
