/**
 * Bounds the HTTP/2 sessions of a port. grpc-js shows calls, but neither sessions nor streams that are no call yet. A
 * caller that abuses those loses its connection. Streams that are no calls go to an HTTP server, where there is one.
 */
import type { Server as HttpServer } from 'node:http';
import {
	createServer,
	type Http2Server,
	type IncomingHttpHeaders,
	type ServerHttp2Session,
	type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { limits } from '../limits.ts';
import type { GuardedConnection } from './connection-guard.ts';
import { isCall, StreamGuard, type StreamOptions, type Unfinished } from './stream-guard.ts';
import { UnreadAnswers } from './unread-answers.ts';

export interface SessionOptions extends StreamOptions {
	/** Receives the requests that are no gRPC calls. */
	readonly http?: HttpServer | undefined;
}

/** A server of HTTP/2 that receives its connections from a port. */
export interface SessionServer {
	readonly http2: Http2Server;
	/** Emits `session` before it returns. */
	readonly inject: (socket: TLSSocket) => void;
	/** Whether the method of this path is bidirectional. Default: none is. */
	readonly isBidi?: (path: string) => boolean;
	readonly drain: (graceMs: number) => void;
	readonly destroy: () => void;
}

/** For a port without gRPC, which then does not load grpc-js. */
export function createSessionServer(): SessionServer {
	const http2 = createServer({ settings: { maxConcurrentStreams: limits.concurrentStreams.value } });
	const sessions = new Set<ServerHttp2Session>();
	http2.on('session', (session) => {
		sessions.add(session);
		session.once('close', () => sessions.delete(session));
	});
	return {
		http2,
		inject: (socket) => void http2.emit('connection', socket),
		drain() {
			for (const session of sessions) session.close();
		},
		destroy() {
			for (const session of sessions) session.destroy();
		},
	};
}

/** A `SessionServer` with bounds. */
export interface GuardedInjector {
	readonly inject: (socket: TLSSocket, connection: GuardedConnection) => void;
	readonly drain: (graceMs: number) => void;
	readonly destroy: () => void;
	/** Call it when the port is closed. */
	readonly stop: () => void;
}

/** The error of nghttp2 after too many resets by the client. */
const NGHTTP2_ERR_CALLBACK_FAILURE = -902;

export function createGuardedInjector(server: SessionServer, options: SessionOptions): GuardedInjector {
	const { http2, isBidi = () => false } = server;
	const guards = new WeakMap<object, StreamGuard>();
	const unfinished: Unfinished = new Map();
	const { bounds, count, elapsedMs = () => performance.now() } = options;
	const answers = new UnreadAnswers(bounds, count, elapsedMs);
	let injected: { readonly socket: TLSSocket; readonly connection: GuardedConnection } | undefined;
	http2.prependListener('session', (session: ServerHttp2Session) => {
		if (injected === undefined) return;
		const { socket, connection } = injected;
		destroyAfterRead(session);
		connection.onIdle(() => session.close());
		// Node 22 and 24 end a session of rapid resets themselves, before its streams are seen to close.
		session.once('error', (error: NodeJS.ErrnoException) => {
			if (error.errno === NGHTTP2_ERR_CALLBACK_FAILURE) options.count('streamResets');
		});
		const heard = requireAlivePeer(session, socket, options);
		guards.set(session, new StreamGuard({ socket, connection, unfinished, answers, heard, isBidi }, options));
		requireSettingsAck(session, socket, options);
	});
	// Before the listener of grpc-js, which then sees a stream that is closed already.
	http2.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
		// An emitter passes errors to the process if no listener is left, and grpc-js listens once.
		stream.on('error', () => undefined);
		if (stream.session !== undefined) guards.get(stream.session)?.add(stream, headers);
	});
	separateRequests(http2, options.http);
	return {
		inject(socket, connection) {
			injected = { socket, connection };
			try {
				server.inject(socket);
			} finally {
				injected = undefined;
			}
		},
		drain: (graceMs) => server.drain(graceMs),
		destroy: () => server.destroy(),
		stop: () => answers.stop(),
	};
}

type StreamListener = (
	this: Http2Server,
	stream: ServerHttp2Stream,
	headers: IncomingHttpHeaders,
	...more: unknown[]
) => void;

/**
 * Gives each stream that the guard lets through to gRPC or to the HTTP server, whose requests and responses have the
 * interface of HTTP/1.1, so that one handler answers both.
 */
function separateRequests(http2: Http2Server, http: HttpServer | undefined): void {
	const [guard, ...calls] = http2.listeners('stream') as StreamListener[];
	const requests = http && createServer((request, response) => http.emit('request', request, response));
	http2.removeAllListeners('stream');
	http2.on('stream', function (this: Http2Server, stream, headers, ...more) {
		guard?.call(this, stream, headers, ...more);
		if (stream.destroyed || stream.closed) return;
		if (requests !== undefined && (calls.length === 0 || !isCall(headers)))
			requests.emit('stream', stream, headers, ...more);
		else for (const call of calls) call.call(this, stream, headers, ...more);
	});
}

/**
 * Destroys a session only when nghttp2 has given all that was read. Node passes over the streams that follow in that
 * read once a session is destroyed, and their first DATA frame then ends the process (`onread->IsFunction()`). A GOAWAY
 * with an error is such an end, and every client can send it.
 */
function destroyAfterRead(session: ServerHttp2Session): void {
	const destroy = session.destroy.bind(session);
	session.destroy = (error, code) => void setImmediate(destroy, error, code);
}

/** Cuts a client that never acknowledges the settings. @source RFC 9113 section 6.5.3 SETTINGS_TIMEOUT */
function requireSettingsAck(session: ServerHttp2Session, socket: TLSSocket, { bounds, count }: SessionOptions): void {
	const timer = setTimeout(() => {
		if (!session.pendingSettingsAck || socket.destroyed) return;
		count('settingsAckTime');
		socket.destroy();
	}, bounds.settingsAckMs).unref();
	session.once('close', () => clearTimeout(timer));
}

/**
 * Pings the client in place of grpc-js, which reports no client that does not answer. A request or message shows as
 * well that the client is alive: thousands of nodes with heartbeats need no pings.
 *
 * @returns to be called with each message
 */
function requireAlivePeer(
	session: ServerHttp2Session,
	socket: TLSSocket,
	{ bounds, count }: SessionOptions,
): () => void {
	let isAnswered = true;
	let hasRequested = false;
	const heard = (): void => {
		hasRequested = true;
	};
	session.on('stream', heard);
	const timer = setInterval(() => {
		if (session.destroyed || session.closed) return;
		if (hasRequested) {
			[hasRequested, isAnswered] = [false, true];
			return;
		}
		if (!isAnswered) {
			count('peerAliveTime');
			socket.destroy();
			return;
		}
		isAnswered = false;
		session.ping(() => {
			isAnswered = true;
		});
	}, bounds.peerAliveMs).unref();
	session.once('close', () => clearInterval(timer));
	return heard;
}
