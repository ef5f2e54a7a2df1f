/** One HTTP/2 connection to a server, from the TLS handshake on. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { grpcCode } from '../errors.ts';
import { CallFailure } from './call-failure.ts';
import { bindWithoutDeprecatedProperty } from './light-async-resource.ts';

bindWithoutDeprecatedProperty();

/** Tests choose shorter ones. */
export interface SessionTimes {
	/** Until the server has sent its settings. */
	readonly dialMs: number;
	/** Between the pings while a call is open and no message comes. */
	readonly pingMs: number;
	readonly pongMs: number;
}

/**
 * Resolves when the server has sent its settings. A server that refuses a client certificate closes the connection
 * before that.
 *
 * @throws CallFailure
 */
export function dialSession(socket: TLSSocket, authority: string, times: SessionTimes): Promise<GrpcSession> {
	return new Promise((resolve, reject) => {
		let isSecure = false;
		const giveUp = () => socket.destroy(new Error(`no HTTP/2 connection after ${times.dialMs} ms`));
		const timer = setTimeout(giveUp, times.dialMs);
		const fail = (error?: Error | null) => {
			clearTimeout(timer);
			const dial = isSecure && !error ? 'closed' : 'failed';
			reject(new CallFailure(grpcCode.UNAVAILABLE, reasonOf(error), { dial, cause: error }));
		};
		socket.on('error', fail);
		// The error of a session can come after the end of its socket.
		socket.once('close', () => setImmediate(fail));
		socket.once('secureConnect', () => {
			isSecure = true;
			const http2 = connect(`https://${authority}`, {
				createConnection: () => socket,
				settings: { enablePush: false },
			});
			http2.on('error', fail);
			http2.once('remoteSettings', () => {
				clearTimeout(timer);
				resolve(new GrpcSession(http2, times));
			});
		});
	});
}

/** Node has no text for the failure of all addresses of a name. */
const reasonOf = (error: Error | null | undefined): string =>
	(error instanceof AggregateError ? (error.errors.at(-1) as Error) : error)?.message ?? '';

export class GrpcSession {
	readonly #http2: ClientHttp2Session;
	readonly #times: SessionTimes;
	#calls = 0;
	#isHeard = false;
	#keepalive: NodeJS.Timeout | undefined;

	constructor(http2: ClientHttp2Session, times: SessionTimes) {
		this.#http2 = http2;
		this.#times = times;
		http2.unref();
	}

	/** Takes no more calls: it was closed on this side, or the server sent GOAWAY. */
	get isClosed(): boolean {
		return this.#http2.closed || this.#http2.destroyed;
	}

	get isLost(): boolean {
		return this.#http2.destroyed;
	}

	/** Without calls, a session does not keep the process running. */
	request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
		const stream = this.#http2.request(headers);
		if (this.#calls++ === 0) this.#http2.ref();
		stream.once('close', () => {
			if (--this.#calls === 0) this.#http2.unref();
		});
		this.#keepalive ??= this.#nextPing();
		return stream;
	}

	/** Called for a message of the server, which shows that it is alive. */
	heard(): void {
		this.#isHeard = true;
	}

	/** Closes the connection if the server does not answer. */
	ping(): void {
		if (this.isLost) return;
		const { pongMs } = this.#times;
		const giveUp = () => this.#http2.destroy(new Error(`the server did not answer a ping in ${pongMs} ms`));
		const timer = setTimeout(giveUp, pongMs).unref();
		if (!this.#http2.ping(() => clearTimeout(timer))) clearTimeout(timer);
	}

	/** Closes the connection when the last of its open calls has ended. */
	close(): void {
		this.#http2.close();
	}

	#nextPing(): NodeJS.Timeout {
		const keepAlive = () => {
			this.#keepalive = undefined;
			if (this.#calls === 0 || this.isLost) return;
			if (!this.#isHeard) this.ping();
			this.#isHeard = false;
			this.#keepalive = this.#nextPing();
		};
		return setTimeout(keepAlive, this.#times.pingMs).unref();
	}
}
