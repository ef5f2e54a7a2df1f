/** What serving means here: everything that the controllers look at has been listed once. */
import { KubejoinError } from '../../lib/errors.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';

/** @param caches  by the kind of their objects, which names the check */
export const readyChecks = (caches: Readonly<Record<string, { readonly isSynced: () => boolean }>>): HealthChecks =>
	Object.fromEntries(
		Object.entries(caches).map(([name, { isSynced }]) => [
			name,
			() => {
				if (!isSynced())
					throw new KubejoinError('SERVICE_FAILED', {
						service: 'controller-manager-sim',
						problem: `has not listed the ${name} yet`,
					});
			},
		]),
	);
