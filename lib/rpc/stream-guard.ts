/** Bounds the streams of one HTTP/2 session: their number, resets, headers, and the time and size of their messages. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { CountRefusal, LimitName } from '../limits.ts';
import type { ElapsedMs } from '../metrics.ts';
import type { GuardedConnection } from './connection-guard.ts';
import { MessageEnds } from './message-ends.ts';
import type { AnswerBounds, UnreadAnswers } from './unread-answers.ts';

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
/** Streams whose request or message has not ended, oldest first, with the socket of each. */
export type Unfinished = Map<object, TLSSocket>;

export interface GuardedSession {
	readonly socket: TLSSocket;
	readonly connection: GuardedConnection;
	/** Shared by all sessions of a port: their unfinished streams have one bound. */
	readonly unfinished: Unfinished;
	readonly answers: UnreadAnswers;
	/** Called with each part of a message, which shows that the client is alive. */
	readonly heard: () => void;
	/** Whether the method of this path is bidirectional. */
	readonly isBidi: (path: string) => boolean;
}
export interface StreamOptions {
	readonly bounds: StreamBounds;
	readonly count: CountRefusal;
	readonly elapsedMs?: ElapsedMs;
}

/** A violation of the protocol, such as a stream above the announced number. */
const NGHTTP2_ERR_PROTO = -505;

/** @source gRPC over HTTP/2: the Content-Type of a call begins with application/grpc */
export const isCall = (headers: IncomingHttpHeaders): boolean =>
	headers['content-type']?.startsWith('application/grpc') === true;

export class StreamGuard {
	readonly session: GuardedSession;
	readonly bounds: StreamBounds;
	readonly #count: CountRefusal;
	readonly #takeReset: () => boolean;
	readonly #beginInTurn = turnCounter();
	#violated = 0;

	constructor(session: GuardedSession, { bounds, count, elapsedMs = () => performance.now() }: StreamOptions) {
		this.session = session;
		this.bounds = bounds;
		this.#count = count;
		this.#takeReset = tokenBucket(bounds.resetsPerSecond, elapsedMs);
	}

	/** Receives each stream before its handler. A stream that is refused is closed then. */
	add(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
		// nghttp2 reports all streams of a read before it reports that one has closed: the excess ones were reset.
		if (this.#beginInTurn() > this.bounds.concurrent) {
			this.cut('streamResets');
			// The streams that follow in the same read are then refused before they are created.
			stream.session?.close();
			stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
			return;
		}
		new GuardedStream(this, stream, headers).watch();
		if (headerBytes(headers) > this.bounds.headerBytes) {
			this.#count('grpcHeaderBytes');
			stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
		}
		this.cutExcess();
	}

	/** Ends the connection, because it has exceeded a limit. */
	cut(limit: LimitName, socket = this.session.socket): void {
		if (socket.destroyed) return;
		this.#count(limit);
		socket.destroy();
	}

	/** Ends the connection of the oldest unfinished stream where there are too many. */
	cutExcess(): void {
		const { unfinished } = this.session;
		if (unfinished.size <= this.bounds.unfinished) return;
		for (const [oldest, socket] of unfinished) {
			// Streams end later than their socket: without this, each new stream would cut the same connection.
			unfinished.delete(oldest);
			if (socket.destroyed) continue;
			this.cut('unfinishedStreams', socket);
			return;
		}
	}

	/** The client has reset a stream. */
	reset(): void {
		if (!this.#takeReset()) this.cut('streamResets');
	}

	/** The session has ended by this error, and all its streams with it. */
	failed({ errno }: NodeJS.ErrnoException): void {
		if (errno !== NGHTTP2_ERR_PROTO) return;
		this.#violated += 1;
		if (this.#violated === this.bounds.concurrent) this.#count('concurrentStreams');
	}
}

class GuardedStream {
	readonly #guard: StreamGuard;
	readonly #stream: ServerHttp2Stream;
	/** Undefined unless the call is bidirectional. */
	readonly #messages: MessageEnds | undefined;
	#isAnswered = false;
	/** Of the present request or message. */
	#frames = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(guard: StreamGuard, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
		this.#guard = guard;
		this.#stream = stream;
		const isBidi = isCall(headers) && guard.session.isBidi(headers[':path'] ?? '');
		this.#messages = isBidi ? new MessageEnds() : undefined;
	}

	watch(): void {
		const stream = this.#stream;
		const { session } = this.#guard;
		const ended = session.connection.begin();
		session.answers.watch(stream, session.socket);
		onEachChunk(stream, (chunk) => this.#read(chunk));
		stream.once('finish', () => this.#answered());
		stream.once('error', (error: NodeJS.ErrnoException) => this.#guard.failed(error));
		stream.once('end', () => this.#finish());
		stream.once('close', () => {
			this.#finish();
			ended();
			if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) this.#guard.reset();
		});
		// The end of a stream without a body is seen only when its reader asks for it.
		if (!stream.endAfterHeaders) this.#begin();
	}

	#begin(): void {
		this.#guard.session.unfinished.set(this.#stream, this.#guard.session.socket);
		this.#timer = setTimeout(() => this.#guard.cut('streamRequestTime'), this.#guard.bounds.requestMs).unref();
	}

	#finish(): void {
		clearTimeout(this.#timer);
		this.#guard.session.unfinished.delete(this.#stream);
	}

	get #isUnfinished(): boolean {
		return this.#guard.session.unfinished.has(this.#stream);
	}

	#read(chunk: Buffer): void {
		this.#frames += 1;
		if (this.#frames > this.#guard.bounds.messageFrames) this.#guard.cut('messageFrames');
		const messages = this.#messages;
		if (messages === undefined || this.#isAnswered) return;
		this.#guard.session.heard();
		messages.read(chunk);
		if (messages.hasEnded) {
			this.#frames = messages.isWhole ? 0 : 1;
			this.#finish();
		}
		if (messages.isWhole || this.#isUnfinished) return;
		this.#begin();
		this.#guard.cutExcess();
	}

	/** Messages no longer count: a client that never ends its side would keep its connection busy with them. */
	#answered(): void {
		this.#isAnswered = true;
		if (this.#messages !== undefined && !this.#stream.readableEnded && !this.#isUnfinished) this.#begin();
	}
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
