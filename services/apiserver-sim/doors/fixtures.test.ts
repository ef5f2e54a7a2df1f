/** Both doors of an API server in this process, for tests. No tests, and nothing that a service may import. */
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { connect as connectHttp2, constants, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import type { Clock } from '../../../lib/clock.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { kubernetesVersion } from '../../../lib/kube/version.ts';
import type { CountRefusal } from '../../../lib/limits.ts';
import { createLog } from '../../../lib/log.ts';
import { createHttpServer } from '../../../lib/rpc/http-server.ts';
import { newConnections } from '../../../lib/rpc/listener.ts';
import type { Peer } from '../../../lib/rpc/peer.ts';
import type { Call } from '../../../lib/rpc/server.ts';
import type { Authenticate } from '../authenticate/union.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import type { KubeletTransport } from '../kubelet-client.ts';
import { createPipeline, type Resources } from '../pipeline.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import type { ObserveRequest } from '../request/info.ts';
import { resourceHandlers } from './grpc.ts';
import type { StaticDocument } from './openid.ts';
import { pathRoutes } from './paths.ts';
import { createRestApp } from './rest.ts';

export interface HttpAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly text: string;
}
export interface Doors {
	/** For a test that needs a connection of its own. It serves HTTP/1.1. */
	readonly port: number;
	/** Over HTTP/1.1; the path is sent as it is. */
	readonly rest: (
		method: string,
		path: string,
		headers?: Readonly<Record<string, string | string[]>>,
		body?: string | Uint8Array,
	) => Promise<HttpAnswer>;
	readonly restBytes: (
		method: string,
		path: string,
		headers?: Readonly<Record<string, string | string[]>>,
		body?: string | Uint8Array,
	) => Promise<Omit<HttpAnswer, 'text'> & { readonly body: Buffer }>;
	/** A GET over HTTP/2. @throws an error when the server resets the stream */
	readonly rest2: (path: string, headers?: Readonly<Record<string, string>>) => Promise<HttpAnswer>;
	/** A stream, until the bytes so far are enough. */
	readonly restUntil: (
		path: string,
		headers: Readonly<Record<string, string>>,
		isEnough: (body: Buffer) => boolean,
	) => Promise<Omit<HttpAnswer, 'text'> & { readonly body: Buffer }>;
	/** A unary method of a resource's gRPC service. */
	readonly grpc: (resource: ApiResource, method: string, message: object, metadata?: object) => Promise<object>;
	readonly watch: (resource: ApiResource, message: object, metadata?: object) => Promise<object[]>;
	readonly stop: () => void;
	readonly close: () => void;
}

export interface DoorsOptions {
	readonly authenticate: Authenticate;
	readonly authorizer: Authorizer;
	readonly endpoints: Resources;
	readonly ready?: () => void;
	readonly observe?: ObserveRequest;
	readonly write?: (line: string) => void;
	readonly documents?: ReadonlyMap<string, StaticDocument>;
	readonly count?: CountRefusal;
	readonly kubelets?: KubeletTransport;
	readonly clock?: Clock;
}

const stranger: Peer = { address: '10.0.0.1:1', certificate: { state: 'none' } };

