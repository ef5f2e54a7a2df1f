/** An answer over HTTP, and how it is written: at once, in parts, compressed if it is long, or event by event. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, crc32, createGzip, gzip } from 'node:zlib';
import { awaitReader, isUpgrade } from '../../../lib/rpc/http-server.ts';
import type { Lifetime } from '../request/lifetime.ts';
import { acceptWebSocket, type WebSocketMessages } from './web-socket.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A list is encoded while it is written, in parts between which other work runs. */
export type ListParts = AsyncIterable<Uint8Array>;

export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
	/** Compresses chunks for a caller that accepts it, as upstream does for a watch that begins with a list. */
	readonly compressesChunks?: boolean;
	/** Each chunk is a message of the WebSocket that the caller asked for. */
	readonly webSocket?: WebSocketMessages;
	/** The parts of the body come as fast as they are read, unlike the events of a watch. */
	readonly isList?: boolean;
}

/** @source apiserver/pkg/endpoints/handlers/responsewriters/writers.go */
const MIN_COMPRESSED_BYTES = 128 * 1024;
const LEVEL = 1;
const compress = promisify(gzip);
const GZIP_HEADERS = { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' };
/** Chunks that are there are compressed together, up to this size. */
const MEMBER_BYTES = 64 * 1024;

export interface WriteOptions {
	readonly acceptsGzip: boolean;
	/** Ends when the caller has gone. */
	readonly lifetime: Lifetime;
}

/**
 * Returns when the answer is passed to the connection; a promise for one of parts or chunks, which also resolves when
 * the caller has gone, and for one that is compressed.
 */
export function writeAnswer(
	response: ServerResponse,
	answer: Answer,
	options: WriteOptions,
): Promise<void> | undefined {
	const { body, webSocket } = answer;
	if (webSocket !== undefined) return writeMessages(response, { ...answer, webSocket }, options);
	// Otherwise nothing reads the connection, and its end is not seen.
	if (isUpgrade(response.req)) response.socket?.resume();
	// Go keeps connections open without the header.
	if (!('Connection' in answer.headers)) response.removeHeader('connection');
	if (typeof body !== 'string' && !(body instanceof Uint8Array))
		return answer.isList === true
			? writeList(response, { ...answer, body: body as ListParts }, options)
			: writeChunks(response, { ...answer, body }, options);
	const length = Buffer.byteLength(body);
	if (length > MIN_COMPRESSED_BYTES && options.acceptsGzip) return writeCompressed(response, answer, body);
	writeHead(response, answer, { 'Content-Length': String(length) });
	response.end(body);
	return undefined;
}

async function writeCompressed(response: ServerResponse, answer: Answer, body: string | Uint8Array): Promise<void> {
	const sent = await compress(body, { level: LEVEL });
	writeHead(response, answer, { ...GZIP_HEADERS, 'Content-Length': String(sent.length) });
	response.end(sent);
}

/** Compressed if it is long; a short one has a length. */
async function writeList(
	response: ServerResponse,
	answer: Answer & { readonly body: ListParts },
	{ acceptsGzip, lifetime: { signal } }: WriteOptions,
): Promise<void> {
	const { start, rest } = await startOf(answer.body);
	if (rest === undefined) {
		writeHead(response, answer, { 'Content-Length': String(start.length) });
		response.end(start);
		return;
	}
	writeHead(response, answer, acceptsGzip ? GZIP_HEADERS : {});
	const parts = chain(start, rest);
	await writeParts(response, acceptsGzip ? compressed(parts) : parts, signal);
}

/** The first bytes of a list, and the rest of it after `MIN_COMPRESSED_BYTES`. */
async function startOf(
	parts: ListParts,
): Promise<{ readonly start: Uint8Array; readonly rest?: AsyncIterator<Uint8Array> }> {
	const rest = parts[Symbol.asyncIterator]();
	const start: Uint8Array[] = [];
	for (let length = 0; length <= MIN_COMPRESSED_BYTES; ) {
		const next = await rest.next();
		if (next.done === true) return { start: Buffer.concat(start) };
		start.push(next.value);
		length += next.value.length;
	}
	return { start: Buffer.concat(start), rest };
}

async function* chain(start: Uint8Array, rest: AsyncIterator<Uint8Array>) {
	try {
		yield start;
		for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
	} finally {
		await rest.return?.();
	}
}

/** An error of the parts is one of the result. */
const compressed = (parts: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
	pipeline(parts, createGzip({ level: LEVEL, chunkSize: MEMBER_BYTES }), () => undefined);

/** As a list of names and values, which Node writes as it is. */
function writeHead(
	response: ServerResponse,
	{ status, headers }: Answer,
	more: Readonly<Record<string, string>>,
): void {
	const list = ['Audit-Id', randomUUID()];
	if (!('Cache-Control' in headers)) list.push('Cache-Control', 'no-cache, private');
	for (const name in headers) {
		const value = headers[name] ?? '';
		if (name in more) continue;
		if (typeof value === 'string') list.push(name, value);
		else for (const one of value) list.push(name, one);
	}
	for (const name in more) list.push(name, more[name] ?? '');
	response.writeHead(status, list);
}

/**
 * Members of a gzip stream: no state of a compressor stays in memory while the watch waits for an event.
 *
 * @source apiserver/pkg/endpoints/handlers/watch.go perFlushGzipWriter
 */
export async function* gzipMembers(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
	const iterator = chunks[Symbol.asyncIterator]();
	let batch: Uint8Array[] = [];
	let bytes = 0;
	const ask = () => {
		const asked = iterator.next();
		// Awaited below; a failure while a member is written is not lost.
		asked.catch(() => undefined);
		return asked;
	};
	let next = ask();
	try {
		for (;;) {
			const found = batch.length === 0 ? await next : await Promise.race([next, turn(undefined)]);
			if (found !== undefined && found.done !== true) {
				const chunk = typeof found.value === 'string' ? Buffer.from(found.value) : found.value;
				batch.push(chunk);
				bytes += chunk.length;
				next = ask();
			}
			if (batch.length > 0 && (found === undefined || found.done === true || bytes >= MEMBER_BYTES)) {
				yield await member(Buffer.concat(batch));
				[batch, bytes] = [[], 0];
			}
			if (found?.done === true) return;
		}
	} finally {
		await iterator.return?.();
	}
}

/**
 * A member whose data ends before its last block. Go's reader returns data that comes with the end of a member only
 * when the next member begins: an event would wait for the one after it.
 *
 * @source RFC 1951 sections 3.2.3 and 3.2.6, RFC 1952 section 2.3.1
 */
async function member(bytes: Uint8Array): Promise<Uint8Array> {
	const flushed = await compress(bytes, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
	const trailer = Buffer.alloc(8);
	trailer.writeUInt32LE(crc32(bytes), 0);
	trailer.writeUInt32LE(bytes.length % 2 ** 32, 4);
	return Buffer.concat([flushed, EMPTY_LAST_BLOCK, trailer]);
}
const EMPTY_LAST_BLOCK = Buffer.from([0x03, 0x00]);

async function writeChunks(
	response: ServerResponse,
	answer: Answer & { readonly body: AsyncIterable<string | Uint8Array> },
	{ acceptsGzip, lifetime: { signal } }: WriteOptions,
): Promise<void> {
	const isCompressed = answer.compressesChunks === true && acceptsGzip;
	writeHead(response, answer, isCompressed ? GZIP_HEADERS : {});
	// The caller waits for the headers, and the first event can be long in coming.
	response.flushHeaders();
	await writeParts(response, isCompressed ? gzipMembers(answer.body) : answer.body, signal);
}

async function writeMessages(
	response: ServerResponse,
	{ body, webSocket }: Answer & { readonly webSocket: WebSocketMessages },
	{ lifetime: { signal } }: WriteOptions,
): Promise<void> {
	const socket = acceptWebSocket(response, webSocket);
	for await (const message of body as AsyncIterable<string | Uint8Array>) {
		if (signal.aborted || !socket.isOpen) break;
		if (!socket.send(message)) await drained(response, signal);
	}
	socket.close();
}

/** Encryption of a long answer takes as long as other work can wait, so each part is passed on before the next. */
async function writeParts(
	response: ServerResponse,
	parts: AsyncIterable<string | Uint8Array>,
	signal: AbortSignal,
): Promise<void> {
	for await (const part of parts) {
		if (signal.aborted) break;
		if (!response.write(part)) await drained(response, signal);
	}
	if (!signal.aborted) response.end();
}

/** Waits until a slow reader has caught up, or has gone. The server cuts one that reads nothing. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const hasRead = awaitReader(response);
		const done = () => {
			hasRead();
			response.off('drain', done);
			signal.removeEventListener('abort', done);
			resolve();
		};
		response.on('drain', done);
		signal.addEventListener('abort', done);
		if (signal.aborted) done();
	});
}

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
export const plainText = (status: number, body: string): Answer => ({ status, body, headers: PLAIN_TEXT });
/** @source Go net/http NotFound */
export const NOT_FOUND = plainText(404, '404 page not found\n');
