import assert from 'node:assert/strict';
import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type LimitName, limits } from '../limits.ts';
import { reportRefused } from './refused-connections.ts';
import { ServiceProvider } from './service-provider.ts';

describe('a refused connection', () => {
	const exporter = new InMemorySpanExporter();
	before(() => {
		const spanProcessors = [new SimpleSpanProcessor(exporter)];
		trace.setGlobalTracerProvider(new ServiceProvider({ spanProcessors }));
	});
	after(() => trace.disable());
	beforeEach(() => exporter.reset());

	it('is a span of a service that records no traces of its own', () => {
		reportRefused(() => 1_700_000_007_000, assert.fail)({ peer: '127.0.0.1:4711', problem: 'no client certificate' });
		const [span] = exporter.getFinishedSpans();
		assert.deepEqual(
			[span?.name, span?.startTime, span?.attributes['kubejoin.refused'], span?.attributes['network.peer.address']],
			['connection refused', [1_700_000_007, 0], 'no client certificate', '127.0.0.1:4711'],
		);
	});

	it('is counted above refusedConnectionSpans in a second', () => {
		const counted: LimitName[] = [];
		let nowMs = 1_000;
		const report = reportRefused(
			() => nowMs,
			(name) => counted.push(name),
		);
		const most = limits.refusedConnectionSpans.value;
		const refuse = (times: number) => {
			for (let number = 0; number < times; number++) report({ peer: 'a:1', problem: 'p' });
		};
		refuse(most + 2);
		assert.deepEqual([exporter.getFinishedSpans().length, counted.length], [most, 2]);
		nowMs += 1_000;
		refuse(1);
		assert.equal(exporter.getFinishedSpans().length, most + 1);
	});
});
