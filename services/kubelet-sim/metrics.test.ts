import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { KubejoinError } from '../../lib/errors.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';
import { type NodeMetrics, nodeMetrics } from './metrics.ts';

describe('the metrics of a node', () => {
	let registry: Registry;
	let metrics: NodeMetrics;
	let nowMs: number;
	const has = async (...lines: string[]) => {
		const text = await registry.metrics();
		for (const line of lines) assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
	};
	const phase = (event: Partial<PhaseEvent>) =>
		metrics.phaseEnded({ phase: 'preflight', trust: 'nobody', outcome: 'done', durationMs: 20, ...event });

	beforeEach(() => {
		registry = new Registry();
		nowMs = 1_000_000;
		metrics = nodeMetrics(registry, () => nowMs);
	});

	it('start with no join, no failed renewal, and an absent certificate that never expires', async () => {
		await has(
			'kubejoin_joins_total{outcome="done",code="OK"} 0',
			'kubelet_certificate_manager_client_expiration_renew_errors 0',
			'kubelet_certificate_manager_client_ttl_seconds +Inf',
		);
	});

	it('count phases by name and outcome, and a join when it is reported', async () => {
		phase({});
		phase({ phase: 'discovery/pin-ca', durationMs: 2_000 });
		await has(
			'kubejoin_join_phase_duration_seconds_sum{phase="preflight",outcome="done"} 0.02',
			'kubejoin_join_phase_duration_seconds_bucket{le="1",phase="discovery/pin-ca",outcome="done"} 0',
			'kubejoin_join_phase_duration_seconds_bucket{le="2.5",phase="discovery/pin-ca",outcome="done"} 1',
			'kubejoin_joins_total{outcome="done",code="OK"} 0',
		);
		metrics.joined();
		await has('kubejoin_joins_total{outcome="done",code="OK"} 1');
	});

	it('count a failed phase as a failed join with its code, without its details', async () => {
		phase({
			outcome: 'failed',
			error: new KubejoinError('CA_HASH_MISMATCH', { presented: ['canary'], pinned: ['canary'] }),
		});
		phase({ outcome: 'failed', error: new Error('canary') });
		await has(
			'kubejoin_join_phase_duration_seconds_count{phase="preflight",outcome="failed"} 2',
			'kubejoin_joins_total{outcome="failed",code="CA_HASH_MISMATCH"} 1',
			'kubejoin_joins_total{outcome="failed",code="INTERNAL"} 1',
		);
		assert.doesNotMatch(await registry.metrics(), /canary/);
	});

	it('show the last certificate, in whole seconds, negative after its expiry', async () => {
		metrics.certificateUsed(1_060_900, 'n');
		await has('kubelet_certificate_manager_client_ttl_seconds 60');
		nowMs = 1_070_000;
		await has('kubelet_certificate_manager_client_ttl_seconds -9');
		metrics.certificateUsed(1_171_000, 'n');
		await has('kubelet_certificate_manager_client_ttl_seconds 101');
	});

	it('show the certificate of several nodes that expires first', async () => {
		metrics.certificateUsed(1_060_000, 'a');
		metrics.certificateUsed(1_030_000, 'b');
		await has('kubelet_certificate_manager_client_ttl_seconds 30');
		metrics.certificateUsed(1_090_000, 'b');
		await has('kubelet_certificate_manager_client_ttl_seconds 60');
	});

	it('count failed renewals', async () => {
		metrics.renewalFailed();
		metrics.renewalFailed();
		await has('kubelet_certificate_manager_client_expiration_renew_errors 2');
	});
});
