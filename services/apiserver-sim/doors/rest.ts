/**
 * The HTTPS door of the API server: a request -> the same pipeline as over gRPC -> an answer; an error -> a Kubernetes
 * `Status`. It answers nothing before the pipeline has allowed it.
 * @source apiserver/pkg/server/{config,handler}.go; apiserver/pkg/endpoints/handlers/responsewriters/status.go
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import { asKubejoinError, type KubejoinError } from '../../../lib/errors.ts';
import type { CountRefusal } from '../../../lib/limits.ts';
import { errorFields, type Log } from '../../../lib/log.ts';
import { type LimitLines, limitLines, withoutPort } from '../../../lib/log-limit.ts';
import type { HttpHandler } from '../../../lib/rpc/http-server.ts';
import type { Connections } from '../../../lib/rpc/listener.ts';
import { callerName } from '../../../lib/rpc/peer.ts';
import { printable } from '../../../lib/text.ts';
import { inSpan, SpanKind, type TraceHeaders } from '../../../lib/trace.ts';
import { hasExtraSpace } from '../authenticate/bearer-token.ts';
import type { KubeletTransport } from '../kubelet-client.ts';
import type { Pipeline } from '../pipeline.ts';
import { hasHandler, type ObserveRequest } from '../request/info.ts';
import { timeoutOf } from '../request/options.ts';
import { failureStatus } from '../status.ts';
import { type Answer, NOT_FOUND, plainText, writeAnswer } from './answer.ts';
import { requestEnded } from './deadline.ts';
import { encode } from './encode.ts';
import { EncodedObjects } from './encoded-objects.ts';
import { type HttpRequest, type PathRoute, readRequest } from './http-request.ts';
import { KubeletDoor } from './kubelet-door.ts';
import { negotiateRefusal } from './negotiate.ts';
import { answerPath } from './paths.ts';
import { ResourceRequest } from './resource-request.ts';
import { EventEncoder } from './watch-stream.ts';

export interface RestOptions {
	readonly pipeline: Pipeline;
	/** Of the paths that are no resource. */
	readonly routes: readonly PathRoute[];
	readonly connections: Connections;
	readonly log: Log;
	readonly observe: ObserveRequest;
	readonly stopping: AbortSignal;
	readonly nowMs: () => number;
	/** From 0 to 1, for the length of a watch that states none. */
	readonly random: () => number;
	readonly count?: CountRefusal;
	readonly kubelets: KubeletTransport;
}

export function createRestApp(options: RestOptions): HttpHandler {
	const { connections, log, observe, count = () => undefined } = options;
	const lines = limitLines(log, count);
	const kubelets = new KubeletDoor(options.kubelets, count);
	const resources = { ...options, count, events: new EventEncoder(), encoded: new EncodedObjects(), kubelets };
	return async (incoming, response) => {
		const aborter = new AbortController();
		const request = readRequest(incoming, connections, aborter);
		const { method, info } = request;
		const ended = observe(info ?? { isResource: false, path: '', verb: method.toLowerCase() }, method);
		response.once('close', () => {
			if (!response.writableEnded) aborter.abort(requestEnded);
			ended(response.statusCode);
		});
		const warnings = new Warnings(request);
		const answerTo = async (): Promise<Answer> => {
			if (info === undefined) return plainText(400, '400 Bad Request');
			const timeoutMs = timeoutOf(request.query);
			if (info.isResource)
				return new ResourceRequest(request, info, resources, timeoutMs, (text) => warnings.add(text)).answer();
			await options.pipeline.authorizePath(info.path, info.verb, request.credentials);
			return answerPath(options.routes, request, info.path);
		};
		const answer = await inRequestSpan(incoming, request, () =>
			answerTo().catch((error: unknown) => refusalOf(error, request, log, lines)),
		);
		const closing: Answer['headers'] =
			answer.status === 413 && incoming.httpVersionMajor === 1 ? { Connection: 'close' } : {};
		const headers = { ...answer.headers, ...warnings.headers(), ...closing };
		// A body that nothing read would keep the stream of HTTP/2 open.
		incoming.resume();
		const writing = { acceptsGzip: request.acceptsGzip, signal: aborter.signal };
		await writeAnswer(response, { ...answer, headers }, writing).catch((error: unknown) => {
			refusalOf(error, request, log, lines);
			cutOff(response);
		});
	};
}

/** The caller must not take the part that it has for the whole; the end of an HTTP/2 stream alone does not say so. */
function cutOff(response: ServerResponse): void {
	const { stream } = response as unknown as Partial<Http2ServerResponse>;
	if (stream !== undefined) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
	else response.destroy();
}

/** The Warning headers of an answer. @source apiserver/pkg/endpoints/filters/warning.go */
class Warnings {
	readonly #texts = new Set<string>();
	#bytes = 0;

	constructor({ credentials }: HttpRequest) {
		// @source apiserver/pkg/authentication/request/bearertoken
		if (hasExtraSpace(credentials.authorization))
			this.add('the provided Authorization header contains extra space before the bearer token, and is ignored');
	}

	add(text: string): void {
		const shown = printable(text, { maxLength: MAX_WARNING_LENGTH });
		if (this.#texts.has(shown) || this.#bytes + shown.length > MAX_WARNINGS_LENGTH) return;
		this.#texts.add(shown);
		this.#bytes += shown.length;
	}

	headers(): Answer['headers'] {
		if (this.#texts.size === 0) return {};
		const quoted = [...this.#texts].map((text) => text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?'));
		return { Warning: quoted.map((text) => `299 - "${text}"`) };
	}
}
/** @source apiserver/pkg/endpoints/filters/warning.go */
const MAX_WARNING_LENGTH = 256;
const MAX_WARNINGS_LENGTH = 4 * 1024;

function refusalOf(error: unknown, request: HttpRequest, log: Log, lines: LimitLines): Answer {
	const { info, method, wishes, credentials } = request;
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
	const { contentType, body } = encode(status, negotiateRefusal(wishes));
	return { status: status.code, headers: { 'Content-Type': contentType, ...headersOf(known, status.code) }, body };
}

function headersOf({ details }: KubejoinError, status: number): Answer['headers'] {
	const { retryAfterSeconds } = details;
	return {
		...(status === 403 ? { 'X-Content-Type-Options': 'nosniff' } : {}),
		...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
	};
}

/** A message, as the gRPC side has them. @source OpenTelemetry semantic conventions for HTTP */
function inRequestSpan(
	{ headers }: IncomingMessage,
	{ info, method, credentials }: HttpRequest,
	work: () => Promise<Answer>,
): Promise<Answer> {
	const traceparent = headers.traceparent;
	const path = printable(info?.path ?? '', { maxLength: 256 });
	const attributes = { 'http.request.method': method, 'url.path': path, 'url.scheme': 'https' };
	const parent: TraceHeaders = typeof traceparent === 'string' ? { traceparent } : {};
	return inSpan(method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
		credentials.peer.tls?.describe(span);
		const answer = await work();
		span.setAttribute('http.response.status_code', answer.status);
		return answer;
	});
}
