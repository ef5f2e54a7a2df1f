/** The end of a program, of which each of its watches and calls is notified. */
import { setMaxListeners } from 'node:events';

/** Any number of listeners is no leak, so that Node prints no warning. */
export function createStopping(): AbortController {
	const stopping = new AbortController();
	setMaxListeners(0, stopping.signal);
	return stopping;
}
