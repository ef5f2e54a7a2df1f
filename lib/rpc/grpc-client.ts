/**
 * A gRPC client for one server. It has one connection, which begins with the first call, and again after it was lost.
 * A call that finds no connection waits for it, and fails with the error of the last attempt while the client backs
 * off.
 */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { grpcCode } from '../errors.ts';
import type { ElapsedMs } from '../metrics.ts';
import { CallFailure } from './call-failure.ts';
import { EarlyEnd, GrpcCall, type GrpcMessage, type GrpcMethod, type GrpcRequest, type Metadata } from './grpc-call.ts';
import { dialSession, type GrpcSession, type SessionTimes } from './grpc-session.ts';

export interface ClientTimes extends SessionTimes {
	readonly firstBackoffMs: number;
	readonly maxBackoffMs: number;
}
const defaultTimes: ClientTimes = {
	dialMs: 20_000,
	pingMs: 20_000,
	pongMs: 10_000,
	firstBackoffMs: 200,
	maxBackoffMs: 5_000,
};

const monotonic: ElapsedMs = () => performance.now();

export interface GrpcClientOptions {
	/** `host:port` */
	readonly target: string;
	readonly userAgent: string;
	/** Begins a TLS connection that offers HTTP/2. */
	readonly connect: () => TLSSocket;
	readonly times?: Partial<ClientTimes>;
	readonly elapsedMs?: ElapsedMs | undefined;
}

export class GrpcClient {
	readonly #options: GrpcClientOptions;
	readonly #times: ClientTimes;
	readonly #elapsedMs: ElapsedMs;
	#session: GrpcSession | undefined;
	#dialing: Promise<GrpcSession> | undefined;
	#socket: TLSSocket | undefined;
	#failed: { readonly failure: CallFailure; readonly backoffMs: number; readonly retryMs: number } | undefined;
	#isClosed = false;
	readonly #bidi: GrpcBidi[] = [];

	constructor(options: GrpcClientOptions) {
		this.#options = options;
		this.#times = options.times === undefined ? defaultTimes : { ...defaultTimes, ...options.times };
		this.#elapsedMs = options.elapsedMs ?? monotonic;
	}

	/** @throws CallFailure */
	async unary(request: GrpcRequest): Promise<Buffer> {
		const end = new EarlyEnd(request);
		try {
			return await untilBegun(async () => (await this.#call(request, end, end.timeout)).message(request.message));
		} finally {
			end.clear();
		}
	}

	/** @throws CallFailure */
	async *stream(request: GrpcRequest): AsyncGenerator<Buffer, void, void> {
		const end = new EarlyEnd(request);
		try {
			yield* (await this.#call(request, end, end.timeout)).messages(request.message);
		} finally {
			end.clear();
		}
	}

	/** The messages of a bidirectional method, which are on one stream as long as it lasts. */
	bidi(method: GrpcMethod): GrpcBidi {
		const bidi = new GrpcBidi((end) => this.#call(method, end, undefined));
		this.#bidi.push(bidi);
		return bidi;
	}

	/** Calls that have begun can end. */
	close(): void {
		this.#isClosed = true;
		for (const bidi of this.#bidi) bidi.finish();
		this.#session?.close();
		if (this.#dialing !== undefined) this.#socket?.destroy();
	}

	async #call(method: GrpcMethod, end: EarlyEnd, timeout: string | undefined): Promise<GrpcCall> {
		if (end.failure !== undefined) throw end.failure;
		const session = this.#session?.isClosed === false ? this.#session : await end.before(this.#connect());
		return new GrpcCall(session, this.#headers(method, timeout), end);
	}

	async #connect(): Promise<GrpcSession> {
		if (this.#isClosed) throw new CallFailure(grpcCode.UNAVAILABLE, 'the channel is closed');
		if (this.#failed !== undefined && this.#elapsedMs() < this.#failed.retryMs) throw this.#failed.failure;
		this.#dialing ??= this.#dial().finally(() => {
			this.#dialing = undefined;
		});
		return await this.#dialing;
	}

	async #dial(): Promise<GrpcSession> {
		const begunMs = this.#elapsedMs();
		try {
			this.#socket = this.#options.connect();
			const session = await dialSession(this.#socket, this.#options.target, this.#times);
			if (this.#isClosed) session.close();
			this.#failed = undefined;
			this.#session = session;
			return session;
		} catch (error) {
			const last = this.#failed?.backoffMs;
			const backoffMs = last === undefined ? this.#times.firstBackoffMs : Math.min(2 * last, this.#times.maxBackoffMs);
			this.#failed = { failure: error as CallFailure, backoffMs, retryMs: begunMs + backoffMs };
			throw error;
		}
	}

	/** In one literal: in Node 20, each property that is added to a spread object creates a hidden class. */
	#headers({ path, metadata }: GrpcMethod, timeout: string | undefined): OutgoingHttpHeaders {
		const headers: OutgoingHttpHeaders = {
			':method': 'POST',
			':scheme': 'https',
			':path': path,
			':authority': this.#options.target,
			te: 'trailers',
			'content-type': 'application/grpc',
			'user-agent': this.#options.userAgent,
			'grpc-timeout': timeout,
		};
		return Object.assign(headers, metadata);
	}
}

/** Begins a stream with the first message, and again with the one after its end. */
class GrpcBidi {
	readonly #begin: (end: EarlyEnd) => Promise<GrpcCall>;
	#call: GrpcCall | undefined;

	/** @param begin  a call that has sent no message */
	constructor(begin: (end: EarlyEnd) => Promise<GrpcCall>) {
		this.#begin = begin;
	}

	/**
	 * Sends a message. The caller waits for its answer before it sends the next.
	 *
	 * @throws CallFailure  the stream has ended with it
	 */
	async exchange(message: GrpcMessage): Promise<Buffer> {
		const end = new EarlyEnd(message);
		try {
			return await untilBegun(() => this.#send(message.message, end));
		} finally {
			end.clear();
		}
	}

	finish(): void {
		this.#call?.finish();
	}

	async #send(message: Buffer, end: EarlyEnd): Promise<Buffer> {
		const call = this.#call?.isOpen === true ? this.#call : await this.#begin(end);
		this.#call = call;
		return await call.exchange(message, end);
	}
}

/** A second attempt if the server, which was about to close this connection or this stream, has not begun the first. */
async function untilBegun(attempt: () => Promise<Buffer>): Promise<Buffer> {
	try {
		return await attempt();
	} catch (error) {
		if (!(error instanceof CallFailure && error.isUnprocessed)) throw error;
		return await attempt();
	}
}

/** @throws TypeError  text that HTTP/2 cannot send; the error does not contain it, because it can be a secret */
export function checkedMetadata(metadata: Metadata): Metadata {
	for (const [key, values] of Object.entries(metadata))
		if (![values].flat().every((value) => /^[\x20-\x7e]*$/.test(value)))
			throw new TypeError(`the metadata ${key} contains illegal characters`);
	return metadata;
}
