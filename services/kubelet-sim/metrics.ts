/**
 * What is counted on a node: its joins, phase by phase, and the life of its client certificate under the kubelet's names. The node's own name is
 * no label; who asks knows it.
 * @source cmd/kubelet/app/server.go and pkg/kubelet/certificate/kubelet.go
 */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import { asKubejoinError } from '../../lib/errors.ts';
import type { Registry } from '../../lib/metrics.ts';
import type { PhaseEvent } from '../../lib/workflow.ts';

export interface NodeMetrics {
	/** For the workflow's report. The first phase that fails ends the join, which has failed with its code. */
	readonly phaseEnded: (event: PhaseEvent) => void;
	readonly joined: () => void;
	/** The node has a client certificate, for the first time or another one. Milliseconds since 1970. */
	readonly certificateUsed: (notAfterMs: number, nodeName: string) => void;
	/** The client certificate was to be renewed and was not. */
	readonly renewalFailed: () => void;
}

/** From a millisecond to the five minutes that a node waits for its certificate at most. */
const phaseBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function nodeMetrics(registry: Registry, clock: Clock): NodeMetrics {
	const registers = [registry];
	const phases = new Histogram({
		name: 'kubejoin_join_phase_duration_seconds',
		help: 'How long the phases of a join took, by phase and how it ended.',
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
	// Of several nodes in a process, the certificate that ends first is shown.
	const notAfter = new Map<string, number>();
	new Gauge({
		name: 'kubelet_certificate_manager_client_ttl_seconds',
		help: "Gauge of the TTL (time-to-live) of the Kubelet's client certificate. The value is in seconds until certificate expiry (negative if already expired). If client certificate is invalid or unused, the value will be +INF.",
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
