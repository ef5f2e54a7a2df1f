/**
 * The metrics of one process, in a registry that is passed to whoever counts something; there is no global one. A label's value is one of few,
 * known before anybody calls: no name, address, token or text of a caller is ever one.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

/** Milliseconds since any moment, from a clock that never jumps. */
export type ElapsedMs = () => number;

/** What a label says in place of whatever nobody expected. @source apiserver/pkg/endpoints/metrics OtherRequestMethod */
export const OTHER = 'other';

/** How something ended, as a label. */
export type Outcome = 'done' | 'failed';

/** A registry with what is known of any process: processor, memory, garbage collection, event loop. */
export function createRegistry(): Registry {
	const registry = new Registry();
	collectDefaultMetrics({ register: registry });
	return registry;
}
