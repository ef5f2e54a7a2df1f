/** What ready means for a node: it has joined, and the cluster took a heartbeat no longer ago than a Lease lasts. */
import type { Clock } from '../../lib/clock.ts';
import type { HealthChecks } from '../../lib/mesh/health.ts';
import { LEASE_DURATION_SECONDS } from './heartbeat.ts';

export const readyChecks = (lastBeatMs: () => number | undefined, clock: Clock): HealthChecks => ({
	lease() {
		const last = lastBeatMs();
		if (last === undefined) throw new Error('the node has not joined yet');
		const ageSeconds = Math.round((clock() - last) / 1000);
		if (ageSeconds > LEASE_DURATION_SECONDS) throw new Error(`the lease was renewed ${ageSeconds} s ago`);
	},
});
