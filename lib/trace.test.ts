import assert from 'node:assert/strict';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { KubejoinError } from './errors.ts';
import { inSpan } from './trace.ts';

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
});
