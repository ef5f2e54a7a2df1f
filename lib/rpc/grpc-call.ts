/** One call of a client: a request of one message or of several, and the messages and the status that answer it. */
import {
	type ClientHttp2Stream,
	constants,
	type IncomingHttpHeaders,
	type IncomingHttpStatusHeader,
	type OutgoingHttpHeaders,
} from 'node:http2';
import { grpcCode } from '../errors.ts';
import { CANCELLED, CallFailure, failureOfReset, failureOfResponse, failureOfTrailers } from './call-failure.ts';
import { FrameReader, frameOf } from './grpc-frames.ts';
import type { GrpcSession } from './grpc-session.ts';

const MAX_RECEIVED_BYTES = 16 * 1024 * 1024;
/** Informational answers, such as 103. Each costs an event. */
const MAX_INFORMATIONAL = 100;

export interface GrpcMethod {
	/** `/kubejoin.v1.Nodes/List` */
	readonly path: string;
	readonly metadata?: Metadata;
}
export interface GrpcMessage {
	readonly message: Buffer;
	readonly deadlineMs?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}
export type GrpcRequest = GrpcMethod & GrpcMessage;
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** Ends a call from this side: at its deadline, or when its caller gives it up. */
export class EarlyEnd {
	failure: CallFailure | undefined;
	onFailure: (failure: CallFailure) => void = () => undefined;
	readonly #deadline: number | undefined;
	readonly #timer: NodeJS.Timeout | undefined;
	readonly #signal: AbortSignal | undefined;
	readonly #abort = () => this.with(new CallFailure(CANCELLED, 'Call cancelled'));

	constructor({ deadlineMs, signal }: Pick<GrpcMessage, 'deadlineMs' | 'signal'>) {
		if (deadlineMs !== undefined) {
			this.#deadline = performance.now() + deadlineMs;
			const exceed = () => this.with(new CallFailure(grpcCode.DEADLINE_EXCEEDED, 'Deadline exceeded'));
			this.#timer = setTimeout(exceed, deadlineMs);
		}
		this.#signal = signal;
		if (signal?.aborted) this.#abort();
		else signal?.addEventListener('abort', this.#abort, { once: true });
	}

	/** @source PROTOCOL-HTTP2.md Timeout: at most eight digits */
	get timeout(): string | undefined {
		if (this.#deadline === undefined) return undefined;
		const leftMs = Math.max(1, Math.ceil(this.#deadline - performance.now()));
		return leftMs < 1e8 ? `${leftMs}m` : `${Math.min(Math.ceil(leftMs / 1_000), 99_999_999)}S`;
	}

	with(failure: CallFailure): void {
		if (this.failure !== undefined) return;
		this.failure = failure;
		this.clear();
		this.onFailure(failure);
	}

	clear(): void {
		clearTimeout(this.#timer);
		this.#signal?.removeEventListener('abort', this.#abort);
	}

	/** @throws CallFailure  the end comes before the work is done */
	async before<T>(work: Promise<T>): Promise<T> {
		const ended = new Promise<never>((_resolve, reject) => {
			this.onFailure = reject;
		});
		return await Promise.race([work, ended]);
	}
}

export class GrpcCall {
	readonly #session: GrpcSession;
	readonly #stream: ClientHttp2Stream;
	#end: EarlyEnd;
	readonly #frames = new FrameReader(MAX_RECEIVED_BYTES);
	#trailers: IncomingHttpHeaders | undefined;
	#error: NodeJS.ErrnoException | undefined;
	#hasAnswer = false;
	#informational = 0;
	/** Of the message whose answer is to come. */
	#settle: { readonly resolve: (answer: Buffer) => void; readonly reject: (failure: CallFailure) => void } | undefined;
	/** The end of a message keeps the message and its timer in memory. */
	#betweenMessages: EarlyEnd;
	#isExchange = false;
	#isFinishing = false;

	constructor(session: GrpcSession, headers: OutgoingHttpHeaders, end: EarlyEnd) {
		this.#session = session;
		this.#end = end;
		this.#betweenMessages = end;
		this.#stream = session.request(headers);
		this.#stream.once('response', (received, flags) => this.#onResponse(received, flags));
		this.#stream.once('trailers', (received) => {
			this.#trailers = received;
		});
		this.#stream.once('error', (error) => {
			this.#error = error;
		});
		this.#stream.on('headers', () => {
			if (++this.#informational > MAX_INFORMATIONAL) this.#end.with(wrongCount('too many informational headers'));
		});
		end.onFailure = (failure) => this.#cancel(failure);
	}

	/** Takes more messages of a bidirectional method. */
	get isOpen(): boolean {
		return this.#stream.writable && this.#trailers === undefined && this.#end.failure === undefined;
	}

