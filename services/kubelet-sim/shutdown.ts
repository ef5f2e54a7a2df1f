/** The stop signal of a node. */
import { type EventEmitter, setMaxListeners } from 'node:events';
import { KubejoinError } from '../../lib/errors.ts';

/**
 * Aborts with NODE_STOPPED on SIGTERM, on SIGINT, and when the IPC channel to the runner closes. The trace of an
 * interrupted join then contains that code and not INTERNAL.
 */
export function stopSignal(runner: Pick<EventEmitter, 'once'>): AbortSignal {
	const stopping = new AbortController();
	for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'])
		runner.once(signal, () => stopping.abort(new KubejoinError('NODE_STOPPED', {})));
	return stopping.signal;
}

/**
 * A signal for each node, which aborts with the one of the process. Node searches all listeners of a signal to add or
 * remove one, so that with one signal each heartbeat would cost more with each node.
 */
export function signalsOfNodes(stopping: AbortSignal): () => AbortSignal {
	const nodes: AbortController[] = [];
	const abort = (node: AbortController): void => node.abort(stopping.reason);
	stopping.addEventListener('abort', () => nodes.forEach(abort), { once: true });
	return () => {
		const node = new AbortController();
		setMaxListeners(0, node.signal);
		nodes.push(node);
		if (stopping.aborted) abort(node);
		return node.signal;
	};
}
