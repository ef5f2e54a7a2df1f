/**
 * The one way through the API server, for gRPC and HTTPS alike: authenticate, authorize, then the endpoint of the
 * resource, which admits, validates and stores. Refuses by default; nothing reaches an endpoint that the authorizers
 * did not allow.
 */
import { KubejoinError, qualifiedResource } from '../../lib/errors.ts';
import { pathSegmentProblems } from '../../lib/kube/names.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, UserInfo, WatchEvent } from '../../lib/kube/types.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import { impersonatedUser } from './authenticate/impersonation.ts';
import type { Authenticate } from './authenticate/union.ts';
import type { Attributes, Authorizer, FieldRequirement, ResourceRequest } from './authorize/attributes.ts';
import { forbidden } from './authorize/forbidden.ts';
import { quotedInput } from './authorize/go-text.ts';
import { requireNameParameter } from './authorize/name-parameter.ts';
import {
	type ApiRequest,
	type Credentials,
	defaultOptions,
	type KubeletLocation,
	type ObjectList,
	type RequestOptions,
	type ResourceStorage,
	type Verb,
} from './request/api-request.ts';
import { selectedName } from './selectors.ts';

/**
 * A request before it is authenticated and authorized. Its verb and subresource may be any; the endpoint offers few of
 * them.
 */
export interface UnauthenticatedRequest
	extends Omit<ApiRequest, 'user' | 'verb' | keyof RequestOptions>,
		Pick<RequestOptions, 'fieldSelector' | 'labelSelector'> {
	readonly verb: string;
	/**
	 * Reads the rest of the request: its options and its body. Called once the request is allowed and its verb is
	 * offered, so other callers learn only that it is not.
	 */
	readonly complete?: (count: CountRefusal) => Completion | Promise<Completion>;
}
/** The parts of a request that no authorization needs. */
export type Completion = Partial<RequestOptions & Pick<ApiRequest, 'object' | 'patch'>>;
/** The endpoint of every resource that is served. */
export type Resources = ReadonlyMap<ApiResource, ResourceStorage>;

export interface Pipeline {
	/** create, get, update, patch, delete. @throws API_UNAUTHORIZED, API_FORBIDDEN, and the endpoint's refusals */
	readonly execute: (request: UnauthenticatedRequest, credentials: Credentials) => Promise<KubeObject>;
	/** list and deletecollection, which answers with the deleted objects. */
	readonly list: (request: UnauthenticatedRequest, credentials: Credentials) => Promise<ObjectList>;
	/** Resolves when the watch is allowed and has begun. The caller must iterate. */
	readonly watch: (
		request: UnauthenticatedRequest,
		credentials: Credentials,
	) => Promise<AsyncIterable<WatchEvent<KubeObject>>>;
	/** Where a kubelet answers the request, and who sends it. */
	readonly connect: (
		request: UnauthenticatedRequest,
		query: URLSearchParams,
		credentials: Credentials,
	) => Promise<{ readonly location: KubeletLocation | undefined; readonly user: UserInfo }>;
	/**
	 * For a request that this door does not offer.
	 *
	 * @throws API_UNAUTHORIZED, API_FORBIDDEN, API_PATH_NOT_FOUND, API_METHOD_NOT_ALLOWED, in this order
	 */
	readonly refuse: (request: UnauthenticatedRequest, credentials: Credentials) => Promise<never>;
	/** May this caller read this path, for example /version? @throws API_UNAUTHORIZED, API_PATH_FORBIDDEN */
	readonly authorizePath: (path: string, verb: string, credentials: Credentials) => Promise<void>;
}

