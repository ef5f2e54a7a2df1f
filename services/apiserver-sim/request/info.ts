/**
 * A request as its path or its gRPC method describes it, read once: both doors, authorization, metrics and traces use
 * this answer. It decides nothing.
 * @source apiserver/pkg/endpoints/request/requestinfo.go
 */
import { type ApiResource, customResourceDefinitions, resources } from '../../../lib/kube/resources.ts';
import type { FieldRequirement } from '../authorize/attributes.ts';
import { parseFieldSelector } from '../selectors.ts';

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
	/** Resource, name, subresource, and the path below it, for example that of a proxied request. */
	readonly parts: readonly string[];
	/** Of list, watch and deletecollection; empty for one that cannot be parsed, which is refused after authorization. */
	readonly fieldSelector: readonly FieldRequirement[];
	readonly labelSelector: string;
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
	[...Object.values(resources), customResourceDefinitions].map((row) => [
		keyOf(row.group, row.version, row.resource),
		row,
	]),
);
const groups = new Set(Object.values(resources).map(({ group }) => group));

const noQuery = new URLSearchParams();

/**
 * @param path  decoded: an encoded slash divides like any other
 * @differs upstream answers 500 to `/api/v1/watch`; here it is a path like any other
 */
export function infoOfPath(method: string, path: string, query: URLSearchParams = noQuery): RequestInfo {
	const segments = path.split('/');
	const first = segments.findIndex(isFilled);
	const trimmed = segments.slice(Math.max(first, 0), segments.findLastIndex(isFilled) + 1);
	const found = readParts(trimmed);
	if (found === undefined) return { isResource: false, path, verb: method.toLowerCase() };
	const { group, version, pathVerb, isInNamespace, parts } = found;
	const [resource = '', name = '', third = ''] = parts;
	const row = rows.get(keyOf(group, version, resource));
	// Clients that have no namespace in mind send an empty one: `/api/v1/namespaces//pods`.
	const isEverywhere = isInNamespace && found.namespace === '' && name === '';
	const isServed =
		row !== undefined &&
		pathVerb !== 'proxy' &&
		first === 1 &&
		trimmed.filter(isEmpty).length === (isEverywhere ? 1 : 0) &&
		(parts.length <= 3 || third === 'proxy') &&
		(row.namespaced === isInNamespace || (row.namespaced && name === '')) &&
		hasPath(row, name, isInNamespace);
	const verb = pathVerb ?? verbOf(method, name, query);
	const isOfOne = pathVerb === 'watch' && name !== '';
	const { fieldSelector, labelSelector } = isOfOne ? onlyNamed(name) : selectorsFor(verb, () => query);
	// Without a spread, which costs more than the rest of this function.
	return {
		isResource: true,
		path,
		verb,
		resource: isServed ? row : unservedResource({ group, version, resource }),
		namespace: found.namespace,
		name,
		subresource: pathVerb === 'proxy' ? '' : third,
		parts,
		fieldSelector,
		labelSelector,
	};
}

/** Kinds that can only be created have no path of one object, and none across namespaces. */
const hasPath = ({ verbs, namespaced }: ApiResource, name: string, isInNamespace: boolean): boolean =>
	verbs.includes(name === '' ? 'list' : 'get') || (name === '' && namespaced === isInNamespace);

/** A watch of one object is a watch of all that selects it. @source apiserver/pkg/endpoints/handlers/get.go listOpts */
const onlyNamed = (value: string): Pick<ResourceInfo, 'fieldSelector' | 'labelSelector'> => ({
	fieldSelector: [{ field: 'metadata.name', operator: '=', value }],
	labelSelector: '',
});

const selectorsFor = (verb: string, query: () => URLSearchParams) =>
	verbsWithSelectors.has(verb) ? selectorsOf(query()) : noSelectors;

const verbsWithSelectors = new Set(['list', 'watch', 'deletecollection']);
const noSelectors = { fieldSelector: [], labelSelector: '' } as const;

function selectorsOf(query: URLSearchParams): Pick<ResourceInfo, 'fieldSelector' | 'labelSelector'> {
	const labelSelector = query.get('labelSelector') ?? '';
	try {
		return { fieldSelector: parseFieldSelector(query.get('fieldSelector') ?? ''), labelSelector };
	} catch {
		return { fieldSelector: [], labelSelector };
	}
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
	service: '',
});

