import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { KubejoinError } from '../errors.ts';
import { grpcMetrics } from './grpc-metrics.ts';
import type { Ending } from './server.ts';

describe('grpcMetrics', () => {
	const labels = 'grpc_type="unary",grpc_service="kubejoin.v1.TokenStore",grpc_method="Verify"';
	/** The metrics after one message for each outcome, each of which took this long. */
	async function exposedAfter(seconds: number, ...endings: Ending[]): Promise<string[]> {
		const registry = new Registry();
		let nowMs = 5_000;
		const called = { service: 'kubejoin.v1.TokenStore', method: 'Verify', type: 'unary' } as const;
		const arrived = grpcMetrics(registry, () => nowMs)(called);
		for (const ending of endings) {
			const ended = arrived({ token: 'abcdef.0123456789abcdef' });
			nowMs += seconds * 1000;
			ended(ending);
		}
		const text = await registry.metrics();
		assert.doesNotMatch(text, /abcdef/);
		return text.split('\n');
	}
	const has = (lines: readonly string[], line: string) =>
		assert.ok(lines.includes(line), `${line} is not in\n${lines.join('\n')}`);

	it('has the names, labels and buckets of go-grpc-middleware', async () => {
		const lines = await exposedAfter(0.03, 'answered', 'answered');
		has(lines, `grpc_server_started_total{${labels}} 2`);
		has(lines, `grpc_server_handled_total{${labels},grpc_code="OK"} 2`);
		has(lines, `grpc_server_handling_seconds_sum{${labels}} 0.06`);
		const buckets = lines.flatMap(
			(line) => /^grpc_server_handling_seconds_bucket\{le="([^"]*)".* (\d)$/.exec(line)?.slice(1) ?? [],
		);
		assert.deepEqual(
			buckets.filter((_, index) => index % 2 === 0).join(),
			'0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,+Inf',
		);
		assert.deepEqual(buckets.filter((_, index) => index % 2 === 1).join(), '0,0,0,2,2,2,2,2,2,2,2,2');
	});

	it("records the code that the caller received, in Go's words", async () => {
		const lines = await exposedAfter(
			0,
			'cancelled',
			new KubejoinError('TOKEN_SECRET_WRONG', { id: 'abcdef' }),
			new KubejoinError('STORE_CONFLICT', { key: 'abcdef', expectedRevision: 1, foundRevision: 2 }),
			new KubejoinError('CALLER_DENIED', { caller: 'abcdef', method: '', allowed: [] }),
		);
		for (const code of ['Canceled', 'Unauthenticated', 'Aborted', 'PermissionDenied'])
			has(lines, `grpc_server_handled_total{${labels},grpc_code="${code}"} 1`);
	});
});
