/**
 * A request as its path or its gRPC method describes it, read once: both doors, authorization, metrics and traces use
 * this answer. It decides nothing.
 * @source apiserver/pkg/endpoints/request/requestinfo.go
 */
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';

/** A path that is no resource, for example /healthz. */
export interface PathInfo {
	readonly isResource: false;
	readonly path: string;
	/** The HTTP method in lower case. */
	readonly verb: string;
}
export interface ResourceInfo {
	readonly isResource: true;
	readonly path: string;
	/** Empty for an HTTP method that has no verb, such as OPTIONS. */
	readonly verb: string;
	/** The row that is served. A resource that is not served, or not at this scope, has no kind. */
	readonly resource: ApiResource;
	/** As the path says. Which namespace counts is decided in the pipeline. */
	readonly namespace: string;
	readonly name: string;
	readonly subresource: string;
}
export type RequestInfo = PathInfo | ResourceInfo;

/** Called when a request arrives; the returned function is called with its status. Path and method are untrusted. */
export type ObserveRequest = (info: RequestInfo, method: string) => (status: number) => void;

const verbs: Readonly<Record<string, string>> = {
	GET: 'get',
	HEAD: 'get',
	POST: 'create',
	PUT: 'update',
	PATCH: 'patch',
	DELETE: 'delete',
};
/** `/api/v1/watch/nodes`: the verb is a part of the path. */
const pathVerbs = new Set(['proxy', 'watch']);
/** Parts after the name of a Namespace that are its own, and no resource in it. */
const namespaceSubresources = new Set(['finalize', 'status']);

const keyOf = (group: string, version: string, resource: string) => `${group}/${version}/${resource}`;
const rows: ReadonlyMap<string, ApiResource> = new Map(
	Object.values(resources).map((row) => [keyOf(row.group, row.version, row.resource), row]),
);
const groups = new Set(Object.values(resources).map(({ group }) => group));

/**
 * @param path     decoded: an encoded slash divides like any other
 * @param isWatch  whether the query asks for a watch
 * @differs upstream answers 500 to `/api/v1/watch`; here it is a path like any other
 */
export function infoOfPath(method: string, path: string, isWatch: boolean): RequestInfo {
	const segments = path.split('/');
	const [first, last] = [segments.findIndex(isFilled), segments.findLastIndex(isFilled)];
	const trimmed = segments.slice(Math.max(first, 0), last + 1);
	const found = readParts(trimmed);
	if (found === undefined) return { isResource: false, path, verb: method.toLowerCase() };
	const { group, version, pathVerb, isInNamespace, parts } = found;
	const [resource = '', name = '', third = ''] = parts;
	const row = rows.get(keyOf(group, version, resource));
	const isServed =
		row !== undefined &&
		pathVerb !== 'proxy' &&
		first === 1 &&
		trimmed.every(isFilled) &&
		(row.namespaced === isInNamespace || (row.namespaced && name === ''));
	return {
		isResource: true,
		path,
		verb: pathVerb ?? verbOf(method, name, isWatch),
		resource: isServed ? row : unservedResource({ group, version, resource }),
		namespace: found.namespace,
		name,
		subresource: pathVerb === 'proxy' ? '' : third,
	};
}

/** A resource without a row: the request is authorized like any other, and then refused with 404. */
const unservedResource = (named: Pick<ApiResource, 'group' | 'version' | 'resource'>): ApiResource => ({
	...named,
	singular: '',
	kind: '',
	namespaced: true,
	shortNames: [],
	categories: [],
	verbs: [],
	subresources: [],
});

const isFilled = (part: string): boolean => part !== '';

interface ReadParts {
	readonly group: string;
	readonly version: string;
	readonly pathVerb: string | undefined;
	readonly namespace: string;
	/** The path goes through a namespace. */
	readonly isInNamespace: boolean;
	/** Resource, name, subresource, and the rest. */
	readonly parts: readonly string[];
}

/** `[api, VERSION, …]` or `[apis, GROUP, VERSION, …]`; undefined when there is no resource in it. */
function readParts(all: readonly string[]): ReadParts | undefined {
	const [prefix = '', ...afterPrefix] = all;
	if (prefix !== 'api' && prefix !== 'apis') return undefined;
	const [group, [version = '', ...rest]] =
		prefix === 'api' ? ['', afterPrefix] : [afterPrefix[0] ?? '', afterPrefix.slice(1)];
	const pathVerb = pathVerbs.has(rest[0] ?? '') ? rest[0] : undefined;
	const parts = pathVerb === undefined ? rest : rest.slice(1);
	if (parts.length === 0) return undefined;
	const namespace = parts[0] === 'namespaces' ? (parts[1] ?? '') : '';
	const isInNamespace = parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '');
	return { group, version, pathVerb, namespace, isInNamespace, parts: isInNamespace ? parts.slice(2) : parts };
}

function verbOf(method: string, name: string, isWatch: boolean): string {
	const verb = verbs[method] ?? '';
	if (name !== '') return verb;
	if (verb === 'get') return isWatch ? 'watch' : 'list';
	return verb === 'delete' ? 'deletecollection' : verb;
}

/**
 * Upstream has no handler for a group that it does not serve, or for a path that begins with two slashes: they are
 * paths like any other.
 */
export const hasHandler = (info: RequestInfo): boolean =>
	info.isResource && groups.has(info.resource.group) && !info.path.startsWith('//');

/** Verb and subresource of each gRPC method. */
export const grpcMethods = {
	Create: { verb: 'create', subresource: '' },
	Get: { verb: 'get', subresource: '' },
	List: { verb: 'list', subresource: '' },
	Watch: { verb: 'watch', subresource: '' },
	Update: { verb: 'update', subresource: '' },
	UpdateStatus: { verb: 'update', subresource: 'status' },
	UpdateApproval: { verb: 'update', subresource: 'approval' },
	Delete: { verb: 'delete', subresource: '' },
} as const;
