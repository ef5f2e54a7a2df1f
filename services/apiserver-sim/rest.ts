/**
 * The HTTPS side of the door: paths -> requests of the same pipeline, failures -> Kubernetes `Status`. For now what a stranger needs to find
 * the cluster: health, version, and reading objects; it writes nothing. Nothing is answered before the pipeline allowed it.
 * @source apiserver/pkg/endpoints/request/requestinfo.go; responsewriters/status.go
 */
import { randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { asKubejoinError, KubejoinError } from '../../lib/errors.ts';
import { apiVersionOf, type ResourceName, resources } from '../../lib/kube/resources.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import { checkHealth, type HealthChecks } from '../../lib/mesh/health.ts';
import { type Connections, unknownPeer } from '../../lib/mesh/listener.ts';
import { callerName } from '../../lib/mesh/peer.ts';
import { inSpan, SpanKind } from '../../lib/trace.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import type { Credentials } from './request.ts';
import { parseFieldSelector } from './selectors.ts';
import { failureStatus } from './status.ts';

/** Is told of each request when it comes; what it answers is told the status that it ended with. Method and path may be anything. */
export type ObserveRequest = (method: string, path: string, isWatch: boolean) => (status: number) => void;

export interface RestOptions {
	readonly pipeline: Pipeline;
	readonly health: { readonly live: HealthChecks; readonly ready: HealthChecks };
	readonly connections: Connections;
	readonly log: Log;
	readonly observe: ObserveRequest;
}

export function createRestApp({ pipeline, health, connections, log, observe }: RestOptions): Express {
	const app = express();
	app.disable('x-powered-by');
	app.disable('etag');
	const peerOf = (request: Request) =>
		connections.bySocket.get(request.socket) ??
		unknownPeer(`${request.socket.remoteAddress}:${request.socket.remotePort}`);
	const credentialsOf = (request: Request): Credentials => ({
		peer: peerOf(request),
		authorization: request.get('authorization'),
	});

	app.use((request, response, next) => {
		const ended = observe(request.method, request.path, request.query.watch !== undefined);
		response.once('close', () => ended(response.statusCode));
		inRequestSpan(request, response, next).catch(next);
	});
	app.use((_request, response, next) => {
		response.set({ 'Audit-Id': randomUUID(), 'Cache-Control': 'no-cache, private' });
		next();
	});
	app.use(async (request, _response, next) => {
		if (!isResourcePath(request.path))
			await pipeline.path(request.path, request.method.toLowerCase(), credentialsOf(request));
		next();
	});
	const { live, ready } = health;
	for (const [path, checks] of [
		['/healthz', live],
		['/livez', live],
		['/readyz', { ...live, ...ready }],
	] as const) {
		app.get(path, async (request, response) => {
			const { healthy, text } = await checkHealth(checks, path, request.query.verbose !== undefined);
			response
				.status(healthy ? 200 : 500)
				.type('text/plain; charset=utf-8')
				.send(text);
		});
	}
	app.get('/version', (_request, response) => {
		response.json(kubernetesVersion);
	});
	app.use(async (request, response) => {
		const found = readResourcePath(request.path);
		if (found === undefined) throw new KubejoinError('API_PATH_NOT_FOUND', {});
		const { resource, namespace, name } = found;
		const { fieldSelector = '', watch } = request.query;
		const isRead = request.method === 'GET' && found.subresource === '' && watch === undefined;
		const unknown = Object.keys(request.query).filter((parameter) => !harmless.includes(parameter));
		if (isRead && (unknown.length > 0 || typeof fieldSelector !== 'string')) {
			throw new KubejoinError('API_BAD_REQUEST', {
				problem: `these parameters are not offered yet: ${unknown.join(', ') || 'fieldSelector, more than once'}`,
			});
		}
		if (!isRead || typeof fieldSelector !== 'string') {
			await pipeline.path(request.path, request.method.toLowerCase(), credentialsOf(request));
			throw new KubejoinError('API_METHOD_NOT_ALLOWED', {
				verb: watch === undefined ? request.method : 'WATCH',
				resource: resource.resource,
				group: resource.group,
			});
		}
		const wanted: UnauthenticatedRequest = {
			verb: name === '' ? 'list' : 'get',
			resource,
			subresource: '',
			namespace,
			name,
			fieldSelector: parseFieldSelector(fieldSelector),
			resourceVersion: '',
			preconditions: {},
			signal: AbortSignal.timeout(60_000),
		};
		if (name !== '') {
			response.json(await pipeline.one(wanted, credentialsOf(request)));
			return;
		}
		const { items, resourceVersion } = await pipeline.list(wanted, credentialsOf(request));
		response.json({
			kind: `${resource.kind}List`,
			apiVersion: apiVersionOf(resource),
			metadata: { resourceVersion },
			items,
		});
	});
	app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
		const known = asKubejoinError(error);
		const status = failureStatus(known);
		const level = known.code === 'INTERNAL' ? 'error' : known.code === 'API_UNAUTHORIZED' ? 'warn' : 'debug';
		const peer = peerOf(request);
		log[level](
			{
				method: `${request.method} ${request.path}`,
				caller: callerName(peer),
				peer: peer.address,
				...errorFields(known),
			},
			'refused',
		);
		response.set('X-Content-Type-Options', 'nosniff').status(status.code);
		if (known.code === 'API_PATH_NOT_FOUND' && !isOfServedGroup(request.path))
			response.type('text/plain; charset=utf-8').send('404 page not found\n');
		else response.json(status);
	});
	return app;
}

