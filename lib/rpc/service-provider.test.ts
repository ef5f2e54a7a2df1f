import assert from 'node:assert/strict';
import { context, propagation, type Span, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { inSpan, isTraced, SpanKind, type TraceHeaders } from '../trace.ts';
import { ServiceProvider } from './service-provider.ts';
import { SpanContextManager } from './span-context-manager.ts';

describe('the spans of a service', () => {
	const exporter = new InMemorySpanExporter();
	before(() => {
		trace.setGlobalTracerProvider(new ServiceProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
		context.setGlobalContextManager(new SpanContextManager().enable());
		propagation.setGlobalPropagator(new W3CTraceContextPropagator());
	});
	after(() => {
		trace.disable();
		context.disable();
		propagation.disable();
	});
	beforeEach(() => exporter.reset());

	const names = () => exporter.getFinishedSpans().map(({ name }) => name);
	const parentOf = (flags: string): TraceHeaders => ({
		traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`,
	});
	/** @returns whether the request is of a client with a trace, and its span */
	const answer = (kind: SpanKind, parent: TraceHeaders): Promise<readonly [boolean, Span | undefined]> =>
		inSpan('get', { kind, parent }, () =>
			inSpan(
				'read',
				() => ({}),
				() => [isTraced(), trace.getActiveSpan()] as const,
			),
		);

	it('are recorded only if the client records its own', async () => {
		assert.equal((await answer(SpanKind.SERVER, parentOf('01')))[0], true);
		assert.deepEqual(names(), ['read', 'get']);
		assert.equal((await answer(SpanKind.SERVER, parentOf('00')))[0], true);
		await answer(SpanKind.CONSUMER, {});
		assert.deepEqual(names(), ['read', 'get']);
	});

	it('are not made for a request of a client that sends no trace, also beside one of another', async () => {
		assert.deepEqual(await answer(SpanKind.SERVER, {}), [false, undefined]);
		const within = () => answer(SpanKind.SERVER, {});
		assert.deepEqual(await inSpan('another', { parent: parentOf('01') }, within), [false, undefined]);
		assert.deepEqual(names(), ['another']);
	});

	it('are of a trace that is not recorded where a controller acts for a client that sends none', async () => {
		const [, span] = await answer(SpanKind.CONSUMER, {});
		assert.equal(span?.isRecording(), false);
	});
});
