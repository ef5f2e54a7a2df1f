/** The metric of unforeseen errors. It is not in unforeseen.ts: a program without metrics does not load prom-client. */
import { Counter } from 'prom-client';
import type { Registry } from '../metrics.ts';
import type { UnforeseenOrigin } from './unforeseen.ts';

/** Counts unforeseen errors in `kubejoin_unforeseen_errors_total`. */
export function unforeseenCounter(registry: Registry): (origin: UnforeseenOrigin) => void {
	const errors = new Counter({
		name: 'kubejoin_unforeseen_errors_total',
		help: 'Errors that no code handled, by the place that caught them. The process continued; the log has each error.',
		labelNames: ['origin'] as const,
		registers: [registry],
	});
	return (origin) => errors.inc({ origin });
}
