/**
 * The one TLS connection in kubejoin on which something is asked of a server that is not verified. Discovery needs it once: before the pin is checked there is nothing to
 * verify with. Nothing secret may be sent on it, and its type says so: no function accepts it for a bearer token. It is a connection of its
 * own whose TLS session is never offered to a later one.
 */
import { createSecureContext } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { type Channel, makeChannel } from './channel.ts';

/** A channel to whoever answers at `target`. It is given no CA, for reading the default ones takes longer than the rest of a join. */
export const openUnverifiedChannel = (target: string): Channel<'unverified'> =>
	makeChannel(
		target,
		'unverified',
		'unverified',
		credentials.createFromSecureContext(createSecureContext({ ca: [], minVersion: 'TLSv1.2' }), {
			rejectUnauthorized: false,
		}),
		'localhost',
	);
