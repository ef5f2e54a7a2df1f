/**
 * Bounds the HTTP/2 sessions of a port. grpc-js shows calls, but neither sessions nor streams that are no call yet. A
 * caller that abuses those loses its connection. Streams that are no calls go to an HTTP server, where there is one.
 */
import type { Server as HttpServer } from 'node:http';
import {
	constants,
	createServer,
	type Http2Server,
	type IncomingHttpHeaders,
	type ServerHttp2Session,
	type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type CountRefusal, type LimitName, limits } from '../limits.ts';
import type { ElapsedMs } from '../metrics.ts';
import type { GuardedConnection } from './connection-guard.ts';
import { type AnswerBounds, UnreadAnswers } from './unread-answers.ts';

export interface StreamBounds extends AnswerBounds {
	/** The number that the gRPC server announces; used here only to recognize why a session ended. */
	readonly concurrent: number;
	/** Until the client has acknowledged the settings: before that, its streams above the bound cost it nothing. */
	readonly settingsAckMs: number;
	/** Between two pings, and until the answer to one. */
	readonly peerAliveMs: number;
	/** From the headers of a request to its end; on a bidirectional stream, from the start of a message to its end. */
	readonly requestMs: number;
	/** Streams of all connections whose request, or message of a bidirectional stream, has not ended. */
	readonly unfinished: number;
	/** Resets by the client of one connection. */
	readonly resetsPerSecond: number;
	/** DATA frames of one request, or of one message of a bidirectional stream. */
	readonly messageFrames: number;
	/** Names and values of the headers of a request. */
	readonly headerBytes: number;
}
export interface SessionOptions {
	readonly bounds: StreamBounds;
	readonly count: CountRefusal;
	readonly elapsedMs?: ElapsedMs;
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
/** A violation of the protocol, such as a stream above the announced number. */
const NGHTTP2_ERR_PROTO = -505;

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
		guards.set(session, guardStreams({ socket, connection, unfinished, answers, heard, isBidi }, options));
		requireSettingsAck(session, socket, options);
	});
	// Before the listener of grpc-js, which then sees a stream that is closed already.
	http2.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
		// An emitter passes errors to the process if no listener is left, and grpc-js listens once.
		stream.on('error', () => undefined);
		if (stream.session !== undefined) guards.get(stream.session)?.(stream, headers);
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

/** @source gRPC over HTTP/2: the Content-Type of a call begins with application/grpc */
const isCall = (headers: IncomingHttpHeaders): boolean =>
	headers['content-type']?.startsWith('application/grpc') === true;

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

/** Streams whose request has not ended, oldest first, with the socket of each. */
type Unfinished = Map<object, TLSSocket>;
interface SessionStreams {
	readonly socket: TLSSocket;
	readonly connection: GuardedConnection;
	readonly unfinished: Unfinished;
	readonly answers: UnreadAnswers;
	readonly heard: () => void;
	readonly isBidi: (path: string) => boolean;
}
type StreamGuard = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

