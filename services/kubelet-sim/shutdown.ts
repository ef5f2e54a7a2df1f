/** How a node hears that it is to stop. */
import { type EventEmitter, setMaxListeners } from 'node:events';
import { KubejoinError } from '../../lib/errors.ts';

/**
 * Aborts on SIGTERM, SIGINT, or when the runner that started the process has gone. Whatever waits then ends with NODE_STOPPED, which is what the trace
 * of a join that was broken off tells: it is no failure that nobody has foreseen.
 */
export function stopSignal(runner: Pick<EventEmitter, 'once'>): AbortSignal {
	const stopping = new AbortController();
	// Each node listens to it in several places.
	setMaxListeners(0, stopping.signal);
	for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'])
		runner.once(signal, () => stopping.abort(new KubejoinError('NODE_STOPPED', {})));
	return stopping.signal;
}
