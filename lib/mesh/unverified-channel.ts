/**
 * The one TLS connection in kubejoin that does not verify the server. Discovery needs it once: before the pin is checked there is nothing to
 * verify with. Nothing secret may be sent on it, and its type says so: no function accepts it for a bearer token. It is a connection of its
 * own whose TLS session is never offered to a later one.
 */
import * as grpc from '@grpc/grpc-js';
import { type Channel, makeChannel } from './channel.ts';

/** A channel to whoever answers at `target`. */
export const openUnverifiedChannel = (target: string): Channel<'unverified'> =>
	makeChannel(target, 'unverified', grpc.credentials.createSsl(null, null, null, { rejectUnauthorized: false }), 'localhost');
