/** Repairs the addresses and node ports of Services now and then, as upstream's repair loop does. */
import type { Clock } from '../../lib/clock.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import { pauseFor } from '../../lib/poll.ts';
import type { Store } from '../../lib/store/store.ts';
import { repairClaims } from './resources/service-addresses.ts';

/** @source pkg/registry/core/rest/storage_core.go */
const REPAIR_PERIOD_MS = 180_000;

/** Resolves when the signal aborts. */
export async function repeatRepair(store: Store, clock: Clock, signal: AbortSignal, log: Log): Promise<void> {
	while (!signal.aborted) {
		await repairClaims(store, clock()).catch((error: unknown) => {
			if (!signal.aborted) log.warn(errorFields(error), 'could not repair the addresses of Services; trying again');
		});
		await pauseFor(REPAIR_PERIOD_MS, signal);
	}
}