	/**
	 * Sends a message of a bidirectional method. The caller waits for its answer before it sends the next.
	 *
	 * @throws CallFailure  the call has ended
	 * @throws TypeError    the caller did not wait
	 */
	async exchange(request: Buffer, end: EarlyEnd): Promise<Buffer> {
		if (this.#settle !== undefined) throw new TypeError('an exchange waits for its answer');
		if (end.failure !== undefined) throw end.failure;
		this.#end = end;
		this.#hasAnswer = false;
		end.onFailure = (failure) => this.#cancel(failure);
		if (!this.#isExchange) this.#listen();
		return new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
			this.#stream.write(frameOf(request));
		});
	}

	/** Ends the exchange after the answer that is to come. Does not wait for the server, which may have died. */
	finish(): void {
		this.#isFinishing = true;
		if (this.#settle === undefined) this.#stop();
	}

	#listen(): void {
		this.#isExchange = true;
		this.#betweenMessages = new EarlyEnd({});
		this.#betweenMessages.onFailure = (failure) => this.#cancel(failure);
		this.#stream.on('data', (chunk: Buffer) => {
			this.#session.heard();
			try {
				for (const answer of this.#frames.read(chunk)) this.#take(answer);
			} catch (error) {
				this.#end.with(error as CallFailure);
			}
		});
		this.#stream.once('end', () => this.#stream.end());
		this.#stream.once('close', () => {
			this.#settle?.reject(this.#failure() ?? ended());
			this.#settle = undefined;
		});
	}

	#take(answer: Buffer): void {
		if (this.#settle === undefined) throw wrongCount('more messages than the request');
		this.#hasAnswer = true;
		this.#settle.resolve(answer);
		this.#settle = undefined;
		this.#end = this.#betweenMessages;
		if (this.#isFinishing) this.#stop();
	}

	/** Sends the only message of the request. @returns the only message of the answer */
	message(request: Buffer): Promise<Buffer> {
		this.#stream.end(frameOf(request));
		return new Promise((resolve, reject) => {
			const messages: Buffer[] = [];
			this.#stream.on('data', (chunk: Buffer) => {
				try {
					messages.push(...this.#frames.read(chunk));
				} catch (error) {
					this.#end.with(error as CallFailure);
				}
				if (messages.length > 1) this.#end.with(wrongCount('more than one message'));
			});
			this.#stream.once('close', () => {
				const [message] = messages;
				const failure = this.#failure() ?? (message === undefined ? wrongCount('no message') : undefined);
				if (failure === undefined) resolve(message as Buffer);
				else reject(failure);
			});
		});
	}

	/** Sends the only message of the request. The server sends messages no faster than the caller takes them. */
	async *messages(request: Buffer): AsyncGenerator<Buffer, void, void> {
		this.#stream.end(frameOf(request));
		try {
			for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
				this.#session.heard();
				yield* this.#frames.read(chunk);
			}
		} catch (error) {
			throw error instanceof CallFailure ? error : (this.#failure() ?? error);
		} finally {
			if (!this.#stream.readableEnded) this.#stop();
		}
		const failure = this.#failure();
		if (failure !== undefined) throw failure;
	}

	#onResponse(headers: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number): void {
		this.#hasAnswer = true;
		if ('grpc-status' in headers || (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#trailers = headers;
		const failure = 'grpc-status' in headers ? undefined : failureOfResponse(headers);
		if (failure !== undefined) this.#end.with(failure);
	}

	#cancel({ code }: CallFailure): void {
		if (code === grpcCode.DEADLINE_EXCEEDED && !this.#hasAnswer) this.#session.ping();
		this.#stop();
	}

	/** Does not wait for the connection, which may have died. */
	#stop(): void {
		this.#stream.close(constants.NGHTTP2_CANCEL);
		this.#stream.destroy();
	}

	/** Of a stream that has ended. */
	#failure(): CallFailure | undefined {
		if (this.#end.failure !== undefined) return this.#end.failure;
		if (this.#trailers !== undefined)
			return (
				failureOfTrailers(this.#trailers) ??
				(this.#frames.isInsideMessage ? wrongCount('an incomplete message') : undefined)
			);
		// With GOAWAY, the server ends its streams as with RST_STREAM.
		if (this.#session.isLost && this.#error?.code !== 'ERR_HTTP2_SESSION_ERROR')
			return new CallFailure(grpcCode.UNAVAILABLE, this.#error?.message ?? 'Connection dropped', {
				cause: this.#error,
			});
		return failureOfReset(this.#stream.rstCode);
	}
}

/** A server ends a call without an error only between two messages. */
const ended = (): CallFailure =>
	new CallFailure(grpcCode.UNAVAILABLE, 'the server ended the stream', { isUnprocessed: true });

const wrongCount = (found: string): CallFailure => new CallFailure(grpcCode.INTERNAL, `the answer has ${found}`);
