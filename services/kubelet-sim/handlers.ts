/**
 * The kubelet API: /healthz, /pods, /runningpods, /containerLogs, /metrics. Each request is authenticated and
 * authorized before its path is looked at.
 *
 * @source pkg/kubelet/server/server.go
 * @differs exec, attach, run and port-forward answer as in a kubelet with enableDebuggingHandlers: false, because no
 *   container runs; /stats, /logs, /configz and /checkpoint do not exist
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WaitUntil } from '../../lib/clock.ts';
import type { Container, Pod } from '../../lib/kube/pod.ts';
import type { Registry } from '../../lib/metrics.ts';
import { type HttpHandler, PLAIN_TEXT } from '../../lib/rpc/http-server.ts';
import { type Connections, peerOfSocket } from '../../lib/rpc/listener.ts';
import { quoteInput } from '../../lib/text.ts';
import type { KubeletAccess } from './serving/access.ts';
import { type LogOptions, readLog } from './serving/simulated-log.ts';
import { type SimulatedPods, simulatedContainer } from './serving/simulated-pods.ts';

export interface KubeletHandlerOptions {
	readonly access: KubeletAccess;
	readonly connections: Connections;
	/** Undefined before the node has joined. */
	readonly pods: () => SimulatedPods | undefined;
	readonly metrics: Pick<Registry, 'metrics' | 'contentType'>;
	readonly nowMs: () => number;
	readonly waitUntil: WaitUntil;
	readonly stopping: AbortSignal;
}

interface Exchange {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly response: ServerResponse;
	/** Aborts when the caller has gone or the node stops. */
	readonly signal: AbortSignal;
}
type Answer = (exchange: Exchange) => Promise<void> | void;

const answerText = (response: ServerResponse, status: number, body: string, headers: OutgoingHttpHeaders = {}): void =>
	void response.writeHead(status, { ...PLAIN_TEXT, ...headers }).end(body);
const answerJson = (response: ServerResponse, body: object): void =>
	void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export function kubeletHandler(options: KubeletHandlerOptions): HttpHandler {
	const routes = new KubeletRoutes(options);
	return async (request: IncomingMessage, response: ServerResponse) => {
		const { method = '', url = '', headers, socket } = request;
		request.resume();
		const [path = '', search = ''] = url.split('?', 2);
		const decoded = decode(path);
		if (decoded === undefined) {
			answerText(response, 400, '400 Bad Request');
			return;
		}
		const { access, connections, stopping } = options;
		const peer = peerOfSocket(connections, socket);
		const refusal = await access.refusalOf({ method, path: decoded, peer, authorization: headers.authorization });
		if (refusal !== undefined) {
			answerText(response, refusal.status, refusal.text);
			return;
		}
		const gone = new AbortController();
		response.once('close', () => gone.abort());
		const signal = AbortSignal.any([gone.signal, stopping]);
		await routes.answer({ method, path: decoded, query: new URLSearchParams(search), response, signal });
	};
}

function decode(path: string): string | undefined {
	try {
		return decodeURIComponent(path);
	} catch {
		return undefined;
	}
}

class KubeletRoutes {
	readonly #options: KubeletHandlerOptions;

	constructor(options: KubeletHandlerOptions) {
		this.#options = options;
	}

	async answer(exchange: Exchange): Promise<void> {
		const { method, response } = exchange;
		const route = this.#routeOf(exchange.path);
		if (route === undefined) answerText(response, 404, '404 page not found\n');
		else if (route !== debuggingDisabled && method !== 'GET' && method !== 'HEAD')
			answerText(response, 405, '405: Method Not Allowed', { allow: 'GET, HEAD' });
		else await route(exchange);
	}

