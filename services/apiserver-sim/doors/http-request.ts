/** An HTTP request as it is read before anything is decided; nothing in it is trusted. */
import type { IncomingMessage } from 'node:http';
import { KubejoinError } from '../../../lib/errors.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { type Connections, peerOfSocket } from '../../../lib/rpc/listener.ts';
import type { Credentials } from '../request/api-request.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { infoOfPath, type RequestInfo } from '../request/info.ts';
import type { Answer } from './answer.ts';
import type { Wishes } from './negotiate.ts';

export interface HttpRequest {
	readonly method: string;
	/** Undefined when the path cannot be decoded. */
	readonly info: RequestInfo | undefined;
	readonly query: URLSearchParams;
	readonly wishes: Wishes;
	/** Without parameters; empty when the header is absent. */
	readonly contentType: string;
	readonly acceptsGzip: boolean;
	readonly credentials: Credentials;
	/** A header by its name in lower case. */
	readonly header: (name: string) => string | undefined;
	/** Aborts when the caller has gone, or the time of the request is over. */
	readonly signal: AbortSignal;
	readonly aborter: AbortController;
	/** The whole body. @throws API_TOO_LARGE */
	readonly readBody: (count: CountRefusal) => Promise<Buffer>;
	/** The request as it arrives, for one that is passed on. */
	readonly incoming: IncomingMessage;
}

/** Answers the paths that are its own, once the caller is allowed; undefined for a path of another route. */
export type PathRoute = (request: HttpRequest, path: string) => Promise<Answer | undefined> | Answer | undefined;

export function readRequest(request: IncomingMessage, connections: Connections, aborter: AbortController): HttpRequest {
	const { headers, method = '', url = '' } = request;
	const [path = '', search = ''] = splitOnce(
		url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, ''),
		'?',
	);
	const query = new URLSearchParams(search);
	const decoded = decode(path);
	const header = (name: string) => {
		const value = headers[name];
		return typeof value === 'object' ? value[0] : value;
	};
	return {
		method,
		info: decoded === undefined ? undefined : infoOfPath(method, decoded, query),
		query,
		wishes: { accept: header('accept') ?? '', pretty: query.get('pretty'), userAgent: header('user-agent') ?? '' },
		contentType: (splitOnce(header('content-type') ?? '', ';')[0] ?? '').trim().toLowerCase(),
		acceptsGzip: /(?:^|,)\s*gzip\s*(?:[,;]|$)/.test(header('accept-encoding') ?? ''),
		credentials: {
			peer: peerOfSocket(connections, request.socket),
			authorization: header('authorization'),
			impersonation: impersonationHeaders(pairsOf(request.rawHeaders)),
		},
		header,
		signal: aborter.signal,
		aborter,
		readBody: (count) => readBody(request, count),
		incoming: request,
	};
}

/** Each header as it was sent; `headers` joins those that are sent twice. */
function pairsOf(raw: readonly string[]): [string, string][] {
	const pairs: [string, string][] = [];
	for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at] ?? '', raw[at + 1] ?? '']);
	return pairs;
}

function splitOnce(text: string, separator: string): [string, string] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(path: string): string | undefined {
	if (!path.includes('%')) return path;
	try {
		return decodeURIComponent(path);
	} catch {
		return undefined;
	}
}

const MAX_BYTES = limits.restBodyBytes.value;

/** @source apiserver/pkg/endpoints/handlers/rest.go limitedReadBody */
async function readBody(request: IncomingMessage, count: CountRefusal): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	// Not for await: leaving it destroys the request, and with it the connection of the refusal.
	await new Promise<void>((resolve, reject) => {
		request.on('data', (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes <= MAX_BYTES) chunks.push(chunk);
			else reject(new KubejoinError('API_TOO_LARGE', { limit: String(MAX_BYTES) }));
		});
		request.once('end', resolve);
		request.once('close', () => reject(new KubejoinError('API_BAD_REQUEST', { problem: 'unexpected EOF' })));
		request.once('error', () => reject(new KubejoinError('API_BAD_REQUEST', { problem: 'unexpected EOF' })));
	}).catch((error: unknown) => {
		if (bytes > MAX_BYTES) count('restBodyBytes');
		request.removeAllListeners('data').resume();
		throw error;
	});
	return Buffer.concat(chunks);
}
