/**
 * The HTTPS face of the API server: paths -> requests of the same pipeline, errors -> Kubernetes `Status`. It serves
 * the reads that a client needs to find the cluster: health, version, objects. It writes nothing, and answers nothing
 * before the pipeline allowed it.
 * @source apiserver/pkg/server/{config,handler}.go; apiserver/pkg/endpoints/handlers/get.go; responsewriters/status.go
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asKubejoinError, KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import { kubernetesVersion } from '../../../lib/kube/version.ts';
import type { CountRefusal } from '../../../lib/limits.ts';
import { errorFields, type Log } from '../../../lib/log.ts';
import { type LimitLines, limitLines, withoutPort } from '../../../lib/log-limit.ts';
import { checkHealth, type HealthChecks } from '../../../lib/rpc/health.ts';
import type { HttpHandler } from '../../../lib/rpc/http-server.ts';
import { type Connections, unknownPeer } from '../../../lib/rpc/listener.ts';
import { callerName } from '../../../lib/rpc/peer.ts';
import { printable } from '../../../lib/text.ts';
import { inSpan, SpanKind, type TraceHeaders } from '../../../lib/trace.ts';
import { hasExtraSpace } from '../authenticate/bearer-token.ts';
import { quotedInput } from '../authorize/go-text.ts';
import type { Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import { type Credentials, defaultOptions } from '../request/api-request.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { hasHandler, infoOfPath, type ObserveRequest, type RequestInfo, type ResourceInfo } from '../request/info.ts';
import { type ListOptions, requireVersion } from '../request/list-options.ts';
import { readGetOptions, readListOptions, timeoutOf } from '../request/options.ts';
import { failureStatus, listMeta } from '../status.ts';
import {
	encodeRefusal,
	negotiated,
	ordered,
	orderedItem,
	requireAccepted,
	toPrettyJson,
	type Wishes,
} from './negotiate.ts';
import { documentHeaders, type StaticDocument } from './openid.ts';

export interface RestOptions {
	readonly pipeline: Pipeline;
	readonly health: { readonly live: HealthChecks; readonly ready: HealthChecks };
	readonly connections: Connections;
	readonly log: Log;
	readonly observe: ObserveRequest;
	/** By path. */
	readonly documents?: ReadonlyMap<string, StaticDocument> | undefined;
	readonly count?: CountRefusal;
}

/** A request as it is read before anything is decided; nothing in it is trusted. */
interface Asked {
	readonly method: string;
	/** Undefined when the path cannot be decoded. */
	readonly info: RequestInfo | undefined;
	readonly query: URLSearchParams;
	readonly wishes: Wishes;
	readonly credentials: Credentials;
}
interface Answer {
	readonly status: number;
	readonly body: string;
	readonly headers: Readonly<Record<string, string>>;
}

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
const plainText = (status: number, body: string): Answer => ({ status, body, headers: PLAIN_TEXT });
const NOT_FOUND = plainText(404, '404 page not found\n');
const REQUEST_TIMEOUT_MS = 60_000;

export function createRestApp(options: RestOptions): HttpHandler {
	const { connections, log, observe, count } = options;
	const lines = limitLines(log, count);
	return async (request, response) => {
		const asked = readRequest(request, connections);
		const { method, info } = asked;
		const ended = observe(info ?? { isResource: false, path: '', verb: method.toLowerCase() }, method);
		response.once('close', () => ended(response.statusCode));
		await inRequestSpan(request, asked, async () => {
			const { status, headers, body } = await answerTo(asked, options).catch((error: unknown) =>
				refusalOf(error, asked, log, lines),
			);
			write(response, status, { ...headers, ...warningsFor(asked) }, body);
			return status;
		});
	};
}

function write(response: ServerResponse, status: number, headers: Answer['headers'], body: string): void {
	response
		.writeHead(status, {
			'Audit-Id': randomUUID(),
			'Cache-Control': 'no-cache, private',
			'Content-Length': Buffer.byteLength(body),
			...headers,
		})
		.end(body);
}