	#routeOf(path: string): Answer | undefined {
		const [, first = ''] = path.split('/');
		if (/^\/healthz(?:\/(?:ping|log|syncloop))?\/?$/.test(path))
			return ({ response }) => answerText(response, 200, 'ok');
		if (path === '/pods' || path === '/pods/')
			return ({ response }) => answerJson(response, podList(this.#pods().map((pod) => withoutKind(pod))));
		if (path === '/runningpods' || path === '/runningpods/')
			return ({ response }) => answerJson(response, podList(this.#pods().map(runtimePod)));
		if (path === '/metrics') return (exchange) => this.#metrics(exchange);
		if (first === 'containerLogs') return (exchange) => this.#containerLogs(exchange);
		return DEBUG_PATHS.has(first) ? debuggingDisabled : undefined;
	}

	#pods(): readonly Pod[] {
		return this.#options.pods()?.list() ?? [];
	}

	async #metrics({ response }: Exchange): Promise<void> {
		const { metrics } = this.#options;
		const body = await metrics.metrics();
		response.writeHead(200, { 'content-type': metrics.contentType }).end(body);
	}

	async #containerLogs({ path, query, response, signal }: Exchange): Promise<void> {
		const [, , namespace = '', name = '', containerName = '', ...more] = path.split('/');
		if (namespace === '' || name === '' || containerName === '' || more.length > 0) {
			answerText(response, 404, '404: Page Not Found');
			return;
		}
		const options = logOptions(query, this.#options.nowMs());
		if (typeof options === 'number') {
			const message = options === 400 ? 'Unable to decode query.' : 'Invalid request.';
			answerText(response, options, JSON.stringify({ message }).replace(':', ': '));
			return;
		}
		const pod = this.#options.pods()?.get(namespace, name);
		const problem = containerProblem(pod, name, containerName, query.get('previous') === 'true');
		if (problem !== undefined) {
			answerText(response, problem.status, problem.text);
			return;
		}
		await this.#follow(response, { namespace, name, containerName, options, signal });
	}

	async #follow(response: ServerResponse, wanted: WantedLog): Promise<void> {
		const { namespace, name, containerName, options, signal } = wanted;
		const { nowMs, waitUntil, pods } = this.#options;
		const changed = new ChangeSignal(signal);
		const forget = pods()?.onChange(namespace, name, () => changed.notify());
		const container = () => {
			const pod = pods()?.get(namespace, name);
			return pod === undefined ? undefined : simulatedContainer(pod, containerName);
		};
		const tools = {
			...{ container, nowMs, signal },
			waitUntil: (atMs: number) => waitUntil(atMs, changed.next()),
		};
		response.writeHead(200, PLAIN_TEXT);
		response.flushHeaders();
		try {
			await pipeline(Readable.from(readLog(options, tools)), response, { signal });
		} catch {
			// The caller has gone, or the node stops.
			response.destroy();
		} finally {
			forget?.();
		}
	}
}

interface WantedLog {
	readonly namespace: string;
	readonly name: string;
	readonly containerName: string;
	readonly options: LogOptions;
	readonly signal: AbortSignal;
}

/** Ends a wait when the pod changes. */
class ChangeSignal {
	readonly #ending: AbortSignal;
	#change = new AbortController();

	constructor(ending: AbortSignal) {
		this.#ending = ending;
	}

	notify(): void {
		this.#change.abort();
	}

	next(): AbortSignal {
		if (this.#change.signal.aborted) this.#change = new AbortController();
		return AbortSignal.any([this.#ending, this.#change.signal]);
	}
}

const DEBUG_PATHS = new Set(['run', 'exec', 'attach', 'portForward']);
const debuggingDisabled: Answer = ({ response }) => answerText(response, 405, 'Debug endpoints are disabled.\n');

const podList = (items: readonly object[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
const withoutKind = ({ kind: _kind, apiVersion: _version, ...pod }: Pod): object => pod;

/** @source pkg/kubelet/container/runtime.go ToAPIPod */
const runtimePod = ({ metadata: { name, namespace, uid }, spec }: Pod): object => ({
	metadata: { name, namespace, uid },
	spec: { containers: (spec?.containers ?? []).map(({ name: of, image }) => ({ name: of, image, resources: {} })) },
	status: {},
});

/** @returns the status of a refusal: 400 or 422 */
function logOptions(query: URLSearchParams, nowMs: number): LogOptions | 400 | 422 {
	const numbers = ['tailLines', 'limitBytes', 'sinceSeconds'].map((name) => query.get(name));
	if (numbers.some((text) => text !== null && !/^[+-]?\d{1,18}$/.test(text))) return 400;
	const [tailLines, limitBytes, sinceSeconds] = numbers.map((text) => (text === null ? undefined : Number(text)));
	const sinceTime = query.get('sinceTime');
	const sinceTimeMs = sinceTime === null ? undefined : Date.parse(sinceTime);
	if (Number.isNaN(sinceTimeMs)) return 400;
	const isInvalid =
		(tailLines ?? 0) < 0 ||
		(limitBytes ?? 1) < 1 ||
		(sinceSeconds ?? 1) < 1 ||
		(sinceSeconds !== undefined && sinceTimeMs !== undefined);
	if (isInvalid) return 422;
	return {
		follow: query.get('follow') === 'true',
		timestamps: query.get('timestamps') === 'true',
		tailLines,
		limitBytes,
		sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
	};
}

interface LogProblem {
	readonly status: 400 | 404;
	readonly text: string;
}

/** @source pkg/kubelet/kubelet_pods.go validateContainerLogStatus */
function containerProblem(
	pod: Pod | undefined,
	name: string,
	container: string,
	isPrevious: boolean,
): LogProblem | undefined {
	if (pod === undefined) return { status: 404, text: `pod ${quoteInput(name)} does not exist` };
	const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
	const isNamed = (one: Container) => one.name === container;
	if (![...containers, ...initContainers, ...ephemeralContainers].some(isNamed))
		return { status: 404, text: `container ${quoteInput(container)} not found in pod ${quoteInput(name)}` };
	const subject = `container ${quoteInput(container)} in pod ${quoteInput(name)}`;
	if (isPrevious) return { status: 400, text: `previous terminated ${subject} not found` };
	if (simulatedContainer(pod, container) === undefined)
		return { status: 400, text: `${subject} is waiting to start: ContainerCreating` };
	return undefined;
}
