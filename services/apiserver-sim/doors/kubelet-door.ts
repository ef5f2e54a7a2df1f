/**
 * Requests that a kubelet answers: `nodes/NAME/proxy/PATH`, the log of a pod, and its streams. The door passes on the
 * request and the answer as they arrive, and ends both when the caller has gone.
 *
 * @source apimachinery/pkg/util/proxy/upgradeaware.go; apiserver/pkg/registry/generic/rest/{streamer,
 *   response_checker}.go
 * @differs no connection is upgraded: exec, attach and port-forward return the refusal of the kubelet. Links in a
 *   proxied HTML page are not rewritten
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { joinHostPort } from '../../../lib/address.ts';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { printable } from '../../../lib/text.ts';
import { quoted } from '../authorize/go-text.ts';
import type { KubeletRequest, KubeletTransport } from '../kubelet-client.ts';
import type { Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import type { KubeletLocation } from '../request/api-request.ts';
import type { ResourceInfo } from '../request/info.ts';
import { urlOf } from '../resources/kubelet-locations.ts';
import { isStream, streams } from '../resources/pod-streams.ts';
import type { Status } from '../status.ts';
import type { Answer } from './answer.ts';
import { encode } from './encode.ts';
import type { HttpRequest } from './http-request.ts';
import { negotiateRefusal } from './negotiate.ts';

const proxyMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const methodsOf = new Map<string, readonly string[]>([
	['proxy', proxyMethods],
	['log', ['GET']],
	...streams.map((name) => [name, ['GET', 'POST']] as const),
]);

/** Whether a kubelet answers the request, and by this method. */
export const isConnection = ({ resource, name, subresource, isResource }: ResourceInfo, method: string): boolean =>
	isResource &&
	name !== '' &&
	resource.subresources.some((row) => row.name === subresource) &&
	(methodsOf.get(subresource)?.includes(method) ?? false);

export class KubeletDoor {
	readonly #transport: KubeletTransport;
	readonly #count: CountRefusal;
	/** Open requests of each user. */
	readonly #open = new Map<string, number>();

	constructor(transport: KubeletTransport, count: CountRefusal) {
		this.#transport = transport;
		this.#count = count;
	}

	async answer(http: HttpRequest, request: UnauthenticatedRequest, pipeline: Pipeline): Promise<Answer> {
		const { location, user } = await pipeline.connect(request, http.query, http.credentials);
		if (location === undefined) return { status: 204, headers: {}, body: '' };
		const leave = this.#enter(user.username, request.lifetime.signal);
		try {
			const answer = await this.#answer(request, location, http);
			return { ...answer, body: leaving(answer.body, leave, request.lifetime.signal) };
		} catch (error) {
			leave();
			throw error;
		}
	}

