/** The stop signal of a node. */
import { type EventEmitter, setMaxListeners } from 'node:events';
import { KubejoinError } from '../../lib/errors.ts';

/**
 * Aborts with NODE_STOPPED on SIGTERM, on SIGINT, and when the IPC channel to the runner closes. The trace of an
 * interrupted join then contains that code and not INTERNAL.
 */
export function stopSignal(runner: Pick<EventEmitter, 'once'>): AbortSignal {
	const stopping = new AbortController();
	// Each of up to 1,000 nodes adds several listeners.
	setMaxListeners(0, stopping.signal);
	for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'])
		runner.once(signal, () => stopping.abort(new KubejoinError('NODE_STOPPED', {})));
	return stopping.signal;
}
