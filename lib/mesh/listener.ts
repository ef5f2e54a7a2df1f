/**
 * One TLS port. gRPC (h2) goes to a gRPC server, HTTP/1.1 to an HTTP server where there is one: kube-apiserver's single door. It decides
 * nothing about trust; it records for each connection what `peer.ts` read, and never resumes a TLS session, because a resumed session would
 * carry yesterday's verdict on a certificate.
 */
import { constants } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { causeText, KubejoinError } from '../errors.ts';
import type { Log } from '../log.ts';
import { certificatesPem, parseCertificates } from '../pki/certificate.ts';
import { type Peer, readPeer } from './peer.ts';

type ClientCertificate = 'required' | 'optional';

export interface ListenOptions {
	/** Name of the service, for messages. */
	readonly service: string;
	readonly address: string;
	readonly port: number;
	/** PEM. `clientCa` is who may issue client certificates. */
	readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
	/** required: a connection without a certificate from clientCa is cut before a byte of HTTP/2 is read. optional: it is accepted, and told apart by `peer`. */
	readonly clientCertificate: ClientCertificate;
	readonly grpc: GrpcServer;
	readonly http?: HttpServer;
	readonly log: Log;
	/** Is told of each connection whose TLS handshake succeeded, also of one that is then refused. */
	readonly onHandshake?: (peer: Peer) => void;
}

/** An open port. `close` stops accepting, lets calls finish for a while, then cuts what is left. */
export interface Listener {
	/** As asked for, or what the system chose instead of 0. */
	readonly port: number;
	readonly close: (graceMs: number) => Promise<void>;
}

/** How long a refused caller may take to hang up. */
const REFUSED_MS = 1_000;

/** A connection of which nothing is known has shown a credential that is not good: it is not anonymous. */
export const unknownPeer = (address: string): Peer => ({
	address,
	certificate: { state: 'unverified', problem: 'the connection is not known' },
});

/** The connections of a door and who is at the other end of each. Split from the listener, for handlers exist before the port is open. */
export interface Connections {
	readonly byAddress: Map<string, Peer>;
	readonly bySocket: WeakMap<object, Peer>;
}
export const newConnections = (): Connections => ({ byAddress: new Map(), bySocket: new WeakMap() });
export const peerAt = (connections: Connections, address: string): Peer =>
	connections.byAddress.get(address) ?? unknownPeer(address);

/** Open the port. @throws PORT_IN_USE, FILE_UNUSABLE (key and certificate do not fit, or a file has no certificate) */
export async function listen(options: ListenOptions, connections: Connections): Promise<Listener> {
	const { grpc, http, log } = options;
	const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
	const sockets = new Set<TLSSocket>();
	const server = createTlsServer(options);
	const anchors = parseCertificates(options.tls.clientCa);
	server.on('secureConnection', (socket) => {
		const peer = readPeer(socket, anchors, Date.now());
		options.onHandshake?.(peer);
		socket.on('error', (error) => log.debug({ peer: peer.address, problem: error.message }, 'connection lost'));
		if (options.clientCertificate === 'required' && peer.certificate.state !== 'verified') {
			const problem = peer.certificate.state === 'none' ? 'no client certificate' : peer.certificate.problem;
			log.warn({ peer: peer.address, problem }, 'connection refused');
			closeQuietly(socket);
			return;
		}
		connections.byAddress.set(peer.address, peer);
		connections.bySocket.set(socket, peer);
		sockets.add(socket);
		socket.once('close', () => {
			connections.byAddress.delete(peer.address);
			sockets.delete(socket);
		});
		if (socket.alpnProtocol === 'h2' || http === undefined) injector.injectConnection(socket);
		else http.emit('connection', socket);
	});
	server.on('tlsClientError', (error, socket) => {
		log.warn({ peer: `${socket.remoteAddress}:${socket.remotePort}`, problem: error.message }, 'TLS handshake refused');
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
		server.listen(options.port, options.address, resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		async close(graceMs) {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			http?.closeIdleConnections();
			injector.drain(graceMs);
			const timer = setTimeout(() => {
				injector.destroy();
				http?.closeAllConnections();
				for (const socket of sockets) socket.destroy();
			}, graceMs);
			await closed;
			clearTimeout(timer);
		},
	};
}

/**
 * Close in good order: a reset, which is what unread bytes would make of it, looks to the caller like a server that died. What still comes is
 * thrown away unread.
 */
function closeQuietly(socket: TLSSocket): void {
	socket.resume();
	socket.end();
	const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
	socket.once('close', () => clearTimeout(timer));
}

// The certificate is judged in `secureConnection`, where a refusal can be logged with its reason.
const tlsOptions = ({ tls, http }: ListenOptions): TlsOptions => ({
	cert: tls.cert,
	key: tls.key,
	ca: [...certificatesPem(tls.clientCa)],
	requestCert: true,
	rejectUnauthorized: false,
	minVersion: 'TLSv1.2',
	secureOptions: constants.SSL_OP_NO_TICKET,
	ALPNCallback: ({ protocols }) =>
		http !== undefined && protocols.includes('http/1.1') ? 'http/1.1' : protocols.includes('h2') ? 'h2' : undefined,
});

function createTlsServer(options: ListenOptions): Server {
	try {
		return createServer(tlsOptions(options));
	} catch (error) {
		const path = `the certificate and the key of ${options.service}`;
		throw new KubejoinError('FILE_UNUSABLE', { path, problem: causeText(error) }, { cause: error });
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