function guardStreams(
	{ socket, connection, unfinished, answers, heard, isBidi }: SessionStreams,
	{ bounds, count, elapsedMs = () => performance.now() }: SessionOptions,
): StreamGuard {
	const takeReset = tokenBucket(bounds.resetsPerSecond, elapsedMs);
	const cut = (limit: LimitName, of = socket): void => {
		if (of.destroyed) return;
		count(limit);
		of.destroy();
	};
	const cutExcess = (): void => {
		if (unfinished.size <= bounds.unfinished) return;
		for (const [oldest, of] of unfinished) {
			// Streams end later than their socket: without this, each new stream would cut the same connection.
			unfinished.delete(oldest);
			if (of.destroyed) continue;
			cut('unfinishedStreams', of);
			return;
		}
	};
	const beginInTurn = turnCounter();
	let violated = 0;
	return (stream, headers) => {
		// nghttp2 gives all streams of what it has read before one is seen to close: more than may be open were reset.
		if (beginInTurn() > bounds.concurrent) {
			cut('streamResets');
			// The streams that follow in the same read are then refused before they are created.
			stream.session?.close();
			stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
			return;
		}
		const ended = connection.begin();
		answers.watch(stream, socket);
		const messages = isCall(headers) && isBidi(headers[':path'] ?? '') ? new MessageEnds() : undefined;
		let isAnswered = false;
		let frames = 0;
		onEachChunk(stream, (chunk) => {
			frames += 1;
			if (frames > bounds.messageFrames) cut('messageFrames');
			if (messages === undefined || isAnswered) return;
			heard();
			messages.read(chunk);
			if (messages.hasEnded) {
				frames = messages.isWhole ? 0 : 1;
				finished();
			}
			if (messages.isWhole || unfinished.has(stream)) return;
			begun();
			cutExcess();
		});
		// Messages no longer count: a client that never ends its side would keep its connection busy with them.
		stream.once('finish', () => {
			isAnswered = true;
			if (messages !== undefined && !stream.readableEnded && !unfinished.has(stream)) begun();
		});
		// The session ends all its streams with the error that ended it.
		stream.once('error', (error: NodeJS.ErrnoException) => {
			if (error.errno !== NGHTTP2_ERR_PROTO) return;
			violated += 1;
			if (violated === bounds.concurrent) count('concurrentStreams');
		});
		let timer: NodeJS.Timeout | undefined;
		const begun = (): void => {
			unfinished.set(stream, socket);
			timer = setTimeout(() => cut('streamRequestTime'), bounds.requestMs).unref();
		};
		const finished = (): void => {
			clearTimeout(timer);
			unfinished.delete(stream);
		};
		begun();
		stream.once('end', finished);
		// The end of a stream without a body is seen only when its reader asks for it.
		if (stream.endAfterHeaders) finished();
		stream.once('close', () => {
			finished();
			ended();
			const isReset = stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted;
			if (isReset && !takeReset()) cut('streamResets');
		});
		if (headerBytes(headers) > bounds.headerBytes) {
			count('grpcHeaderBytes');
			stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
		}
		cutExcess();
	};
}

/**
 * Not by a listener: with one, the body flows from the beginning, and a reader that first authenticates the caller
 * finds nothing of it.
 */
function onEachChunk(stream: ServerHttp2Stream, seen: (chunk: Buffer) => void): void {
	const push = stream.push.bind(stream);
	stream.push = (chunk, encoding) => {
		if (chunk !== null) seen(chunk);
		return push(chunk, encoding);
	};
}

/** The flag of compression, and four bytes of the length. @source grpc/doc/PROTOCOL-HTTP2.md */
const PREFIX_BYTES = 5;

/** Where the messages of a stream end; reads each chunk. */
class MessageEnds {
	/** A message ended in the last chunk. */
	hasEnded = false;
	#prefixBytes = 0;
	#length = 0;
	#leftBytes = 0;

	/** The last chunk ended with a message. */
	get isWhole(): boolean {
		return this.#prefixBytes === 0 && this.#leftBytes === 0;
	}

	read(chunk: Buffer): void {
		this.hasEnded = false;
		for (let at = 0; at < chunk.length; ) {
			if (this.#leftBytes > 0) {
				const taken = Math.min(this.#leftBytes, chunk.length - at);
				this.#leftBytes -= taken;
				at += taken;
			} else {
				this.#length = this.#prefixBytes === 0 ? 0 : this.#length * 256 + (chunk[at] ?? 0);
				this.#prefixBytes += 1;
				at += 1;
				if (this.#prefixBytes < PREFIX_BYTES) continue;
				[this.#prefixBytes, this.#leftBytes] = [0, this.#length];
			}
			if (this.#leftBytes === 0) this.hasEnded = true;
		}
	}
}

/** @returns how often it was called since the event loop began its turn */
function turnCounter(): () => number {
	let calls = 0;
	return () => {
		if (calls === 0) setImmediate(() => (calls = 0));
		calls += 1;
		return calls;
	};
}

/** As HTTP/2 counts a header list, RFC 9113 section 6.5.2. */
function headerBytes(headers: IncomingHttpHeaders): number {
	let bytes = 0;
	for (const name in headers) {
		const value = headers[name] ?? '';
		if (typeof value === 'string') bytes += name.length + value.length + 32;
		else for (const one of value) bytes += name.length + one.length + 32;
	}
	return bytes;
}

/** @returns true while fewer than `perSecond` were taken in the last second, about */
function tokenBucket(perSecond: number, elapsedMs: ElapsedMs): () => boolean {
	let tokens = perSecond;
	let sinceMs = elapsedMs();
	return () => {
		const nowMs = elapsedMs();
		tokens = Math.min(perSecond, tokens + ((nowMs - sinceMs) * perSecond) / 1_000);
		sinceMs = nowMs;
		if (tokens < 1) return false;
		tokens -= 1;
		return true;
	};
}
