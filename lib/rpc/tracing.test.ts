import assert from 'node:assert/strict';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { tellingRefusal } from './tracing.ts';

describe('a collector that refuses', () => {
	const exporting = (error: object | undefined): SpanExporter => ({
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
