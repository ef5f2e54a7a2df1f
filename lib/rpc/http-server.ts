/**
 * The one place where an HTTP server is made: for health, REST, the page, traces and the lab. A handler that throws or
 * rejects is answered 500 and reported; it never ends the process. Slow headers and slow requests are cut.
 */
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ipVersion } from '../address.ts';
import { KubejoinError } from '../errors.ts';
import { type CountRefusal, type LimitName, limits } from '../limits.ts';
import { type ConnectionBounds, createConnectionGuard, type GuardedConnection } from './connection-guard.ts';
import type { ReportUnforeseen } from './unforeseen.ts';

/** An Express app is one as well. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface HttpServerOptions {
	readonly unforeseen: ReportUnforeseen;
	readonly count?: CountRefusal;
	/** The handler may change the protocol of a connection whose request `isUpgrade`. */
	readonly acceptsUpgrades?: boolean;
}

export const PLAIN_TEXT = { 'content-type': 'text/plain; charset=utf-8' };

export function createHttpServer(
	handler: HttpHandler,
	{ unforeseen, count, acceptsUpgrades = false }: HttpServerOptions,
): Server {
	const options = {
		headersTimeout: limits.httpHeaderTime.value,
		requestTimeout: limits.httpRequestTime.value,
		keepAliveTimeout: limits.httpIdleTime.value,
		maxHeaderSize: limits.httpHeaderBytes.value,
		// Refused below, in the words of Go.
		requireHostHeader: false,
		connectionsCheckingInterval: CHECK_INTERVAL_MS,
	};
	const server = createServer(options, (request, response) => void answer(request, response));
	// Without it Node drops the headers after the thousandth: one that impersonates a user, or a second `Host`.
	server.maxHeadersCount = 0;
	const exchanges = new WeakMap<Duplex, Exchanges>();
	const unread = new UnreadResponses();
	server.on('clientError', (error, socket) => refuseUnreadable(error, socket, exchanges.get(socket)?.last, count));
	if (acceptsUpgrades)
		server.on('upgrade', (request, socket, head) => {
			// Node does not wait for the responses to earlier requests.
			if (exchanges.get(socket)?.isAnswering === true) socket.destroy();
			else server.emit('request', request, lastResponse(request, socket as Socket, head));
		});
	return server;

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		// Without a listener, an error of either ends the process.
		request.on('error', ignore);
		response.on('error', ignore);
		const { socket } = request;
		const known = exchanges.get(socket);
		const ofConnection = known ?? new Exchanges(count, unread);
		if (known === undefined) exchanges.set(socket, ofConnection);
		if (!ofConnection.admit(request, response)) return;
		const refusal = refusalOf(request);
		if (refusal !== undefined) {
			refuse(response, refusal);
			return;
		}
		setHost(request);
		try {
			await handler(request, response);
		} catch (error) {
			const id = unforeseen('request', error);
			if (response.headersSent) response.destroy();
			else response.writeHead(500, PLAIN_TEXT).end(`Internal error (id ${id})\n`);
		}
	}
}

const ignore = (): void => undefined;

/** The status with its text, in the words of Go where Go refuses it. */
type Refusal = readonly [status: 400 | 505, text: string];
const badRequest = (problem = ''): Refusal => [400, `Bad Request${problem}`];
const unsupportedVersion: Refusal = [505, 'HTTP Version Not Supported: unsupported protocol version'];

/** Node has left the connection to the handler: it parses no further request, and has not read a body. */
export const isUpgrade = (request: IncomingMessage): boolean => 'upgrade' in request && request.upgrade === true;

const hasBody = ({ headers }: IncomingMessage): boolean =>
	headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;

/**
 * Makes the response that Node makes for other requests.
 *
 * @differs the connection of a request for another protocol ends after its response, and such a request with a body is
 * refused with 400
 */
function lastResponse(request: IncomingMessage, socket: Socket, head: Buffer): ServerResponse {
	const response = new ServerResponse(request);
	response.shouldKeepAlive = false;
	response.assignSocket(socket);
	response.on('finish', () => socket.destroySoon());
	socket.on('error', ignore);
	socket.on('end', () => socket.destroy());
	socket.on('drain', () => response.emit('drain'));
	socket.on('timeout', () => response.emit('timeout'));
	if (head.length > 0) socket.unshift(head);
	return response;
}

/**
 * Two readers of one request could see two hosts.
 *
 * @source net/http request.go readRequest, server.go conn.readRequest, httpguts ValidHostHeader
 * @differs a request of HTTP/2 with two hosts, without a host, or with a malformed one is refused, which Go accepts
 */
