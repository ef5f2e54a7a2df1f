/**
 * Metrics of a node: its joins by phase, and its client certificate with the kubelet's metric names. The node's name is
 * not a label, because the scraper knows it.
 *
 * @source cmd/kubelet/app/server.go and pkg/kubelet/certificate/kubelet.go
 */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import { asKubejoinError } from '../../lib/errors.ts';
import type { Registry } from '../../lib/metrics.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';

export interface NodeMetrics {
	/** The workflow's report. A failed phase ends the join with its code. */
	readonly phaseEnded: (event: PhaseEvent) => void;
	readonly joined: () => void;
	/** The node uses a new client certificate. */
	readonly certificateUsed: (notAfterMs: number, nodeName: string) => void;
	/** An attempt to renew the client certificate failed. */
	readonly renewalFailed: () => void;
}

/** Up to the five minutes that a node waits for its certificate. */
const phaseBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function nodeMetrics(registry: Registry, clock: Clock): NodeMetrics {
	const registers = [registry];
	const phases = new Histogram({
		name: 'kubejoin_join_phase_duration_seconds',
		help: 'Duration of the phases of a join, by phase and outcome.',
		labelNames: ['phase', 'outcome'],
		buckets: phaseBuckets,
		registers,
	});
	const joins = new Counter({
		name: 'kubejoin_joins_total',
		help: 'Joins that have ended, by code. A node that continues with its certificate does not join.',
		labelNames: ['outcome', 'code'],
		registers,
	});
	const renewErrors = new Counter({
		name: 'kubelet_certificate_manager_client_expiration_renew_errors',
		help: 'Counter of certificate renewal errors.',
		registers,
	});
	// With several nodes in a process, the gauge shows the certificate that expires first.
	const notAfter = new Map<string, number>();
	new Gauge({
		name: 'kubelet_certificate_manager_client_ttl_seconds',
		help:
			"Gauge of the TTL (time-to-live) of the Kubelet's client certificate. " +
			'The value is in seconds until certificate expiry (negative if already expired). ' +
			'If client certificate is invalid or unused, the value will be +INF.',
		registers,
		collect() {
			this.set(Math.trunc((Math.min(...notAfter.values()) - clock()) / 1000));
		},
	});
	joins.inc({ outcome: 'done', code: 'OK' }, 0);
	return {
		phaseEnded({ phase, outcome, durationMs, error }) {
			phases.observe({ phase, outcome }, durationMs / 1000);
			if (outcome === 'failed') joins.inc({ outcome, code: asKubejoinError(error).code });
		},
		joined: () => joins.inc({ outcome: 'done', code: 'OK' }),
		certificateUsed: (notAfterMs, nodeName) => void notAfter.set(nodeName, notAfterMs),
		renewalFailed: () => renewErrors.inc(),
	};
}
