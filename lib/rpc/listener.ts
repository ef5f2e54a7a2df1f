/**
 * One TLS port. gRPC goes to a gRPC server, other requests over HTTP/2 and HTTP/1.1 to an HTTP server where there is
 * one: kube-apiserver's single door. It decides nothing about trust; it records for each connection the result of
 * `peer.ts`, and never resumes a TLS session, because a resumed session would carry yesterday's verdict on a
 * certificate.
 */
import { constants, type X509Certificate } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { KubejoinError } from '../errors.ts';
import { fileUnusable } from '../files.ts';
import { type CountRefusal, limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { limitLines, withoutPort } from '../log-limit.ts';
import { certificatesPem, parseCertificates } from '../pki/certificate.ts';
import {
	type ConnectionBounds,
	type ConnectionGuard,
	createConnectionGuard,
	type GuardedConnection,
} from './connection-guard.ts';
import { createGuardedInjector, createSessionServer, type GuardedInjector, type SessionServer } from './http2-guard.ts';
import { type Peer, readPeer } from './peer.ts';
import type { RefusedConnection } from './refused-connections.ts';
import type { StreamBounds } from './stream-guard.ts';
import { readTls, type TlsEnd, TlsReport } from './tls-report.ts';

type ClientCertificate = 'required' | 'optional';

/** PEM. `clientCa` is who may issue client certificates. */
export interface ListenTls {
	readonly cert: string;
	readonly key: string;
	readonly clientCa: string;
}

export interface ListenOptions {
	/** Name of the service, for messages. */
	readonly service: string;
	readonly address: string;
	readonly port: number;
	/** Absent: handshakes end with the alert `internal_error` until `useTls`, as in Go. */
	readonly tls?: ListenTls;
	/**
	 * required: a connection without a certificate from clientCa is closed before HTTP/2 begins. optional: it is
	 * accepted, and `peer` distinguishes it.
	 */
	readonly clientCertificate: ClientCertificate;
	/** Absent: the HTTP server receives the requests of HTTP/2, too. */
	readonly grpc?: SessionServer;
	readonly http?: HttpServer;
	readonly log: Log;
	/** Absent in tests and in programs that have no metrics. */
	readonly count?: CountRefusal;
	readonly bounds?: Partial<ListenBounds>;
	/** Called for each connection whose TLS handshake succeeded, also if it is then refused. */
	readonly onHandshake?: (peer: Peer) => void;
	/**
	 * Called for a failed handshake, and for a client certificate that is not valid, or missing where one is required.
	 * Not called where the client refuses the server, or goes away.
	 */
	readonly onRefused?: (refused: RefusedConnection) => void;
}

/** An open port. `close` stops accepting, lets calls finish for a while, then cuts the remaining ones. */
export interface Listener {
	/** The requested port, or the one that the system chose for 0. */
	readonly port: number;
	/** Present other certificates to connections from now on. @throws FILE_UNUSABLE */
	readonly useTls: (tls: ListenTls) => void;
	readonly close: (graceMs: number) => Promise<void>;
}

/** How long a refused caller may take to hang up. */
const REFUSED_MS = 1_000;

/**
 * The record of a fatal alert `internal_error`. OpenSSL would send `handshake_failure`.
 *
 * @source crypto/tls handshake_server_tls13.go pickCertificate
 */
const internalErrorAlert = Buffer.from([21, 3, 3, 0, 2, 2, 80]);

/** A connection of which nothing is known has shown a credential that is not good: it is not anonymous. */
const unknownPeer = (address: string): Peer => ({
	address,
	certificate: { state: 'unverified', problem: 'the connection is not known' },
});

/**
 * The connections of a listener and their peers. Separate from the listener, because handlers exist before the port is
 * open.
 */
export interface Connections {
	readonly byAddress: Map<string, Peer>;
	readonly bySocket: WeakMap<object, Peer>;
}
export const newConnections = (): Connections => ({ byAddress: new Map(), bySocket: new WeakMap() });
export const peerAt = (connections: Connections, address: string): Peer =>
	connections.byAddress.get(address) ?? unknownPeer(address);
/** The socket of a stream of HTTP/2 is a proxy of that of the connection. */
export function peerOfSocket(connections: Connections, socket: Socket): Peer {
	const address = addressOf(socket);
	return connections.bySocket.get(socket) ?? peerAt(connections, address);
}

/** The limits of one port. Tests choose shorter ones. */
export interface ListenBounds extends ConnectionBounds, StreamBounds {
	readonly handshakeMs: number;
}
const defaultBounds: ListenBounds = {
	total: limits.connections.value,
	perAddress: limits.connectionsPerAddress.value,
	handshakeMs: limits.tlsHandshakeTime.value,
	firstRequestMs: limits.firstRequestTime.value,
	idleMs: limits.connectionIdleTime.value,
	closingMs: limits.connectionClosingTime.value,
	concurrent: limits.concurrentStreams.value,
	settingsAckMs: limits.settingsAckTime.value,
	peerAliveMs: limits.peerAliveTime.value,
	requestMs: limits.streamRequestTime.value,
	unfinished: limits.unfinishedStreams.value,
	resetsPerSecond: limits.streamResets.value,
	headerBytes: limits.grpcHeaderBytes.value,
	messageFrames: limits.messageFrames.value,
	unreadAnswers: limits.unreadAnswers.value,
	unreadAnswerMs: limits.unreadAnswerTime.value,
};

/** Open the port. @throws PORT_IN_USE, FILE_UNUSABLE (key and certificate do not fit, or a file has no certificate) */
export async function listen(options: ListenOptions, connections: Connections): Promise<Listener> {
	const port = new TlsPort(options, connections);
	await port.open();
	return port;
}

class TlsPort implements Listener {
	readonly #options: ListenOptions;
	readonly #connections: Connections;
	readonly #bounds: ListenBounds;
	readonly #count: CountRefusal;
	readonly #guard: ConnectionGuard;
	readonly #injector: GuardedInjector;
	readonly #lines: ReturnType<typeof limitLines>;
	readonly #guarded = new Map<string, GuardedConnection>();
	readonly #guardedHttp = new WeakMap<object, GuardedConnection>();
	readonly #tcp: TcpServer;
	readonly #server: Server;
	#anchors: readonly X509Certificate[];
	#hasCertificate: boolean;
	#port = 0;

	constructor(options: ListenOptions, connections: Connections) {
		const { grpc = createSessionServer(), http, log, count = () => undefined } = options;
		const bounds = { ...defaultBounds, ...options.bounds };
		this.#options = options;
		this.#connections = connections;
		this.#bounds = bounds;
		this.#count = count;
		this.#guard = createConnectionGuard({ bounds, count });
		this.#injector = createGuardedInjector(grpc, { bounds, count, http });
		this.#lines = limitLines(log, count);
		this.#anchors = anchorsOf(options.tls);
		this.#hasCertificate = options.tls !== undefined;
		this.#server = createTlsServer(options, bounds.handshakeMs);
		this.#server.on('secureConnection', (socket) => this.#secured(socket));
		this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
		// As Go: the end of a response, or an event, does not wait for the acknowledgement of the bytes before it.
		this.#tcp = createTcpServer({ noDelay: true }, (socket) => this.#accept(socket));
		if (http !== undefined) superviseHttp(http, this.#guardedHttp);
	}

	/** @throws PORT_IN_USE */
	async open(): Promise<void> {
		await open(this.#tcp, this.#options);
		this.#port = (this.#tcp.address() as AddressInfo).port;
	}

	get port(): number {
		return this.#port;
	}

	useTls(tls: ListenTls): void {
		withCertificate(this.#options, () => this.#server.setSecureContext(contextOf(tls)));
		this.#anchors = anchorsOf(tls);
		this.#hasCertificate = true;
	}

	async close(graceMs: number): Promise<void> {
		const closed = new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
		this.#options.http?.close(() => undefined);
		this.#injector.drain(graceMs);
		const timer = setTimeout(() => {
			this.#injector.destroy();
			// Sessions end in the next turn, after they have sent the reason to their clients.
			setImmediate(() => this.#guard.destroyAll());
		}, graceMs);
		await closed;
		clearTimeout(timer);
		this.#injector.stop();
		this.#guard.stop();
	}

	/** A refused connection does not reach the TLS server, and costs no handshake. */
	#accept(socket: Socket): void {
		const address = addressOf(socket);
		const connection = this.#guard.admit(socket, socket.remoteAddress ?? '');
		socket.on('error', () => socket.destroy());
		if (connection === undefined) return;
		this.#guarded.set(address, connection);
		socket.once('close', () => this.#guarded.delete(address));
		if (this.#hasCertificate) this.#server.emit('connection', socket);
		else refuseHandshake(socket, this.#bounds.handshakeMs);
	}

	#secured(socket: TLSSocket): void {
		const { log, onHandshake } = this.#options;
		const peer = describedPeer(socket, this.#anchors);
		const connection = this.#guarded.get(peer.address);
		onHandshake?.(peer);
		socket.on('error', (error) => log.debug({ peer: peer.address, problem: error.message }, 'connection lost'));
		// Evicted, or closed by the client, in the meantime.
		if (connection === undefined) {
			socket.destroy();
			return;
		}
		connection.secured(socket);
		if (this.#isWelcome(peer)) this.#serve(socket, peer, connection);
		else closeQuietly(socket);
	}

	/** Reports a certificate that is not valid, or is missing where one is required. */
	#isWelcome({ address, certificate }: Peer): boolean {
		const { clientCertificate, log, onRefused } = this.#options;
		const isRequired = clientCertificate === 'required';
		if (certificate.state === 'verified' || (certificate.state === 'none' && !isRequired)) return true;
		const problem = certificate.state === 'none' ? 'no client certificate' : certificate.problem;
		onRefused?.({ peer: address, problem });
		if (!isRequired) return true;
		this.#lines(withoutPort(address), () => log.warn({ peer: address, problem }, 'connection refused'));
		return false;
	}

	#serve(socket: TLSSocket, peer: Peer, connection: GuardedConnection): void {
		const { http } = this.#options;
		if (peer.certificate.state === 'verified') connection.identified();
		this.#connections.byAddress.set(peer.address, peer);
		this.#connections.bySocket.set(socket, peer);
		this.#guardedHttp.set(socket, connection);
		socket.once('close', () => this.#connections.byAddress.delete(peer.address));
		if (socket.alpnProtocol === 'h2' || http === undefined) this.#injector.inject(socket, connection);
		else http.emit('connection', socket);
	}

	#failed(error: Error, socket: TLSSocket): void {
		const { log, onRefused } = this.#options;
		if (isTimeout(error)) this.#count('tlsHandshakeTime');
		const peer = addressOf(socket);
		this.#lines(withoutPort(peer), () => log.warn({ peer, problem: error.message }, 'TLS handshake refused'));
		if (!isOfClient(error)) onRefused?.({ peer, problem: error.message });
		socket.destroy();
	}
}

/** @throws PORT_IN_USE */
async function open(tcp: TcpServer, options: ListenOptions): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, options));
		tcp.once('error', onError);
		tcp.listen(options.port, options.address, () => {
			tcp.off('error', onError);
			// Errors of accept(), such as EMFILE, concern one connection.
			tcp.on('error', (error) => options.log.warn({ problem: error.message }, 'connection not accepted'));
			resolve();
		});
	});
}

/** The alert follows the first bytes of the client, which are its ClientHello. Later bytes are discarded. */
function refuseHandshake(socket: Socket, handshakeMs: number): void {
	socket.setTimeout(handshakeMs, () => socket.destroy());
	socket.once('data', () => socket.end(internalErrorAlert));
}

function describedPeer(socket: TLSSocket, anchors: readonly X509Certificate[]): Peer {
	const peer = readPeer(socket, anchors, Date.now());
	const isVerified = peer.certificate.state === 'verified';
	const end: TlsEnd = { side: 'server', ...(isVerified ? { anchors: () => anchors } : {}) };
	return { ...peer, tls: new TlsReport(() => readTls(socket, end)) };
}

const addressOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;
/** The client went away, or its alert says why it refuses the server. */
const isOfClient = ({ code, message }: NodeJS.ErrnoException): boolean =>
	code === 'ECONNRESET' || /\balert\b/.test(message);
const isTimeout = (error: NodeJS.ErrnoException): boolean => error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT';

/**
 * An HTTP server that listens itself checks headers and bodies for slowness; this one only receives connections, and is
 * checked explicitly.
 */
function superviseHttp(http: HttpServer, guarded: WeakMap<object, GuardedConnection>): void {
	http.emit('listening');
	http.prependListener('request', (request, response) => {
		const ended = guarded.get(request.socket)?.begin();
		if (ended !== undefined) response.on('close', ended);
	});
}

/**
 * Closes in good order. Unread bytes would cause a reset, which looks to the caller like a crashed server, so bytes
 * that still arrive are discarded.
 */
function closeQuietly(socket: TLSSocket): void {
	socket.resume();
	socket.end();
	const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
	socket.once('close', () => clearTimeout(timer));
}

// The certificate is judged in `secureConnection`, where a refusal can be logged with its reason.
const tlsOptions = ({ tls, http }: ListenOptions, handshakeTimeout: number): TlsOptions => ({
	handshakeTimeout,
	...contextOf(tls),
	requestCert: true,
	rejectUnauthorized: false,
	ALPNCallback: ({ protocols }) =>
		protocols.includes('h2') ? 'h2' : http !== undefined && protocols.includes('http/1.1') ? 'http/1.1' : undefined,
});

const contextOf = (tls: ListenTls | undefined): SecureContextOptions => ({
	...(tls === undefined ? {} : { cert: tls.cert, key: tls.key, ca: [...certificatesPem(tls.clientCa)] }),
	minVersion: 'TLSv1.2',
	secureOptions: constants.SSL_OP_NO_TICKET,
});

const anchorsOf = (tls: ListenTls | undefined): readonly X509Certificate[] =>
	tls === undefined ? [] : parseCertificates(tls.clientCa);

const createTlsServer = (options: ListenOptions, handshakeTimeout: number): Server =>
	withCertificate(options, () => createServer(tlsOptions(options, handshakeTimeout)));

function withCertificate<T>(options: Pick<ListenOptions, 'service'>, work: () => T): T {
	try {
		return work();
	} catch (error) {
		const path = `the certificate and the key of ${options.service}`;
		throw fileUnusable(path, error);
	}
}

function listenError(error: NodeJS.ErrnoException, { service, address, port }: ListenOptions): unknown {
	if (error.code === 'EADDRINUSE')
		return new KubejoinError('PORT_IN_USE', { service, address, port }, { cause: error });
	return new KubejoinError(
		'SERVICE_FAILED',
		{ service, problem: `cannot listen on ${address}:${port}: ${error.message}` },
		{ cause: error },
	);
}