function refusalOf(request: IncomingMessage): Refusal | undefined {
	const { rawHeaders, httpVersion, url = '' } = request;
	// Not by the version: a request line of HTTP/1 can state that of HTTP/2.
	const isHttp1 = request instanceof IncomingMessage;
	let host: string | undefined;
	for (let at = 0; at < rawHeaders.length; at += 2) {
		if (!isHostName(rawHeaders[at] ?? '')) continue;
		const value = rawHeaders[at + 1] ?? '';
		// nghttp2 refuses two of one name. Of both names, `:authority` counts, and comes first.
		if (host === undefined) host = value;
		else if (isHttp1) return badRequest();
	}
	if (httpVersion === '0.9' || !hostAndPort.test(hostOfTarget(url))) return badRequest();
	if (isHttp1 && httpVersion === '2.0') return unsupportedVersion;
	if (host === undefined && httpVersion === '1.1') return badRequest(': missing required Host header');
	if (!hostCharacters.test(host ?? '')) return badRequest(': malformed Host header');
	return isUpgrade(request) && hasBody(request) ? badRequest(': an upgrade with a body') : undefined;
}
const isHostName = (name: string): boolean =>
	(name.length === 4 && /^host$/i.test(name)) || (name.length === 10 && /^:authority$/i.test(name));
