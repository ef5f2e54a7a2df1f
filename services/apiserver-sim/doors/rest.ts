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
import { type HttpHandler, isUpgrade } from '../../../lib/rpc/http-server.ts';
import type { Connections } from '../../../lib/rpc/listener.ts';
import { callerName } from '../../../lib/rpc/peer.ts';
import { printable } from '../../../lib/text.ts';
import { inSpan, SpanKind, type SpanOptions } from '../../../lib/trace.ts';
import { hasExtraSpace } from '../authenticate/bearer-token.ts';
import type { KubeletTransport } from '../kubelet-client.ts';
import type { Pipeline } from '../pipeline.ts';
import { hasHandler, type ObserveRequest } from '../request/info.ts';
import { timeoutOf } from '../request/options.ts';
import { failureStatus } from '../status.ts';
import { type Answer, NOT_FOUND, plainText, writeAnswer } from './answer.ts';
import { Deadlines } from './deadline.ts';
import { encode } from './encode.ts';
import { EncodedObjects } from './encoded-objects.ts';
import { HttpRequest, type PathRoute } from './http-request.ts';
import { KubeletDoor } from './kubelet-door.ts';
import { AcceptHeaders, negotiateRefusal } from './negotiate.ts';
import { answerPath } from './paths.ts';
import { type ResourceDoorOptions, ResourceRequest } from './resource-request.ts';
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
	const door = new RestDoor(options);
	return (incoming, response) => door.answer(incoming, response);
}

class RestDoor {
	readonly #options: RestOptions;
	readonly #accepts = new AcceptHeaders();
	readonly #lines: LimitLines;
	readonly #resources: ResourceDoorOptions;

	constructor(options: RestOptions) {
		const { log, count = () => undefined } = options;
		const kubelets = new KubeletDoor(options.kubelets, count);
		const shared = { events: new EventEncoder(), encoded: new EncodedObjects(), deadlines: new Deadlines(), kubelets };
		this.#options = options;
		this.#lines = limitLines(log, count);
		this.#resources = { ...options, count, ...shared };
	}

	async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const { connections } = this.#options;
		const request = new HttpRequest(incoming, { connections, accepts: this.#accepts });
		const { method, info, lifetime } = request;
		const ended = this.#options.observe(info ?? { isResource: false, path: '', verb: method.toLowerCase() }, method);
		response.on('close', () => {
			if (!response.writableEnded) lifetime.end();
			ended(response.statusCode);
		});
		const warnings = new Warnings(request);
		const answer = await inRequestSpan(request, () => this.#answerTo(request, warnings));
		const headers = { ...answer.headers };
		warnings.addTo(headers);
		const isLast = (answer.status === 413 && incoming.httpVersionMajor === 1) || isUpgrade(incoming);
		if (isLast) headers.Connection = 'close';
		// A body that nothing read would keep the stream of HTTP/2 open.
		incoming.resume();
		try {
			const written = writeAnswer(response, { ...answer, headers }, request);
			if (written !== undefined) await written;
		} catch (error) {
			this.#refusal(error, request);
			cutOff(response);
		}
	}

	async #answerTo(request: HttpRequest, warnings: Warnings): Promise<Answer> {
		try {
			const { info } = request;
			if (info === undefined) return plainText(400, '400 Bad Request');
			const timeoutMs = timeoutOf(request.query);
			const warn = (text: string) => warnings.add(text);
			if (info.isResource) return await new ResourceRequest(request, info, this.#resources, timeoutMs, warn).answer();
			const { pipeline, routes } = this.#options;
			await pipeline.authorizePath(info.path, info.verb, request.credentials);
			return await answerPath(routes, request, info.path);
		} catch (error) {
			return this.#refusal(error, request);
		}
	}

	#refusal(error: unknown, request: HttpRequest): Answer {
		return refusalOf(error, request, this.#options.log, this.#lines);
	}
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
	#length = 0;
	/** Of the texts when each is cut. */
	#cutLength = 0;

	constructor({ credentials }: HttpRequest) {
		// @source apiserver/pkg/authentication/request/bearertoken
		if (hasExtraSpace(credentials.authorization))
			this.add('the provided Authorization header contains extra space before the bearer token, and is ignored');
	}

	add(text: string): void {
		if (this.#isCut && this.#cutLength >= MAX_WARNINGS_LENGTH) return;
		const shown = printable(text, { maxLength: MAX_WARNINGS_LENGTH });
		if (this.#texts.has(shown)) return;
		this.#texts.add(shown);
		this.#length += shown.length;
		this.#cutLength += Math.min(shown.length, MAX_CUT_LENGTH);
	}

	/** All are cut when the whole ones have no room. */
	get #isCut(): boolean {
		return this.#length > MAX_WARNINGS_LENGTH;
	}

	addTo(headers: Record<string, string | readonly string[]>): void {
		if (this.#texts.size === 0) return;
		const shown = [...this.#texts].map((text) => (this.#isCut ? text.slice(0, MAX_CUT_LENGTH) : text));
		const quoted = shown.map((text) => text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?'));
		headers.Warning = quoted.map((text) => `299 - "${text}"`);
	}
}
const MAX_CUT_LENGTH = 256;
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
	{ info, method, credentials, incoming }: HttpRequest,
	work: () => Promise<Answer>,
): Promise<Answer> {
	const { traceparent } = incoming.headers;
	const options: SpanOptions = {
		kind: SpanKind.SERVER,
		parent: typeof traceparent === 'string' ? { traceparent } : {},
		get attributes() {
			const path = printable(info?.path ?? '', { maxLength: 256 });
			return { 'http.request.method': method, 'url.path': path, 'url.scheme': 'https' };
		},
	};
	return inSpan(method, options, async (span) => {
		credentials.peer.tls?.describe(span);
		const answer = await work();
		span.setAttribute('http.response.status_code', answer.status);
		return answer;
	});
}
