/** The metric of refused requests. It is not in limits.ts: a program without metrics does not load prom-client. */
import { Counter } from 'prom-client';
import type { CountRefusal } from './limits.ts';
import type { Registry } from './metrics.ts';

const REFUSALS = 'kubejoin_limit_refusals_total';

/**
 * Counts refusals in `kubejoin_limit_refusals_total`, one series for each limit. Can be called repeatedly for a
 * registry.
 */
export function refusalCounter(registry: Registry): CountRefusal {
	const found = registry.getSingleMetric(REFUSALS) as Counter<'limit'> | undefined;
	const refusals =
		found ??
		new Counter({
			name: REFUSALS,
			help: 'Requests, connections and messages refused because a caller exceeded a limit of docs/limits.md.',
			labelNames: ['limit'] as const,
			registers: [registry],
		});
	return (name) => refusals.inc({ limit: name });
}