export async function openDoors(options: DoorsOptions): Promise<Doors> {
	const {
		authenticate,
		authorizer,
		endpoints,
		documents = new Map(),
		ready = () => undefined,
		observe = () => () => undefined,
		count = () => undefined,
		kubelets = { send: () => Promise.reject(new Error('no kubelet')), close: () => undefined },
		clock = () => 0,
	} = options;
	const pipeline = createPipeline(authenticate, authorizer, endpoints);
	const log = createLog({ service: 'test', level: 'debug', format: 'json', write: options.write ?? (() => undefined) });
	const health = { live: {}, ready: { store: ready } };
	const connections = newConnections();
	const stopping = new AbortController();
	const app = createRestApp({
		...{
			pipeline,
			connections,
			log,
			observe,
			count,
			stopping: stopping.signal,
			nowMs: clock,
			random: () => 0,
			kubelets,
		},
		routes: pathRoutes({
			endpoints,
			version: kubernetesVersion,
			address: '10.99.0.2:6443',
			health,
			documents,
			metrics: new Registry(),
			clock,
		}),
	});
	const unforeseen = (origin: string, cause: unknown) => {
		throw new Error(origin, { cause });
	};
	const server = createHttpServer(app, { unforeseen, acceptsUpgrades: true }).listen(0, '127.0.0.1');
	server.on('connection', (socket) => connections.bySocket.set(socket, stranger));
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const agent = new Agent({ keepAlive: true });
	const http2 = createHttp2((request, response) => void app(request as never, response as never));
	const rest2: Doors['rest2'] = async (path, headers = {}) => {
		if (!http2.listening) await once(http2.listen(0, '127.0.0.1'), 'listening');
		const session = connectHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
		try {
			const stream = session.request({ ':path': path, ...headers });
			const ended = once(stream, 'close').then(() => Promise.reject(new Error('the stream ended')));
			const [answered] = await Promise.race([once(stream, 'response'), ended]);
			ended.catch(() => undefined);
			let text = '';
			for await (const chunk of stream.setEncoding('utf8')) text += chunk;
			if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`the stream was reset: ${stream.rstCode}`);
			return { status: Number(answered[':status']), headers: answered, text };
		} finally {
			session.destroy();
		}
	};
	const callWith = (metadata: object): Call => {
		const values = new Map(Object.entries(metadata));
		const hasMetadata = (prefix: string) => [...values.keys()].some((key) => key.startsWith(prefix));
		return {
			hasMetadata,
			method: '/test',
			peer: stranger,
			metadata: (key) => [values.get(key)].flat()[0],
			metadataPairs: [...values].flatMap(([key, value]) => [value].flat().map((one) => [key, String(one)] as const)),
			signal: stopping.signal,
		};
	};
	const restBytes: Doors['restBytes'] = async (method, path, headers = {}, body = '') => {
		// Node gives a DELETE no length of its own accord.
		const length = body.length === 0 ? {} : { 'content-length': Buffer.byteLength(body) };
		const sent = send({ host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent });
		sent.end(body);
		const [response] = await once(sent, 'response');
		const chunks: Buffer[] = [];
		for await (const chunk of response) chunks.push(chunk);
		return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
	};
	const restUntil: Doors['restUntil'] = async (path, headers, isEnough) => {
		const sent = send({ host: '127.0.0.1', port, path, headers, agent });
		sent.end();
		const [response] = await once(sent, 'response');
		const chunks: Buffer[] = [];
		if (!isEnough(Buffer.alloc(0))) {
			for await (const chunk of response) {
				chunks.push(chunk);
				if (isEnough(Buffer.concat(chunks))) break;
			}
		}
		sent.destroy();
		return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
	};
	return {
		port,
		restBytes,
		rest2,
		restUntil,
		async rest(...request) {
			const { body, ...answer } = await restBytes(...request);
			return { ...answer, text: body.toString() };
		},
		stop: () => stopping.abort(),
		async grpc(resource, method, message, metadata = {}) {
			const handler = resourceHandlers(resource, pipeline, stopping.signal).unary[method];
			if (handler === undefined) throw new TypeError(`no method ${method}`);
			return handler(message as never, callWith(metadata));
		},
		async watch(resource, message, metadata = {}) {
			const handler = resourceHandlers(resource, pipeline, stopping.signal).streams.Watch;
			const events: object[] = [];
			for await (const event of handler?.(message as never, callWith(metadata)) ?? []) events.push(event);
			return events;
		},
		close() {
			stopping.abort();
			agent.destroy();
			server.closeAllConnections();
			server.close();
			if (http2.listening) http2.close();
		},
	};
}

/** Endpoints of every resource that answer with the request's name, and remember what reached them. */
export function recordingEndpoints(): { readonly endpoints: Resources; readonly reached: ApiRequest[] } {
	const reached: ApiRequest[] = [];
	const one = async (request: ApiRequest): Promise<KubeObject> => {
		reached.push(request);
		const { resource, name, namespace } = request;
		return { apiVersion: resource.version, kind: resource.kind, metadata: { name, namespace } };
	};
	const endpoint: ResourceStorage = {
		...{ create: one, get: one, update: one, delete: one, subresources: ['status', 'approval'] },
		list: async (request) => ({ items: [await one(request)], resourceVersion: '7' }),
		async *watch(request) {
			yield { type: 'ADDED', object: await one(request) };
		},
	};
	return { endpoints: new Map(Object.values(resources).map((resource) => [resource, endpoint])), reached };
}
