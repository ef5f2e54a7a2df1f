/** An HTTP request as it is read before anything is decided; nothing in it is trusted. */
import type { IncomingMessage } from 'node:http';
import { KubejoinError } from '../../../lib/errors.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { isUpgrade } from '../../../lib/rpc/http-server.ts';
import { type Connections, peerOfSocket } from '../../../lib/rpc/listener.ts';
import type { Credentials } from '../request/api-request.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { infoOfPath, type RequestInfo } from '../request/info.ts';
import { RequestLifetime } from '../request/lifetime.ts';
import type { Answer } from './answer.ts';
import type { AcceptHeaders, Wishes } from './negotiate.ts';

/** Answers the paths that are its own, once the caller is allowed; undefined for a path of another route. */
export type PathRoute = (request: HttpRequest, path: string) => Promise<Answer | undefined> | Answer | undefined;

const noQuery = new URLSearchParams();

export interface HttpRequestOptions {
	readonly connections: Connections;
	readonly accepts: AcceptHeaders;
}

/** Each part is read when it is needed, because a read needs few of them. */
export class HttpRequest {
	/** The request as it arrives, for one that is passed on. */
	readonly incoming: IncomingMessage;
	readonly method: string;
	/** Undefined when the path cannot be decoded. */
	readonly info: RequestInfo | undefined;
	readonly query: URLSearchParams;
	readonly credentials: Credentials;
	readonly lifetime = new RequestLifetime();
	readonly #accepts: AcceptHeaders;

	constructor(incoming: IncomingMessage, { connections, accepts }: HttpRequestOptions) {
		const { method = '', url = '' } = incoming;
		const [path, search] = splitOnce(
			url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, ''),
			'?',
		);
		const decoded = decode(path);
		this.#accepts = accepts;
		this.incoming = incoming;
		this.method = method;
		this.query = search === '' ? noQuery : new URLSearchParams(search);
		this.info = decoded === undefined ? undefined : infoOfPath(method, decoded, this.query);
		this.credentials = {
			peer: peerOfSocket(connections, incoming.socket),
			authorization: this.header('authorization'),
			webSocketProtocols: this.isForWebSocket ? this.header('sec-websocket-protocol') : undefined,
			impersonation: impersonationHeaders(incoming.rawHeaders),
		};
	}

	/** @source streaming/pkg/httpstream/wsstream IsWebSocketRequest */
	get isForWebSocket(): boolean {
		return isUpgrade(this.incoming) && this.header('upgrade')?.toLowerCase() === 'websocket';
	}

	get wishes(): Wishes {
		return {
			accept: this.#accepts.of(this.header('accept') ?? ''),
			pretty: this.query.get('pretty'),
			userAgent: this.userAgent,
		};
	}

	get userAgent(): string {
		return this.header('user-agent') ?? '';
	}

	/** Without parameters; empty when the header is absent. */
	get contentType(): string {
		return splitOnce(this.header('content-type') ?? '', ';')[0]
			.trim()
			.toLowerCase();
	}

	get acceptsGzip(): boolean {
		return /(?:^|,)\s*gzip\s*(?:[,;]|$)/.test(this.header('accept-encoding') ?? '');
	}

	/** A header by its name in lower case. */
	header(name: string): string | undefined {
		const value = this.incoming.headers[name];
		return typeof value === 'object' ? value[0] : value;
	}

	/** The whole body. @throws API_TOO_LARGE */
	readBody(count: CountRefusal): Promise<Buffer> {
		return readBody(this.incoming, count);
	}
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