/** @param count  called when a request exceeds a limit */
export function createPipeline(
	authenticate: Authenticate,
	authorizer: Authorizer,
	endpoints: Resources,
	count: CountRefusal = () => undefined,
): Pipeline {
	const gate = new Gate(authenticate, authorizer, endpoints, count);
	return {
		async execute(unauthenticated, credentials) {
			const verbs = ['create', 'get', 'update', 'patch', 'delete'] as const;
			const { request, answer } = await gate.admitted(unauthenticated, credentials, ...verbs);
			return await answer(request);
		},
		async list(unauthenticated, credentials) {
			const { request, answer } = await gate.admitted(unauthenticated, credentials, 'list', 'deletecollection');
			return answer(request);
		},
		async watch(unauthenticated, credentials) {
			const { request, answer } = await gate.admitted(unauthenticated, credentials, 'watch');
			return answer(request);
		},
		async connect(unauthenticated, query, credentials) {
			const { user, namespace, endpoint, verbs } = await gate.allowed(unauthenticated, credentials);
			const { verb, complete: _complete, ...rest } = unauthenticated;
			// OPTIONS has no verb. The door passes it on for a proxied path only.
			if (endpoint.connect === undefined || !(verb === '' || verbs.includes(verb)))
				throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
			requireName({ ...unauthenticated, verb: 'get' });
			const request = completedRequest(rest, { verb: verb as Verb, user, namespace, object: rest.object });
			return { location: await endpoint.connect(request, query), user };
		},
		async refuse(unauthenticated, credentials) {
			await gate.allowed(unauthenticated, credentials);
			throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
		},
		async authorizePath(path, verb, credentials) {
			const user = await authenticate(credentials);
			gate.allowedUser({ resourceRequest: false, user, verb, path }, credentials);
		},
	};
}

/** The checks of every request before its endpoint. */
class Gate {
	readonly #authenticate: Authenticate;
	readonly #authorizer: Authorizer;
	readonly #endpoints: Resources;
	readonly #count: CountRefusal;

	constructor(authenticate: Authenticate, authorizer: Authorizer, endpoints: Resources, count: CountRefusal) {
		this.#authenticate = authenticate;
		this.#authorizer = authorizer;
		this.#endpoints = endpoints;
		this.#count = count;
	}

	/** The user that the request runs as, who may make it. */
	allowedUser(attributes: Attributes, { impersonation }: Credentials): UserInfo {
		const authorizer = this.#authorizer;
		if (impersonation.length === 0) {
			requireAllowed(authorizer, attributes);
			return attributes.user;
		}
		const user = impersonatedUser(authorizer, attributes, impersonation);
		if (user !== attributes.user) setSpanAttributes({ 'kubejoin.impersonator': attributes.user.username });
		requireAllowed(authorizer, { ...attributes, user });
		return user;
	}