/** A message, as the gRPC side has them. @source OpenTelemetry semantic conventions for HTTP */
function inRequestSpan(request: Request, response: Response, next: NextFunction): Promise<void> {
	const traceparent = request.get('traceparent');
	const attributes = { 'http.request.method': request.method, 'url.path': request.path, 'url.scheme': 'https' };
	const parent = traceparent === undefined ? {} : { traceparent };
	return inSpan(request.method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
		await new Promise((ended) => {
			response.once('close', ended);
			next();
		});
		span.setAttribute('http.response.status_code', response.statusCode);
	});
}

/** What a read may ask for: all is answered at once, however many were wanted, and as JSON. An ignored selector would answer with too much. */
const harmless = ['fieldSelector', 'limit', 'pretty', 'resourceVersion', 'timeout'];

/** Upstream has no handler for a group that it does not serve, so that such a path is answered as any unknown path. */
function isOfServedGroup(path: string): boolean {
	const group = readResourcePath(path)?.resource.group;
	return Object.values(resources).some((served) => served.group === group);
}

const isResourcePath = (path: string): boolean => readResourcePath(path) !== undefined;

interface ResourcePath {
	readonly resource: ResourceName;
	readonly namespace: string;
	readonly name: string;
	readonly subresource: string;
}

/** `/api/v1/namespaces/kube-public/configmaps/cluster-info`; undefined for a path that names no resource. */
export function readResourcePath(path: string): ResourcePath | undefined {
	const parts = path.split('/').slice(1).map(decodePart);
	if (parts.includes('')) return undefined;
	const group = parts[0] === 'api' ? '' : parts[0] === 'apis' ? parts[1] : undefined;
	if (group === undefined) return undefined;
	const [version, ...rest] = parts.slice(group === '' ? 1 : 2);
	if (version === undefined || rest.length === 0) return undefined;
	const isInNamespace = rest[0] === 'namespaces' && rest.length > 2;
	const [resource = '', name = '', subresource = ''] = isInNamespace ? rest.slice(2) : rest;
	// A path of the other scope names no resource that is served; only a collection can be asked for across namespaces.
	const known = Object.values(resources).find(
		(r) =>
			r.group === group &&
			r.version === version &&
			r.resource === resource &&
			(r.namespaced === isInNamespace || (r.namespaced && name === '')),
	);
	return {
		resource: known ?? { group, version, resource, kind: '', namespaced: isInNamespace },
		namespace: isInNamespace ? (rest[1] ?? '') : resource === 'namespaces' ? name : '',
		name,
		subresource,
	};
}

function decodePart(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return '';
	}
}