function readRequest(request: IncomingMessage, connections: Connections): Asked {
	const { socket, headers, method = '', url = '' } = request;
	const [path = '', search = ''] = splitOnce(url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, ''), '?');
	const query = new URLSearchParams(search);
	const decoded = decode(path);
	const peer = connections.bySocket.get(socket) ?? unknownPeer(`${socket.remoteAddress}:${socket.remotePort}`);
	return {
		method,
		info: decoded === undefined ? undefined : infoOfPath(method, decoded, query),
		query,
		wishes: { accept: headers.accept ?? '', pretty: query.get('pretty'), userAgent: headers['user-agent'] ?? '' },
		credentials: {
			peer,
			authorization: headers.authorization,
			impersonation: impersonationHeaders(pairsOf(request.rawHeaders)),
		},
	};
}

/** Each header as it was sent; `headers` joins those that are sent twice. */
const pairsOf = (raw: readonly string[]): [string, string][] =>
	raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : []));

function splitOnce(text: string, separator: string): [string, string] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(path: string): string | undefined {
	try {
		return decodeURIComponent(path);
	} catch {
		return undefined;
	}
}

async function answerTo(asked: Asked, { pipeline, health, documents }: RestOptions): Promise<Answer> {
	const { info, query, credentials } = asked;
	if (info === undefined) return plainText(400, '400 Bad Request');
	const signal = AbortSignal.timeout(Math.min(timeoutOf(query) ?? REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS));
	if (info.isResource) return readResource(asked, info, signal, pipeline);
	await pipeline.authorizePath(info.path, info.verb, credentials);
	if (info.path === '/version' || info.path === '/version/') return versionAnswer(asked);
	const document = documents?.get(info.path);
	return document === undefined ? healthAnswer(info.path, query, health) : documentAnswer(asked, document);
}

async function readResource(
	asked: Asked,
	info: ResourceInfo,
	signal: AbortSignal,
	pipeline: Pipeline,
): Promise<Answer> {
	const { method, query, credentials, wishes } = asked;
	let read: { encode: ReturnType<typeof negotiated>; options: ListOptions } | undefined;
	const request: UnauthenticatedRequest = {
		...defaultOptions,
		...info,
		userAgent: wishes.userAgent,
		warn: () => undefined,
		created: () => undefined,
		signal,
		complete(count) {
			const encode = negotiated(wishes);
			const options = info.verb === 'get' ? readGetOptions(query) : readListOptions(query, 'list', count);
			const { resourceVersion = '', resourceVersionMatch, labelSelector } = options;
			if (labelSelector) {
				const problem = `labelSelector is not offered yet: ${quotedInput(labelSelector)}`;
				throw new KubejoinError('API_BAD_REQUEST', { problem });
			}
			read = { encode, options: { resourceVersion, isExact: resourceVersionMatch === 'Exact' } };
			return options;
		},
	};
	if (method !== 'GET' || (info.verb !== 'get' && info.verb !== 'list')) return pipeline.refuse(request, credentials);
	const object = info.verb === 'get' ? await pipeline.execute(request, credentials) : undefined;
	const list = object === undefined ? await pipeline.list(request, credentials) : undefined;
	if (read === undefined) throw new Error('the pipeline answered a request that it did not check');
	if (list !== undefined) requireVersion(read.options, list.resourceVersion);
	const answer =
		object === undefined
			? {
					kind: `${info.resource.kind}List`,
					apiVersion: apiVersionOf(info.resource),
					metadata: list === undefined ? {} : listMeta(list),
					items: list?.items.map(orderedItem),
				}
			: ordered(object);
	const { contentType, body } = read.encode(answer);
	return { status: 200, headers: { 'Content-Type': contentType }, body };
}

function documentAnswer({ method, wishes }: Asked, document: StaticDocument): Answer {
	if (method !== 'GET') throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
	requireAccepted(wishes, [document.contentType]);
	return { status: 200, headers: documentHeaders(document), body: document.body };
}

