/**
 * The only TLS connection of kubejoin to a server that is not verified. Discovery needs it once: before the pin is
 * checked, there is nothing to verify with. No secret may be sent on it, and its type prevents that: no function
 * accepts it for a bearer token. Its TLS session is never offered to a later connection.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Channel, makeChannel } from './channel.ts';

/**
 * A channel to any server that answers at `target`. It has no CA, because loading the default ones takes longer than
 * the rest of a join.
 */
export const openUnverifiedChannel = (target: string, secureContext = unverifiedContext()): Channel<'unverified'> =>
	makeChannel(target, 'unverified', 'unverified', () => ({ secureContext, rejectUnauthorized: false }), {
		end: { side: 'client' },
	});

/** For the unverified channels of a process: a context takes 0.2 ms to create. It has no session. */
export const unverifiedContext = (): SecureContext => createSecureContext({ ca: [], minVersion: 'TLSv1.2' });