	#answer(request: UnauthenticatedRequest, location: KubeletLocation, http: HttpRequest): Promise<Answer> {
		if (request.subresource === 'log') return this.#log(request, location, http);
		return isStream(request.subresource) ? this.#stream(request, location, http) : this.#proxy(request, location, http);
	}

	/** Called once, or when the caller has gone before the answer was read. @throws API_TOO_MANY_CONNECTIONS */
	#enter(user: string, signal: AbortSignal): () => void {
		const open = this.#open.get(user) ?? 0;
		const limit = limits.proxiedRequests.value;
		if (open >= limit) {
			this.#count('proxiedRequests');
			throw new KubejoinError('API_TOO_MANY_CONNECTIONS', { limit, retryAfterSeconds: 1 });
		}
		this.#open.set(user, open + 1);
		let isOpen = true;
		const leave = () => {
			if (!isOpen) return;
			isOpen = false;
			signal.removeEventListener('abort', leave);
			const left = (this.#open.get(user) ?? 1) - 1;
			if (left > 0) this.#open.set(user, left);
			else this.#open.delete(user);
		};
		signal.addEventListener('abort', leave);
		return leave;
	}

	async #log(
		{ name, lifetime }: UnauthenticatedRequest,
		location: KubeletLocation,
		http: HttpRequest,
	): Promise<Answer> {
		const { signal } = lifetime;
		const response = await this.#send(location, { method: 'GET', headers: {}, signal }).catch((error: Error) => {
			const problem = `Get ${quoted(urlOf(location))}: ${error.message}`;
			throw new KubejoinError('API_KUBELET_UNAVAILABLE', { problem });
		});
		const { statusCode = 500 } = response;
		if (statusCode >= 200 && statusCode <= 206)
			return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: response };
		const status = refusedLog(statusCode, name, await textOf(response));
		const { contentType, body } = encode(status, negotiateRefusal(http.wishes));
		return { status: status.code, headers: { 'Content-Type': contentType }, body };
	}

	async #proxy(
		{ lifetime }: UnauthenticatedRequest,
		location: KubeletLocation,
		{ method, incoming }: HttpRequest,
	): Promise<Answer> {
		const [path = '', search] = splitOnce(incoming.url ?? '', '?');
		const slash = path.endsWith('/') && !location.path.endsWith('/') ? '/' : '';
		const target = `${location.path}${slash}`;
		const query = search === undefined ? '' : `?${search}`;
		if (target === '' && (method === 'GET' || method === 'HEAD'))
			return { status: 301, headers: { Location: `${path}/${query}` }, body: '' };
		const prefix = path.slice(0, path.length - target.length);
		const headers = forwardedHeaders(incoming, path);
		const sent = { method, headers, signal: lifetime.signal, ...(hasBody(incoming) ? { body: incoming } : {}) };
		const response = await this.#send({ ...location, path: `${target}${query}` }, sent).catch((error: Error) => {
			throw new KubejoinError('API_NODE_UNREACHABLE', { problem: error.message });
		});
		const { statusCode = 502, headers: answered } = response;
		const more: Record<string, string | string[]> = endToEnd(answered);
		if (typeof answered.location === 'string')
			more.location = rewritten(answered.location, prefix, [urlHost(location), incoming.headers.host ?? '']);
		// Over HTTP/2 it is an error.
		if (statusCode === 204) delete more['content-length'];
		return { status: statusCode, headers: more, body: response };
	}

	async #stream(
		{ lifetime }: UnauthenticatedRequest,
		location: KubeletLocation,
		{ method, incoming }: HttpRequest,
	): Promise<Answer> {
		if (!/upgrade/i.test(incoming.headers.connection ?? ''))
			throw new KubejoinError('API_BAD_REQUEST', { problem: 'Upgrade request required' });
		const { signal } = lifetime;
		const response = await this.#send(location, { method, headers: {}, signal }).catch((error: Error) => {
			throw new KubejoinError('API_KUBELET_UNAVAILABLE', { problem: `error dialing backend: ${error.message}` });
		});
		const { statusCode = 502, headers } = response;
		if (statusCode >= 400) return { status: statusCode, headers: endToEnd(headers), body: response };
		response.destroy();
		const problem = `invalid upgrade response: status code ${statusCode}`;
		throw new KubejoinError('API_KUBELET_UNAVAILABLE', { problem });
	}

	#send(location: KubeletLocation, request: Omit<KubeletRequest, 'onIdle'>): Promise<IncomingMessage> {
		return this.#transport.send(location, { ...request, onIdle: () => this.#count('proxyIdleTime') });
	}
}

function leaving(body: Answer['body'], leave: () => void, signal: AbortSignal): Answer['body'] {
	if (typeof body === 'object' && Symbol.asyncIterator in body) return thenLeaving(body, leave, signal);
	leave();
	return body;
}

async function* thenLeaving(
	chunks: AsyncIterable<string | Uint8Array>,
	leave: () => void,
	signal: AbortSignal,
): AsyncGenerator<string | Uint8Array> {
	try {
		yield* chunks;
	} catch (error) {
		// The caller has gone, and with it the request to the kubelet.
		if (signal.aborted) return;
		throw new KubejoinError('API_NODE_UNREACHABLE', { problem: causeText(error) }, { cause: error });
	} finally {
		leave();
	}
}

