/** The TLS connections of a client, which can be described in a trace, also when a handshake failed. */
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Span } from '@opentelemetry/api';
import { hasProvider } from '../trace.ts';
import { readTls, type TlsEnd, TlsReport } from './tls-report.ts';
import { presentOnlyCertificate } from './verify-server.ts';

/**
 * `h2` after its length. Node copies a list or a Uint8Array into a part of a buffer of 8 KB, which each of many
 * connections then keeps, and any other view into three bytes.
 */
const onlyHttp2 = new DataView(Uint8Array.of(2, ...Buffer.from('h2')).buffer);

export class ReportedTls {
	readonly #connection: () => ConnectionOptions;
	readonly #end: TlsEnd;
	#last: TlsReport | undefined;

	/** @param connection  all that decides about the verification of the server; called for each connection */
	constructor(connection: () => ConnectionOptions, end: TlsEnd) {
		this.#connection = connection;
		this.#end = end;
	}

	/** NODE_TLS_REJECT_UNAUTHORIZED cannot turn the verification off; `rejectUnauthorized` of the connection can. */
	connect(): TLSSocket {
		const socket = connect({ rejectUnauthorized: true, ...this.#connection(), ALPNProtocols: onlyHttp2 });
		if (hasProvider()) this.#report(socket);
		else presentOnlyCertificate(socket);
		return socket;
	}

	describe(span: Span): void {
		this.#last?.describe(span);
	}

	#report(socket: TLSSocket): void {
		let report: TlsReport | undefined;
		// A refused server is disconnected after this event, and its certificate can then no longer be read.
		socket.prependOnceListener('secure', () => {
			const reading = readTls(socket, this.#end);
			report = new TlsReport(() => reading);
			this.#last = report;
		});
		socket.once('secureConnect', () => report?.ended());
		socket.once('error', (error) => report?.ended(error));
	}
}
