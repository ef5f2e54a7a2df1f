import assert from 'node:assert/strict';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import * as sdk from '@opentelemetry/sdk-trace-base';
import { ofCaller, tellingRefusal } from './tracing.ts';

describe('a collector that refuses', () => {
	const exporting = (error: object | undefined): sdk.SpanExporter => ({
		export: (_spans, done) => done(error === undefined ? { code: 0 } : { code: 1, error: error as Error }),
		shutdown: async () => undefined,
	});

	it('is reported once, and only when it has answered', () => {
		const told: string[] = [];
		let results = 0;
		for (const error of [undefined, new Error('ECONNREFUSED'), { code: 503 }, { code: 'ECONNRESET' }]) {
			const exporter = tellingRefusal(exporting(error), (problem) => told.push(problem));
			exporter.export([], () => results++);
		}
		assert.deepEqual([told, results], [[], 4]);
		const exporter = tellingRefusal(exporting({ code: 401 }), (problem) => told.push(problem));
		for (let number = 0; number < 3; number++) exporter.export([], () => results++);
		assert.deepEqual([told.length, results], [1, 7]);
		assert.match(told[0] ?? '', /HTTP status 401/);
	});
});

describe('the spans of a service', () => {
	const decisionWith = (traceFlags?: number) => {
		const traceId = '0af7651916cd43dd8448eb211c80319c';
		const caller = { traceId, spanId: 'b7ad6b7169203331', isRemote: true };
		const from =
			traceFlags === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...caller, traceFlags });
		return ofCaller(sdk).shouldSample(from, traceId, 'Get', SpanKind.SERVER, {}, []).decision;
	};

	it('are recorded only if the caller records its own', () => {
		assert.equal(decisionWith(), sdk.SamplingDecision.NOT_RECORD);
		assert.equal(decisionWith(0), sdk.SamplingDecision.NOT_RECORD);
		assert.equal(decisionWith(1), sdk.SamplingDecision.RECORD_AND_SAMPLED);
	});
});
