/** An answer over HTTP, and how it is written: at once, compressed if it is long, or event by event. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, crc32, gzip } from 'node:zlib';

type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	/** Chunks are sent as they come; the answer ends with them. */
	readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
	/** Compresses chunks for a caller that accepts it, as upstream does for a watch that begins with a list. */
	readonly compressesChunks?: boolean;
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
	/** Aborts when the caller has gone. */
	readonly signal: AbortSignal;
}

/** Resolves when the last byte is written, or when the caller has gone. */
export async function writeAnswer(response: ServerResponse, answer: Answer, options: WriteOptions): Promise<void> {
	const { status, body } = answer;
	const headers: Record<string, string | string[]> = {
		'Audit-Id': randomUUID(),
		'Cache-Control': 'no-cache, private',
	};
	for (const [name, value] of Object.entries(answer.headers))
		headers[name] = typeof value === 'string' ? value : [...value];
	// Go keeps connections open without the header.
	if (!('Connection' in headers)) response.removeHeader('connection');
	if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
		const isCompressed = answer.compressesChunks === true && options.acceptsGzip;
		if (isCompressed) Object.assign(headers, GZIP_HEADERS);
		response.writeHead(status, headers);
		await writeChunks(response, isCompressed ? gzipMembers(body) : body, options.signal);
		return;
	}
	const length = Buffer.byteLength(body);
	const isLong = length > MIN_COMPRESSED_BYTES && options.acceptsGzip;
	const sent = isLong ? await compress(body, { level: LEVEL }) : body;
	if (isLong) Object.assign(headers, GZIP_HEADERS);
	headers['Content-Length'] = String(isLong ? sent.length : length);
	response.writeHead(status, headers);
	response.end(sent);
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
	chunks: AsyncIterable<string | Uint8Array>,
	signal: AbortSignal,
): Promise<void> {
	// The caller waits for the headers, and the first event can be long in coming.
	response.flushHeaders();
	for await (const chunk of chunks) {
		if (signal.aborted) break;
		if (!response.write(chunk)) await drained(response, signal);
	}
	if (!signal.aborted) response.end();
}

/** Waits until a slow reader has caught up, or has gone. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
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
