import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { localTracesKey, tellingRefusal } from './tracing.ts';

describe('the key of a program that is started by hand', () => {
	let state: string;
	beforeEach(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-tracing-'));
		mkdirSync(join(state, 'pki', 'kubelet-sim'), { recursive: true });
		writeFileSync(join(state, 'pki', 'kubelet-sim', 'traces-key'), 'the-key\n');
	});
	afterEach(() => rmSync(state, { recursive: true }));
	const keyFor = (endpoint: string, more: Record<string, string> = {}) =>
		localTracesKey('kubelet-sim', state, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more });

	it('is that of the mesh here, for a collector on this machine', () => {
		for (const endpoint of ['http://127.0.0.1:6446', 'http://localhost:4318/', 'http://[::1]:6446', 'http://127.1.2.3'])
			assert.equal(keyFor(endpoint), 'the-key', endpoint);
	});

	it('is sent to no other collector', () => {
		for (const endpoint of [
			'https://collector.example',
			'http://127.0.0.1.example',
			'http://localhost.example:4318',
			'http://10.0.0.1:4318',
			'http://user@collector.example/127.0.0.1',
			'nonsense',
			'',
		])
			assert.equal(keyFor(endpoint), undefined, endpoint);
		const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces' };
		assert.equal(keyFor('http://127.0.0.1:6446', traces), undefined);
	});

	it('is none where there is no mesh', () => {
		const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:6446' };
		assert.equal(localTracesKey('ca-service', state, env), undefined);
		assert.equal(localTracesKey('kubelet-sim', join(state, 'absent'), env), undefined);
	});
});

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
