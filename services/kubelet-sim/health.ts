/** Readiness: every node of the process has joined, and has sent a heartbeat within the duration of a Lease. */
import type { Clock } from '../../lib/clock.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';
import { LEASE_DURATION_SECONDS } from './heartbeat.ts';

/** @param lastBeats  time of the last heartbeat by node name */
export const readyChecks = (lastBeats: ReadonlyMap<string, number | undefined>, clock: Clock): HealthChecks => ({
	lease() {
		const nodes = [...lastBeats];
		const missing = nodes.filter(([, last]) => last === undefined);
		const ofHowMany = nodes.length === 1 ? '' : ` (${missing.length} of ${nodes.length} have not)`;
		if (missing.length > 0) throw new Error(`the node ${missing[0]?.[0]} has not joined yet${ofHowMany}`);
		for (const [name, last = 0] of nodes) {
			const ageSeconds = Math.round((clock() - last) / 1000);
			if (ageSeconds > LEASE_DURATION_SECONDS) throw new Error(`the lease of ${name} was renewed ${ageSeconds} s ago`);
		}
	},
});
