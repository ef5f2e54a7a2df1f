/** What serving means for the observer, and how the other services are asked for theirs. */
import { causeText } from '../../lib/errors.ts';
import type { HealthChecks } from '../../lib/mesh/health.ts';
import type { Cluster } from './api.ts';

/** A page that was not built is no page. */
export const readyChecks = (pageExists: () => boolean): HealthChecks => ({
	page: () => {
		if (!pageExists()) throw new Error('the page was not built: npm run build');
	},
});

const TIMEOUT_MS = 2_000;

/** Ask /readyz of each service. */
export const checkServices = (
	services: readonly { readonly name: string; readonly url: string }[],
): Promise<Cluster['services']> =>
	Promise.all(
		services.map(async ({ name, url }) => {
			try {
				const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
				const text = await response.text();
				return response.ok ? { name, health: 'ok' } : { name, health: 'failing', problem: text.trim() };
			} catch (error) {
				return {
					name,
					health: 'away',
					problem: causeText(error instanceof Error && error.cause !== undefined ? error.cause : error),
				};
			}
		}),
	);
