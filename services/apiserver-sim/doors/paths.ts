/**
 * Paths that are no resource: `/version`, discovery, OpenAPI, health. A route answers its own paths and no other. They
 * are read once the caller is allowed.
 * @source apiserver/pkg/server/routes, endpoints/discovery
 */
import type { Clock } from '../../../lib/clock.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { VersionInfo } from '../../../lib/kube/version.ts';
import type { Registry } from '../../../lib/metrics.ts';
import type { Resources } from '../pipeline.ts';
import type { Verb } from '../request/api-request.ts';
import { type Answer, plainText } from './answer.ts';
import { Discovery, type ServedResource } from './discovery.ts';
import { encode } from './encode.ts';
import { type Health, healthRoute } from './health-paths.ts';
import type { HttpRequest, PathRoute } from './http-request.ts';
import { conversions, mediaTypes, negotiate, negotiateDiscovery, requireRouted } from './negotiate.ts';
import { OpenApi } from './openapi.ts';
import { documentHeaders, type StaticDocument } from './openid.ts';

/** The first route that answers. @throws API_PATH_NOT_FOUND */
export async function answerPath(routes: readonly PathRoute[], request: HttpRequest, path: string): Promise<Answer> {
	for (const route of routes) {
		const answer = await route(request, path);
		if (answer !== undefined) return answer;
	}
	throw new KubejoinError('API_PATH_NOT_FOUND', {});
}

/** @throws API_METHOD_NOT_ALLOWED */
function requireGet({ method }: HttpRequest): void {
	if (method !== 'GET') throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
}

/** @source apiserver/pkg/server/routes/version.go: always pretty */
const versionRoute =
	(version: VersionInfo): PathRoute =>
	(request, path) => {
		if (path !== '/version' && path !== '/version/') return undefined;
		requireGet(request);
		requireRouted(request.wishes, [mediaTypes.json]);
		const body = JSON.stringify(version, undefined, 2);
		return { status: 200, headers: { 'Content-Type': mediaTypes.json }, body };
	};

/** The list of paths. @source apiserver/pkg/server/routes/index.go */
const indexRoute =
	(paths: () => readonly string[]): PathRoute =>
	(_request, path) => {
		if (path !== '/' && path !== '/index.html') return undefined;
		const body = JSON.stringify({ paths: paths().toSorted() }, undefined, 2);
		return { status: 200, headers: { 'Content-Type': mediaTypes.json }, body };
	};

/** @source apiserver/pkg/endpoints/discovery/{root,group,version}.go, aggregated/wrapper.go, aggregated/etag.go */
const discoveryRoute =
	(discovery: Discovery): PathRoute =>
	(request, path) => {
		const { wishes } = request;
		const isRoot = /^\/apis?\/?$/.test(path);
		const document = discovery.documentAt(path, isRoot && negotiateDiscovery(wishes));
		if (document === undefined) return undefined;
		requireGet(request);
		const { object, contentType, etag } = document;
		// Both forms have the same address: a cache must keep them apart.
		const vary: Answer['headers'] = isRoot ? { Vary: 'Accept' } : {};
		if (contentType === undefined || etag === undefined) {
			const encoded = encode(object, negotiate(wishes, { isOfMany: false, conversions: conversions.none }));
			return { status: 200, headers: { 'Content-Type': encoded.contentType, ...vary }, body: encoded.body };
		}
		const headers = { ...vary, 'Cache-Control': 'public', Etag: etag };
		if (hasTag(request, etag)) return { status: 304, headers, body: '' };
		const { body } = encode(object, { mediaType: mediaTypes.json, pretty: false });
		return { status: 200, headers: { ...headers, 'Content-Type': contentType }, body };
	};

const hasTag = (request: HttpRequest, etag: string): boolean =>
	(request.header('if-none-match') ?? '').split(',').some((tag) => tag.trim() === etag);

const documentRoute =
	(documents: ReadonlyMap<string, StaticDocument>): PathRoute =>
	(request, path) => {
		const document = documents.get(path);
		if (document === undefined) return undefined;
		requireGet(request);
		requireRouted(request.wishes, [document.contentType]);
		return { status: 200, headers: documentHeaders(document), body: document.body };
	};

/** Of this process. @source apiserver/pkg/server/routes/metrics.go */
const metricsRoute =
	(metrics: Registry): PathRoute =>
	async (_request, path) => {
		if (path !== '/metrics') return undefined;
		return { status: 200, headers: { 'Content-Type': metrics.contentType }, body: await metrics.metrics() };
	};

const openApiRoute =
	(openApi: OpenApi): PathRoute =>
	async (request, path) => {
		const answer = await openApi.answer({
			path,
			hash: request.query.get('hash') ?? '',
			accept: request.wishes.accept.text,
			ifNoneMatch: request.header('if-none-match'),
			ifModifiedSince: request.header('if-modified-since'),
		});
		return answer?.status === 406 ? plainText(406, '') : answer;
	};

export interface PathRoutesOptions {
	readonly endpoints: Resources;
	/** HOST:PORT that discovery advertises to clients. */
	readonly address: string;
	readonly health: Health;
	readonly documents: ReadonlyMap<string, StaticDocument>;
	readonly version: VersionInfo;
	readonly metrics: Registry;
	readonly clock: Clock;
}

/** The routes of the API server. */
export function pathRoutes(options: PathRoutesOptions): readonly PathRoute[] {
	const { endpoints, version, address, health, documents, metrics, clock } = options;
	const served = servedResources(endpoints);
	const discovery = new Discovery(served, address);
	const openApi = new OpenApi(clock);
	const documentPaths = [...documents.keys()].filter((path) => !path.endsWith('/'));
	return [
		versionRoute(version),
		healthRoute(health),
		metricsRoute(metrics),
		discoveryRoute(discovery),
		openApiRoute(openApi),
		documentRoute(documents),
		indexRoute(() => [...documentPaths, ...pathsOf(served, health)]),
	];
}

/** The verbs and subresources that have an endpoint, in the order of the rows. */
const servedResources = (endpoints: Resources): ServedResource[] =>
	Object.values<ApiResource>(resources).flatMap((row) => {
		const endpoint = endpoints.get(row);
		if (endpoint === undefined) return [];
		return [
			{
				...row,
				verbs: row.verbs.filter((verb) => endpoint[verb as Verb] !== undefined),
				subresources: row.subresources.filter(({ name }) => endpoint.subresources.includes(name)),
			},
		];
	});

function pathsOf(served: readonly ServedResource[], { live, ready }: Health): string[] {
	const named = served.filter(({ group }) => group !== '');
	const checks = (root: string, names: readonly string[]) => [
		root,
		...['ping', ...names].map((one) => `${root}/${one}`),
	];
	return [
		...new Set([
			...['/api', '/api/v1', '/apis', '/apis/', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version', '/metrics'],
			...named.flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]),
			...['/healthz', '/livez'].flatMap((root) => checks(root, Object.keys(live))),
			...checks('/readyz', Object.keys({ ...live, ...ready })),
		]),
	];
}