/** @source registry/generic/rest/response_checker.go maxReadLength */
const MAX_REFUSAL_BYTES = 50_000;

async function textOf(response: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		chunks.push(chunk);
		bytes += chunk.length;
		if (bytes >= MAX_REFUSAL_BYTES) break;
	}
	return printable(Buffer.concat(chunks).subarray(0, MAX_REFUSAL_BYTES).toString(), { maxLength: MAX_REFUSAL_BYTES });
}

type Refusal = readonly [reason: string, message: string];
/** @source apimachinery/pkg/api/errors NewGenericServerResponse */
const refusals: ReadonlyMap<number, Refusal> = new Map([
	[401, ['Unauthorized', 'the server has asked for the client to provide credentials']],
	[404, ['NotFound', 'the server could not find the requested resource']],
	[405, ['MethodNotAllowed', 'the server does not allow this method on the requested resource']],
	[422, ['Invalid', 'the server rejected our request due to an error in our request']],
	[503, ['ServiceUnavailable', 'the server is currently unable to handle the request']],
]);

/** The answer of the API server to a kubelet's refusal. @source registry/generic/rest/response_checker.go */
function refusedLog(code: number, name: string, text: string): Status & { readonly code: number } {
	const failure = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const;
	if (code === 400) return { ...failure, message: text, reason: 'BadRequest', code };
	if (code === 500) {
		const details = { causes: [{ message: text }] };
		return { ...failure, message: `Internal error occurred: ${text}`, reason: 'InternalError', details, code };
	}
	const unknown: Refusal = [
		'Unknown',
		`the server responded with the status code ${code} but did not return more information`,
	];
	const [reason, meaning] = code === 403 ? (['Forbidden', text] as const) : (refusals.get(code) ?? unknown);
	const message = `${meaning} ( pods/log ${name})`;
	return { ...failure, message, reason, details: { name, kind: 'pods/log' }, code };
}

/** Of one connection, and not of the request. @source Go net/http/httputil hopHeaders */
const hopByHop = new Set([
	...['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization'],
	...['te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
]);
/** They are for this server alone. */
const credentialHeaders = /^(?:authorization$|impersonate-|x-remote-|sec-websocket-)/;

function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
	const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
	const kept = Object.entries(headers).flatMap(([name, value]) =>
		value === undefined || name.startsWith(':') || hopByHop.has(name) || named.has(name)
			? []
			: [[name, value] as const],
	);
	return Object.fromEntries(kept);
}

function forwardedHeaders(incoming: IncomingMessage, path: string): OutgoingHttpHeaders {
	const kept = Object.entries(endToEnd(incoming.headers)).filter(
		([name]) => name !== 'host' && !credentialHeaders.test(name),
	);
	const client = incoming.socket.remoteAddress ?? '';
	const before = incoming.headers['x-forwarded-for'];
	const forwardedFor = [...(before === undefined ? [] : [before].flat()), client].join(', ');
	const { host = '' } = incoming.headers;
	return {
		...Object.fromEntries(kept),
		...(host === '' ? {} : { host }),
		'x-forwarded-for': forwardedFor,
		'x-forwarded-uri': path,
	};
}

const hasBody = ({ headers, httpVersionMajor, method }: IncomingMessage): boolean =>
	headers['content-length'] !== undefined ||
	headers['transfer-encoding'] !== undefined ||
	(httpVersionMajor === 2 && method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS');

const urlHost = ({ host, port }: KubeletLocation): string => joinHostPort(host, port);

/** A redirection that stays behind the proxy. @source apimachinery/pkg/util/proxy/transport.go rewriteURL */
function rewritten(location: string, prefix: string, hosts: readonly string[]): string {
	const [, host, path = ''] = /^(?:https?:)?\/\/([^/]*)(\/.*)?$/.exec(location) ?? [undefined, undefined, location];
	const isOther = (host !== undefined && !hosts.includes(host)) || !path.startsWith('/');
	return isOther || path.startsWith(prefix) ? location : `${prefix}${path}`;
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
