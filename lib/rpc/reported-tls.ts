/**
 * The credentials of a gRPC channel, whose TLS connections can be described in a trace. grpc-js gives the certificate
 * of the peer only, and nothing of a handshake that failed, so the connector is ours.
 * @source @grpc/grpc-js/src/channel-credentials.ts SecureConnectorImpl
 */
import { type ConnectionOptions, connect } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { Span } from '@opentelemetry/api';
import { hasProvider } from '../trace.ts';
import { readTls, type TlsEnd, TlsReport } from './tls-report.ts';

type SecureConnector = ReturnType<grpc.ChannelCredentials['_createSecureConnector']>;
type CallCredentials = ReturnType<SecureConnector['getCallCredentials']>;

export class ReportedTls {
	readonly credentials: grpc.ChannelCredentials;
	#last: TlsReport | undefined;

	/** @param connection  all that decides about the verification of the server; called for each connection */
	constructor(connection: () => ConnectionOptions, end: TlsEnd) {
		this.credentials = new ReportedCredentials(connection, end, (report) => {
			this.#last = report;
		});
	}

	describe(span: Span): void {
		this.#last?.describe(span);
	}
}

class ReportedCredentials extends grpc.ChannelCredentials {
	readonly #connection: () => ConnectionOptions;
	readonly #end: TlsEnd;
	readonly #onHandshake: (report: TlsReport) => void;

	constructor(connection: () => ConnectionOptions, end: TlsEnd, onHandshake: (report: TlsReport) => void) {
		super();
		this.#connection = connection;
		this.#end = end;
		this.#onHandshake = onHandshake;
	}

	override compose(): grpc.ChannelCredentials {
		throw new TypeError('the calls of a channel have their own metadata');
	}

	override _isSecure(): boolean {
		return true;
	}

	override _equals(other: grpc.ChannelCredentials): boolean {
		return this === other;
	}

	override _createSecureConnector(
		_target: unknown,
		_options: unknown,
		callCredentials: CallCredentials = grpc.credentials.createEmpty(),
	): SecureConnector {
		return {
			connect: (socket) => this.#connect({ ...this.#connection(), socket, ALPNProtocols: ['h2'] }),
			waitForReady: () => Promise.resolve(),
			getCallCredentials: () => callCredentials,
			destroy: () => undefined,
		};
	}

	#connect(options: ConnectionOptions): ReturnType<SecureConnector['connect']> {
		return new Promise((resolve, reject) => {
			let report: TlsReport | undefined;
			const socket = connect(options, () => {
				if (options.rejectUnauthorized !== false && !socket.authorized) {
					reject(socket.authorizationError);
					return;
				}
				report?.ended();
				resolve({ socket, secure: true });
			});
			// A refused server is disconnected after this event, and its certificate can then no longer be read.
			if (hasProvider())
				socket.prependOnceListener('secure', () => {
					const reading = readTls(socket, this.#end);
					report = new TlsReport(() => reading);
					this.#onHandshake(report);
				});
			socket.on('error', (error) => {
				report?.ended(error);
				reject(error);
			});
		});
	}
}
