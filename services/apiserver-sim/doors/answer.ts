/** An answer over HTTP, and how it is written: at once, compressed if it is long, or event by event. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	/** Chunks are sent as they come; the answer ends with them. */
	readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** @source apiserver/pkg/endpoints/handlers/responsewriters/writers.go */
const MIN_COMPRESSED_BYTES = 128 * 1024;
const LEVEL = 1;
const compress = promisify(gzip);

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
		response.writeHead(status, headers);
		await writeChunks(response, body, options.signal);
		return;
	}
	const bytes = typeof body === 'string' ? Buffer.from(body) : body;
	const isLong = bytes.length > MIN_COMPRESSED_BYTES && options.acceptsGzip;
	const sent = isLong ? await compress(bytes, { level: LEVEL }) : bytes;
	if (isLong) Object.assign(headers, { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
	response.writeHead(status, { ...headers, 'Content-Length': sent.length });
	response.end(sent);
}

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
