import assert from 'node:assert/strict';
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { KubejoinError } from './errors.ts';
import { inSpan, isTraced, outsideTrace, type TraceHeaders } from './trace.ts';

describe('a span', () => {
	const exporter = new InMemorySpanExporter();
	before(() => {
		trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
	});
	after(() => trace.disable());
	beforeEach(() => exporter.reset());

	const absent = new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name: 'n' });
	const failing = (expects?: readonly 'API_NOT_FOUND'[]) =>
		assert.rejects(
			inSpan('get', { expects }, () => Promise.reject(absent)),
			absent,
		);
	const ended = () => exporter.getFinishedSpans()[0] ?? assert.fail();

	it('is failed by an error, with its code and remedy', async () => {
		await failing();
		const { status, attributes } = ended();
		assert.equal(status.code, SpanStatusCode.ERROR);
		assert.equal(attributes['error.type'], 'API_NOT_FOUND');
		assert.equal(attributes['kubejoin.expected_error'], undefined);
	});

	it('is not failed by an error that the caller expects, which is thrown all the same', async () => {
		await failing(['API_NOT_FOUND']);
		const { status, attributes } = ended();
		assert.equal(status.code, SpanStatusCode.UNSET);
		assert.equal(attributes['kubejoin.expected_error'], 'API_NOT_FOUND');
		assert.equal(attributes['error.type'], undefined);
	});

	it('carries the monotonic time of its start, which orders spans that begin in the same millisecond', async () => {
		for (const name of ['a', 'b', 'c']) await inSpan(name, {}, () => undefined);
		const times = exporter.getFinishedSpans().map(({ attributes }) => Number(attributes['kubejoin.start_us']));
		assert.deepEqual(
			times,
			times.toSorted((a, b) => a - b),
		);
		assert.equal(times.length, 3);
	});

	it('of a function is recorded within a recorded span only', async () => {
		context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
		try {
			const described: string[] = [];
			const part = (name: string) =>
				inSpan(
					name,
					() => {
						described.push(name);
						return {};
					},
					() => name,
				);
			assert.equal(await part('alone'), 'alone');
			assert.equal(await inSpan('request', {}, () => part('within')), 'within');
			assert.deepEqual(described, ['within']);
			assert.deepEqual(
				exporter.getFinishedSpans().map(({ name }) => name),
				['within', 'request'],
			);
		} finally {
			context.disable();
		}
	});

	it('has no part in the work of a queue that many share, although the caller starts it', async () => {
		context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
		try {
			const part = () => inSpan('send', {}, () => undefined);
			await inSpan('approve', {}, () => outsideTrace(part));
			const [sent, approved] = exporter.getFinishedSpans();
			assert.equal(sent?.name, 'send');
			assert.notEqual(sent.spanContext().traceId, approved?.spanContext().traceId);
		} finally {
			context.disable();
		}
	});

	it('is of a client that sends a trace, recorded or not, or of one that sends none', async () => {
		context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
		propagation.setGlobalPropagator(new W3CTraceContextPropagator());
		try {
			const within = (parent: TraceHeaders) => inSpan('get', { parent }, () => inSpan('a part', {}, isTraced));
			const ids = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
			assert.equal(await within({ traceparent: `${ids}-01` }), true);
			assert.equal(await within({ traceparent: `${ids}-00` }), true);
			assert.equal(await within({}), false);
			assert.equal(await within({ traceparent: 'damaged' }), false);
		} finally {
			context.disable();
			propagation.disable();
		}
	});
});
