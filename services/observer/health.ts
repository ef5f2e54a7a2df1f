/** Readiness of the observer, and the health of the other services. */
import { causeText } from '../../lib/errors.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';
import { printableLines } from '../../lib/text.ts';
import type { Cluster } from './api.ts';

/** The observer is not ready without the files of the page. */
export const readyChecks = (pageExists: () => boolean): HealthChecks => ({
	page: () => {
		if (!pageExists()) throw new Error('the page was not built: npm run build');
	},
});

const TIMEOUT_MS = 2_000;
const MAX_PROBLEM = 1_000;

/** The part of the body that the page shows. */
async function beginningOf({ body }: Response): Promise<string> {
	let text = '';
	for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
		text += chunk;
		if (text.length > MAX_PROBLEM) break;
	}
	return text.slice(0, MAX_PROBLEM).trim();
}

export const checkServices = (
	services: readonly { readonly name: string; readonly url: string }[],
): Promise<Cluster['services']> =>
	Promise.all(
		services.map(async ({ name, url }) => {
			try {
				const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
				if (response.ok) {
					await response.body?.cancel();
					return { name, health: 'ok' };
				}
				return { name, health: 'failing', problem: printableLines(await beginningOf(response)) };
			} catch (error) {
				return {
					name,
					health: 'away',
					problem: causeText(error instanceof Error && error.cause !== undefined ? error.cause : error),
				};
			}
		}),
	);