const hostCharacters = /^[-\w!$%&'()*+,.:;=[\]~]*$/;
const absoluteHost = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i;
const hostAndPort = /^(?:\[[\w:.%-]*\]|[-\w!$%&'()*+,.;=~]*)(?::\d*)?$/;

/** That of an absolute target; empty for another target. */
const hostOfTarget = (url: string): string => (url.startsWith('/') ? '' : (absoluteHost.exec(url)?.[1] ?? ''));

function refuse(response: ServerResponse, [status, text]: Refusal): void {
	response.statusCode = status;
	if (response.req instanceof IncomingMessage) {
		response.statusMessage = text;
		response.setHeader('connection', 'close');
	}
	response.setHeader('content-type', PLAIN_TEXT['content-type']);
	response.end(`${status} ${text}`);
}

/**
 * Makes `Host` the host that the request is for, so that all readers see the same.
 *
 * @source net/http request.go readRequest: that of an absolute target replaces `Host`
 */
function setHost({ url = '', headers }: IncomingMessage): void {
	const host = hostOfTarget(url) || (headers as IncomingHttpHeaders)[':authority'];
	if (host !== undefined) headers.host = host;
}

/** The requests of one connection. Its listeners are shared, because each one of a request costs a part of a read. */
class Exchanges {
	readonly #count: CountRefusal | undefined;
	#unanswered = 0;
	/** The last request whose headers were complete. */
	last: Exchange | undefined;

	constructor(count: CountRefusal | undefined, unread: UnreadResponses) {
		this.#count = count;
		this.#onPrefinish = function (this: ServerResponse) {
			unread.add(this);
		};
		this.#onTimeout = function (this: ServerResponse) {
			count?.('httpAnswerTime');
			this.req.socket.destroy();
		};
	}

	get isAnswering(): boolean {
		return this.#unanswered > 0;
	}

	/**
	 * Node parses all requests of a chunk before it waits for the client to read the responses.
	 *
	 * @returns false for a request of a connection that is cut
	 */
	admit(request: IncomingMessage, response: ServerResponse): boolean {
		const { socket } = request;
		if (socket.destroyed) return false;
		if (this.#unanswered >= limits.httpPipelinedRequests.value) {
			this.#count?.('httpPipelinedRequests');
			socket.destroy();
			return false;
		}
		this.#unanswered++;
		this.last = { request, response };
		response.on('close', this.#onClose);
		response.on('prefinish', this.#onPrefinish);
		response.on('timeout', this.#onTimeout);
		return true;
	}

	readonly #onClose = (): void => {
		this.#unanswered--;
	};

	readonly #onPrefinish: (this: ServerResponse) => void;
	readonly #onTimeout: (this: ServerResponse) => void;
}

/**
 * Complete responses that their clients have not received. Node itself waits for them for ever. Most are passed to
 * the system before the next turn of the event loop and need no timer.
 */
class UnreadResponses {
	#added: ServerResponse[] = [];

	add(response: ServerResponse): void {
		if (this.#added.length === 0) setImmediate(() => this.#startTimers());
		this.#added.push(response);
	}

	#startTimers(): void {
		const added = this.#added;
		this.#added = [];
		for (const response of added) {
			if (response.writableFinished) continue;
			// Before the listener of Node, which begins the next response.
			response.prependOnceListener('finish', awaitReader(response));
		}
	}
}

/**
 * Limits the time in which the client of a response reads none of it. Meanwhile nothing of its connection is read: each
 * byte would begin the time again, and a client can send bytes that are no request.
 *
 * @returns ends the limit
 */
export function awaitReader(response: ServerResponse): () => void {
	const { req } = response;
	// That of HTTP/2 has other streams. A client that sends a body can read nothing before its end.
	const isOwn = req instanceof IncomingMessage && (req.complete || isUpgrade(req));
	const begin = (): void => {
		response.setTimeout(limits.httpAnswerTime.value);
		if (isOwn) req.socket.pause();
	};
	if (response.socket === null) response.once('socket', begin);
	else begin();
	return () => {
		response.off('socket', begin);
		response.setTimeout(0);
		if (isOwn) req.socket.resume();
	};
}

const CHECK_INTERVAL_MS = 1_000;

interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
}
const REQUEST_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';
const statuses: Readonly<Record<string, string>> = {
	HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
	HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
	[REQUEST_TIMEOUT]: '408 Request Timeout',
};

function exceededLimit(code: string | undefined, isReadingBody: boolean): LimitName | undefined {
	if (code === 'HPE_HEADER_OVERFLOW') return 'httpHeaderBytes';
	if (code !== REQUEST_TIMEOUT) return undefined;
	return isReadingBody ? 'httpRequestTime' : 'httpHeaderTime';
}

/** As Node answers without a listener; with one, the refusals of a limit can be counted. */
function refuseUnreadable(
	error: NodeJS.ErrnoException,
	socket: Duplex,
	exchange: Exchange | undefined,
	count: CountRefusal | undefined,
): void {
	const isReadingBody = exchange !== undefined && !exchange.request.complete;
	const limit = exceededLimit(error.code, isReadingBody);
	if (limit !== undefined) count?.(limit);
	const isAnswering = exchange !== undefined && !exchange.response.closed;
	const canRefuse = !isAnswering || (isReadingBody && !exchange.response.headersSent);
	if (!socket.writable || !canRefuse) {
		socket.destroy();
		return;
	}
	socket.end(`HTTP/1.1 ${statuses[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`, () =>
		socket.destroy(),
	);
}

/** The limits of a port of its own. Headers and bodies that are slow are the server's to refuse, and it answers 408. */
const portBounds: ConnectionBounds = {
	total: limits.httpConnections.value,
	perAddress: limits.httpConnections.value,
	firstRequestMs: limits.httpRequestTime.value,
	idleMs: limits.httpIdleTime.value,
	closingMs: limits.connectionClosingTime.value,
};

/** When all connections are taken, an idle one makes room, so that idle ones lock no client out. */
function guardConnections(server: Server, bounds: ConnectionBounds, count: CountRefusal = () => undefined): void {
	const guard = createConnectionGuard({
		bounds,
		count: (limit) => count(limit === 'connections' || limit === 'connectionsPerAddress' ? 'httpConnections' : limit),
	});
	const guarded = new WeakMap<object, GuardedConnection>();
	server.prependListener('connection', (socket) => {
		const connection = guard.admit(socket, socket.remoteAddress ?? '');
		if (connection !== undefined) guarded.set(socket, connection);
	});
	server.prependListener('request', (request, response) => {
		const ended = guarded.get(request.socket)?.begin();
		if (ended !== undefined) response.once('close', ended);
	});
	server.once('close', () => guard.stop());
}

export interface ListenHttpOptions {
	readonly count?: CountRefusal;
	readonly bounds?: Partial<ConnectionBounds>;
}

/** Start listening. @returns the port @throws PORT_IN_USE, SERVICE_FAILED (no such address on this machine) */
export async function listenHttp(
	server: Server,
	service: string,
	address: string,
	port: number,
	{ count, bounds }: ListenHttpOptions = {},
): Promise<number> {
	guardConnections(server, { ...portBounds, ...bounds }, count);
	await new Promise<void>((resolve, reject) => {
		const onError = (error: NodeJS.ErrnoException): void => {
			const problem = `cannot listen on ${address}:${port}: ${error.message}`;
			reject(
				error.code === 'EADDRINUSE'
					? new KubejoinError('PORT_IN_USE', { service, address, port }, { cause: error })
					: new KubejoinError('SERVICE_FAILED', { service, problem }, { cause: error }),
			);
		};
		server.once('error', onError);
		server.listen(port, address, () => {
			server.off('error', onError);
			// Later errors of accept(), such as EMFILE, concern one connection.
			server.on('error', () => undefined);
			resolve();
		});
	});
	return (server.address() as AddressInfo).port;
}

/**
 * Does a browser that was sent here by a name under another's control (DNS rebinding) get refused? The name in `Host`
 * must be an address, `localhost`, or one of ours.
 *
 * @param host  the header's value, with or without a port
 */
export function isExpectedHost(host: string | undefined, names: readonly string[]): boolean {
	const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(host ?? '');
	const found = (name?.[1] ?? name?.[2] ?? '').toLowerCase();
	return ipVersion(found) !== 0 || found === 'localhost' || names.some((one) => one.toLowerCase() === found);
}

/** Was the request made by a page of another site? Browsers say so, and no page can change it. */
export const isCrossSite = ({ headers }: IncomingMessage): boolean =>
	headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