	/** Authenticate, authorize, and find the endpoint. */
	async allowed(unauthenticated: UnauthenticatedRequest, credentials: Credentials) {
		const authenticated = this.#authenticate(credentials);
		const caller = authenticated instanceof Promise ? await authenticated : authenticated;
		requireBoundedNames(unauthenticated, this.#count);
		const namespace = scopeOf(unauthenticated);
		const user = this.allowedUser(attributesOf(unauthenticated, caller, namespace), credentials);
		const endpoint = this.#endpoints.get(unauthenticated.resource);
		const verbs = verbsOf(unauthenticated);
		if (endpoint === undefined || verbs === undefined || !isServed(endpoint, unauthenticated.subresource))
			throw new KubejoinError('API_PATH_NOT_FOUND', {});
		return { user, namespace, endpoint, verbs };
	}

	/** The endpoint's function for the verb, and the request as it may be passed to it. */
	async admitted<V extends Verb>(
		unauthenticated: UnauthenticatedRequest,
		credentials: Credentials,
		...offered: readonly V[]
	): Promise<{ request: ApiRequest; answer: NonNullable<ResourceStorage[V]> }> {
		const { user, namespace, endpoint, verbs } = await this.allowed(unauthenticated, credentials);
		const { verb, complete } = unauthenticated;
		const answer = isOneOf(offered, verb) && verbs.includes(verb) && endpoint[verb];
		if (!answer) throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
		requireName(unauthenticated);
		const completion = complete?.(this.#count);
		const sent = completion instanceof Promise ? await completion : completion;
		const object = sent?.object ?? unauthenticated.object;
		if (object === undefined)
			return { request: completedRequest(unauthenticated, { verb, user, namespace, object }, sent), answer };
		const { resource, name, subresource } = unauthenticated;
		requireBoundedNames({ resource, name, subresource, namespace, object }, this.#count);
		const scoped = objectInScope(object, resource, namespace);
		return { request: completedRequest(unauthenticated, { verb, user, namespace, object: scoped }, sent), answer };
	}
}

/** The verbs of the row; undefined for a subresource that the row does not have. */
function verbsOf({ resource, subresource }: UnauthenticatedRequest): readonly string[] | undefined {
	if (subresource === '') return resource.verbs;
	return resource.subresources.find(({ name }) => name === subresource)?.verbs;
}

type Complete<T> = { readonly [Key in keyof Required<T>]: T[Key] };

/** In one literal: a copy that grows field by field costs as much as the read itself. */
function completedRequest(
	asked: Omit<UnauthenticatedRequest, 'verb' | 'complete'>,
	{ user, verb, namespace, object }: Complete<Pick<ApiRequest, 'user' | 'verb' | 'namespace' | 'object'>>,
	sent: Completion = {},
): ApiRequest {
	const request: Complete<ApiRequest> = {
		user,
		verb,
		namespace,
		resource: asked.resource,
		subresource: asked.subresource,
		name: asked.name,
		parts: asked.parts,
		object,
		patch: sent.patch ?? asked.patch,
		userAgent: asked.userAgent,
		warn: asked.warn,
		created: asked.created,
		lifetime: asked.lifetime,
		fieldSelector: sent.fieldSelector ?? asked.fieldSelector,
		labelSelector: sent.labelSelector ?? asked.labelSelector,
		resourceVersion: sent.resourceVersion ?? defaultOptions.resourceVersion,
		resourceVersionMatch: sent.resourceVersionMatch ?? defaultOptions.resourceVersionMatch,
		sendInitialEvents: sent.sendInitialEvents,
		allowWatchBookmarks: sent.allowWatchBookmarks ?? defaultOptions.allowWatchBookmarks,
		limit: sent.limit ?? defaultOptions.limit,
		continueToken: sent.continueToken ?? defaultOptions.continueToken,
		timeoutSeconds: sent.timeoutSeconds,
		dryRun: sent.dryRun ?? defaultOptions.dryRun,
		fieldManager: sent.fieldManager ?? defaultOptions.fieldManager,
		fieldValidation: sent.fieldValidation ?? defaultOptions.fieldValidation,
		force: sent.force ?? defaultOptions.force,
		preconditions: sent.preconditions ?? defaultOptions.preconditions,
		propagationPolicy: sent.propagationPolicy,
		gracePeriodSeconds: sent.gracePeriodSeconds,
		ignoreStoreReadError: sent.ignoreStoreReadError ?? defaultOptions.ignoreStoreReadError,
	};
	return request;
}

const isServed = ({ subresources }: ResourceStorage, subresource: string): boolean =>
	subresource === '' || subresources.includes(subresource);

const isOneOf = <T extends string>(list: readonly T[], text: string): text is T =>
	(list as readonly string[]).includes(text);

/** At most, of one UTF-16 unit. */
const UTF8_BYTES = 3;

/** Before anything quotes them or makes a key of them. @throws API_BAD_REQUEST */
function requireBoundedNames(
	{
		name,
		namespace,
		object,
		resource,
		subresource,
	}: Pick<UnauthenticatedRequest, 'name' | 'namespace' | 'object' | 'resource' | 'subresource'>,
	count: CountRefusal,
): void {
	const max = limits.requestNameBytes.value;
	const { name: sent = '' } = object?.metadata ?? {};
	const longest = Math.max(name.length, namespace.length, sent.length, subresource.length, resource.resource.length);
	if (Math.max(longest, resource.group.length, resource.version.length) * UTF8_BYTES <= max) return;
	const names = { Name: name, Namespace: namespace, 'Name of the object': object?.metadata?.name ?? '' };
	const { group, version, resource: plural } = resource;
	const all = { ...names, Group: group, Version: version, Resource: plural, Subresource: subresource };
	for (const [parameter, text] of Object.entries(all)) {
		if (Buffer.byteLength(text) <= max) continue;
		count('requestNameBytes');
		const problem = `${parameter} parameter invalid: ${quotedInput(text)}: must be no more than ${max} bytes`;
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
}

/** @throws API_BAD_REQUEST */
function requireName({ verb, name }: UnauthenticatedRequest): void {
	if (ofOneObject.has(verb)) requireNameParameter(name);
}

const ofOneObject = new Set(['get', 'update', 'patch', 'delete']);

/**
 * The namespace that authorization, admission and storage see. It depends on the row of the resource: the caller's
 * namespace counts only for a namespaced resource. A Namespace is in itself, as upstream: a Role can grant `get
 * namespaces` in its own namespace.
 * @source apiserver/pkg/endpoints/request/requestinfo.go; registry/rest/meta.go ExpectedNamespaceForScope
 */
function scopeOf({ resource, namespace, name }: UnauthenticatedRequest): string {
	if (resource.namespaced) return namespace;
	return resource === resources.namespaces ? name : '';
}

/**
 * The object with the namespace of the request.
 * @throws API_BAD_REQUEST  the object names another namespace
 * @source apiserver/pkg/registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace
 */
function objectInScope(object: KubeObject, resource: ApiResource, namespace: string): KubeObject {
	// Without copies: a heartbeat names its namespace.
	if (resource.namespaced && object.metadata?.namespace === namespace && namespace !== '') return object;
	// An object without metadata has empty metadata.
	const { namespace: sent = '', ...metadata } = object.metadata ?? {};
	if (!resource.namespaced) return { ...object, metadata };
	if (sent !== '' && sent !== namespace) {
		const problem = 'the namespace of the provided object does not match the namespace sent on the request';
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	return { ...object, metadata: { ...metadata, namespace } };
}

function requireAllowed(authorizer: Authorizer, attributes: Attributes): void {
	const found = authorizer.authorize(attributes);
	setSpanAttributes(() => ({
		'kubejoin.request.verb': attributes.verb,
		'kubejoin.request.what': whatOf(attributes),
		'kubejoin.user': attributes.user.username,
		'kubejoin.groups': [...attributes.user.groups],
		'kubejoin.decision': found.decision === 'Allow' ? 'allowed' : 'refused',
		'kubejoin.decision.reason': found.reason,
	}));
	if (found.decision === 'Allow') return;
	if (found.error !== undefined) throw new Error(`authorization could not be evaluated: ${found.error}`);
	throw forbidden(attributes, found.reason);
}

/** `certificatesigningrequests.certificates.k8s.io/approval NAME`, `configmaps kube-public/cluster-info`, or a path. */
function whatOf(attributes: Attributes): string {
	if (!attributes.resourceRequest) return attributes.path;
	const { apiGroup, resource, subresource, namespace, name } = attributes;
	const kind = `${qualifiedResource({ resource, group: apiGroup })}${subresource === '' ? '' : `/${subresource}`}`;
	const place = [namespace, name].filter((part) => part !== '').join('/');
	return place === '' ? kind : `${kind} ${place}`;
}

/** list and watch of one name are authorized for that name. @source apiserver/pkg/endpoints/request/requestinfo.go */
function attributesOf(request: UnauthenticatedRequest, user: UserInfo, namespace: string): ResourceRequest {
	const { verb, resource, subresource, name, fieldSelector } = request;
	return {
		resourceRequest: true,
		user,
		verb,
		apiGroup: resource.group,
		apiVersion: resource.version,
		resource: resource.resource,
		subresource,
		namespace,
		name: verb === 'list' || verb === 'watch' ? nameSelected(fieldSelector) : name,
		...(ofMany.has(verb) ? { fieldSelector } : {}),
	};
}

const ofMany = new Set(['list', 'watch', 'deletecollection']);

/** A name that could not be in a path is not one that can be authorized. */
function nameSelected(fieldSelector: readonly FieldRequirement[]): string {
	const name = selectedName(fieldSelector) ?? '';
	return pathSegmentProblems(name).length === 0 ? name : '';
}
