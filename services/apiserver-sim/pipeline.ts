/**
 * The one way through the API server, for gRPC and HTTPS alike: authenticate, authorize, then the endpoint of the resource, which admits,
 * validates and stores. Refuses by default; nothing reaches an endpoint that the authorizers did not allow.
 */
import { KubejoinError, qualified } from '../../lib/errors.ts';
import { type ResourceName, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, UserInfo, WatchEvent } from '../../lib/kube/types.ts';
import { note } from '../../lib/trace.ts';
import type { Authenticate } from './authenticate.ts';
import type { Attributes, Authorizer, ResourceRequest } from './authorize/attributes.ts';
import { forbidden } from './authorize/forbidden.ts';
import type { ApiRequest, Credentials, Endpoint } from './request.ts';
import { selectedName } from './selectors.ts';

/** A request before it is known whose it is. */
export type UnauthenticatedRequest = Omit<ApiRequest, 'user'>;
/** The endpoint of every resource that is served. */
export type Endpoints = ReadonlyMap<ResourceName, Endpoint>;

export interface Pipeline {
	/** create, get, update, delete. @throws API_UNAUTHORIZED, API_FORBIDDEN, and the endpoint's refusals */
	readonly one: (request: UnauthenticatedRequest, credentials: Credentials) => Promise<KubeObject>;
	readonly list: (
		request: UnauthenticatedRequest,
		credentials: Credentials,
	) => Promise<{ items: KubeObject[]; resourceVersion: string }>;
	readonly watch: (request: UnauthenticatedRequest, credentials: Credentials) => AsyncIterable<WatchEvent<KubeObject>>;
	/** May this caller read this path, for example /version? @throws API_UNAUTHORIZED, API_PATH_FORBIDDEN */
	readonly path: (path: string, verb: string, credentials: Credentials) => Promise<void>;
}

export function createPipeline(authenticate: Authenticate, authorizer: Authorizer, endpoints: Endpoints): Pipeline {
	async function admitted(
		unauthenticated: UnauthenticatedRequest,
		credentials: Credentials,
	): Promise<{ request: ApiRequest; endpoint: Endpoint }> {
		const user = await authenticate(credentials);
		const request = { ...unauthenticated, user, namespace: scopeOf(unauthenticated) };
		await requireAllowed(authorizer, attributesOf(request));
		const { resource, subresource, verb } = request;
		const endpoint = endpoints.get(resource);
		const isOffered =
			endpoint?.[verb] !== undefined &&
			(subresource === '' || (verb === 'update' && endpoint.subresources.includes(subresource)));
		if (endpoint === undefined) throw new KubejoinError('API_PATH_NOT_FOUND', {});
		if (!isOffered) {
			throw new KubejoinError('API_METHOD_NOT_ALLOWED', { verb, resource: resource.resource, group: resource.group });
		}
		return { request: withObjectInScope(request), endpoint };
	}
	const missing = (request: ApiRequest) =>
		new KubejoinError('API_METHOD_NOT_ALLOWED', {
			verb: request.verb,
			resource: request.resource.resource,
			group: request.resource.group,
		});
	return {
		async one(unauthenticated, credentials) {
			const { request, endpoint } = await admitted(unauthenticated, credentials);
			const { verb } = request;
			const answer = verb === 'list' || verb === 'watch' ? undefined : endpoint[verb];
			if (answer === undefined) throw missing(request);
			return answer(request);
		},
		async list(unauthenticated, credentials) {
			const { request, endpoint } = await admitted(unauthenticated, credentials);
			if (endpoint.list === undefined) throw missing(request);
			return endpoint.list(request);
		},
		async *watch(unauthenticated, credentials) {
			const { request, endpoint } = await admitted(unauthenticated, credentials);
			if (endpoint.watch === undefined) throw missing(request);
			yield* endpoint.watch(request);
		},
		async path(path, verb, credentials) {
			const user: UserInfo = await authenticate(credentials);
			await requireAllowed(authorizer, { resourceRequest: false, user, verb, path });
		},
	};
}

/**
 * The namespace that authorization, admission and storage see. It depends on the row of the resource: the caller's namespace counts only for a
 * namespaced resource. A Namespace is in itself, as upstream: a Role can grant `get namespaces` in its own namespace.
 * @source apiserver/pkg/endpoints/request/requestinfo.go; registry/rest/meta.go ExpectedNamespaceForScope
 */
function scopeOf({ resource, namespace, name }: UnauthenticatedRequest): string {
	if (resource.namespaced) return namespace;
	return resource === resources.namespaces ? name : '';
}

/**
 * The request with an object whose namespace is that of the request.
 * @throws API_BAD_REQUEST  the object names another namespace
 * @source apiserver/pkg/registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace
 */
function withObjectInScope(request: ApiRequest): ApiRequest {
	const { object, resource, namespace } = request;
	if (object?.metadata === undefined) return request;
	const { namespace: sent = '', ...metadata } = object.metadata;
	if (!resource.namespaced) return { ...request, object: { ...object, metadata } };
	if (sent !== '' && sent !== namespace) {
		const problem = 'the namespace of the provided object does not match the namespace sent on the request';
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	return { ...request, object: { ...object, metadata: { ...metadata, namespace } } };
}

async function requireAllowed(authorizer: Authorizer, attributes: Attributes): Promise<void> {
	const { decision, reason, error } = await authorizer.authorize(attributes);
	note({
		'kubejoin.request.verb': attributes.verb,
		'kubejoin.request.what': whatOf(attributes),
		'kubejoin.user': attributes.user.username,
		'kubejoin.groups': [...attributes.user.groups],
		'kubejoin.decision': decision === 'Allow' ? 'allowed' : 'refused',
		'kubejoin.decision.reason': reason,
	});
	if (decision === 'Allow') return;
	if (error !== undefined) throw new Error(`authorization could not be evaluated: ${error}`);
	throw forbidden(attributes, reason);
}

/** `certificatesigningrequests.certificates.k8s.io/approval NAME`, `configmaps kube-public/cluster-info`, or a path. */
function whatOf(attributes: Attributes): string {
	if (!attributes.resourceRequest) return attributes.path;
	const { apiGroup, resource, subresource, namespace, name } = attributes;
	const kind = `${qualified({ resource, group: apiGroup })}${subresource === '' ? '' : `/${subresource}`}`;
	const place = [namespace, name].filter((part) => part !== '').join('/');
	return place === '' ? kind : `${kind} ${place}`;
}

/** list and watch of one name are authorized for that name. @source apiserver/pkg/endpoints/request/requestinfo.go */
function attributesOf(request: ApiRequest): ResourceRequest {
	const { user, verb, resource, subresource, namespace, name, fieldSelector } = request;
	return {
		resourceRequest: true,
		user,
		verb,
		apiGroup: resource.group,
		apiVersion: resource.version,
		resource: resource.resource,
		subresource,
		namespace,
		name: verb === 'list' || verb === 'watch' ? (selectedName(fieldSelector) ?? '') : name,
		...(verb === 'list' || verb === 'watch' ? { fieldSelector } : {}),
	};
}