/** @source apiserver/pkg/server/routes/version.go: always pretty */
function versionAnswer({ method, wishes }: Asked): Answer {
	if (method !== 'GET') throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
	negotiated(wishes, ['application/json']);
	const { contentType, body } = toPrettyJson(kubernetesVersion);
	return { status: 200, headers: { 'Content-Type': contentType }, body };
}

/** `/livez`, or one check of it: `/livez/ping`. Any method will do. @source apiserver/pkg/server/healthz/healthz.go */
async function healthAnswer(
	path: string,
	query: URLSearchParams,
	{ live, ready }: RestOptions['health'],
): Promise<Answer> {
	const checksOf: Readonly<Record<string, HealthChecks>> = {
		healthz: live,
		livez: live,
		readyz: { ...live, ...ready },
	};
	const [, root = '', name, ...more] = path.split('/');
	const checks = Object.hasOwn(checksOf, root) ? checksOf[root] : undefined;
	if (checks === undefined || more.length > 0) return NOT_FOUND;
	if (name === undefined) {
		const excluded = query.getAll('exclude');
		const { healthy, text } = await checkHealth(checks, path, query.has('verbose'), excluded);
		return plainText(healthy ? 200 : 500, text);
	}
	if (name !== 'ping' && !Object.hasOwn(checks, name)) return NOT_FOUND;
	const { healthy } = await checkHealth(name === 'ping' ? {} : { [name]: checks[name] ?? fails }, path, false);
	return healthy ? plainText(200, 'ok') : plainText(500, `internal server error: ${name} failed: reason withheld\n`);
}

const fails = () => {
	throw new Error('there is no such check');
};

function refusalOf(error: unknown, { info, method, wishes, credentials }: Asked, log: Log, lines: LimitLines): Answer {
	const known = asKubejoinError(error);
	const isOfCredential = known.code === 'API_UNAUTHORIZED' || known.code === 'AUTHENTICATOR_UNAVAILABLE';
	const level = known.code === 'INTERNAL' ? 'error' : isOfCredential ? 'warn' : 'debug';
	const { peer } = credentials;
	const refused = printable(`${method} ${info?.path ?? ''}`, { maxLength: 256 });
	const line = (): void =>
		log[level]({ method: refused, caller: callerName(peer), peer: peer.address, ...errorFields(known) }, 'refused');
	if (level === 'warn') lines(withoutPort(peer.address), line);
	else line();
	if (known.code === 'API_PATH_NOT_FOUND' && (info === undefined || !hasHandler(info))) return NOT_FOUND;
	const status = failureStatus(known);
	const { contentType, body } = encodeRefusal(status, wishes);
	const { retryAfterSeconds } = known.facts;
	return {
		status: status.code,
		headers: {
			'Content-Type': contentType,
			...(status.code === 403 ? { 'X-Content-Type-Options': 'nosniff' } : {}),
			...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
		},
		body,
	};
}

/** @source apiserver/pkg/authentication/request/bearertoken */
const warningsFor = ({ credentials }: Asked): Answer['headers'] =>
	hasExtraSpace(credentials.authorization)
		? {
				Warning:
					'299 - "the provided Authorization header contains extra space before the bearer token, and is ignored"',
			}
		: {};

/** A message, as the gRPC side has them. @source OpenTelemetry semantic conventions for HTTP */
function inRequestSpan(request: IncomingMessage, { info, method }: Asked, work: () => Promise<number>): Promise<void> {
	const traceparent = request.headers.traceparent;
	const path = printable(info?.path ?? '', { maxLength: 256 });
	const attributes = { 'http.request.method': method, 'url.path': path, 'url.scheme': 'https' };
	const parent: TraceHeaders = typeof traceparent === 'string' ? { traceparent } : {};
	return inSpan(method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
		span.setAttribute('http.response.status_code', await work());
	});
}
