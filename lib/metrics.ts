/**
 * The metrics of one process, in a registry that is passed to the code that counts; there is no global registry. The
 * values of a label are few and known in advance: a name, address, token or text of a caller is never a label.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

/** Milliseconds from a clock that never jumps, since an arbitrary moment. */
export type ElapsedMs = () => number;

/** The label of an unexpected value. @source apiserver/pkg/endpoints/metrics OtherRequestMethod */
export const OTHER = 'other';

/** The outcome of an operation, as a label. */
export type Outcome = 'done' | 'failed';

/** Creates a registry with the metrics of any process: processor, memory, garbage collection, event loop. */
export function createRegistry(): Registry {
	const registry = new Registry();
	collectDefaultMetrics({ register: registry });
	return registry;
}