const isFilled = (part: string): boolean => part !== '';
const isEmpty = (part: string): boolean => part === '';

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
	const isCore = all[0] === 'api';
	if (!isCore && all[0] !== 'apis') return undefined;
	const group = isCore ? '' : (all[1] ?? '');
	const atVersion = isCore ? 1 : 2;
	const version = all[atVersion] ?? '';
	const next = all[atVersion + 1] ?? '';
	const pathVerb = pathVerbs.has(next) ? next : undefined;
	const parts = all.slice(atVersion + (pathVerb === undefined ? 1 : 2));
	if (parts.length === 0) return undefined;
	const namespace = parts[0] === 'namespaces' ? (parts[1] ?? '') : '';
	const isInNamespace = parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '');
	return { group, version, pathVerb, namespace, isInNamespace, parts: isInNamespace ? parts.slice(2) : parts };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
	const verb = verbs[method] ?? '';
	if (name !== '') return verb;
	if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
	return verb === 'delete' ? 'deletecollection' : verb;
}

/** Only `false` and `0` are no. @source runtime.Convert_Slice_string_To_bool */
export const isTrue = (value: string | null): boolean =>
	value !== null && value !== '0' && value.toLowerCase() !== 'false';

/**
 * Upstream has no handler for a group that it does not serve, or for a path that begins with two slashes: they are
 * paths like any other. An unknown version of a group that it serves has one.
 */
export const hasHandler = (info: RequestInfo): boolean =>
	info.isResource ? groups.has(info.resource.group) && !info.path.startsWith('//') : isVersion(info.path);

function isVersion(path: string): boolean {
	const [, root, group = '', version, ...more] = path.replace(/\/$/, '').split('/');
	if (root === 'api') return group !== '' && version === undefined;
	return root === 'apis' && group !== '' && groups.has(group) && (version ?? '') !== '' && more.length === 0;
}

/**
 * The request of a gRPC method, for example `UpdateApproval` of a resource's service.
 *
 * @throws TypeError  the contract has a method whose verb is unknown
 */
export function infoOfMethod(resource: ApiResource, method: string, message: MessageInfo): ResourceInfo {
	const { verb, subresource } = verbOfMethod(resource, method) ?? {};
	if (verb === undefined || subresource === undefined) throw new TypeError(`no verb for the method ${method}`);
	const { namespace = '', fieldSelector = '', labelSelector = '' } = message;
	// A name that is sent with a selection selects nothing.
	const name = verbsWithSelectors.has(verb) ? '' : (message.name ?? '');
	const parts = [resource.resource, name, subresource].filter(isFilled);
	const selectors = selectorsFor(verb, () => new URLSearchParams({ fieldSelector, labelSelector }));
	const path = `/${method}`;
	return { isResource: true, path, verb, resource, namespace, name, subresource, parts, ...selectors };
}

/** The fields of a message that name its object. */
export interface MessageInfo {
	readonly namespace?: string;
	readonly name?: string;
	readonly fieldSelector?: string;
	readonly labelSelector?: string;
}

const methodVerbs: Readonly<Record<string, string>> = {
	Create: 'create',
	Get: 'get',
	List: 'list',
	Watch: 'watch',
	Update: 'update',
	Renew: 'update',
	Patch: 'patch',
	Delete: 'delete',
	DeleteCollection: 'deletecollection',
};

/** `UpdateStatus` is update of `status`, `Create` has no subresource; undefined for another word. */
export function verbOfMethod(
	{ subresources }: Pick<ApiResource, 'subresources'>,
	method: string,
): { readonly verb: string; readonly subresource: string } | undefined {
	const verb = methodVerbs[method];
	if (verb !== undefined) return { verb, subresource: '' };
	const [, word = '', rest = ''] = /^(Create|Get|Update|Patch)(.+)$/.exec(method) ?? [];
	const subresource = subresources.find(({ name }) => name === rest.toLowerCase())?.name;
	const ofSubresource = methodVerbs[word];
	return subresource === undefined || ofSubresource === undefined ? undefined : { verb: ofSubresource, subresource };
}
