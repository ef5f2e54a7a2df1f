/**
 * The Kubernetes API over gRPC: a member for each resource, a function for each verb, objects in their JSON form with
 * the apiVersion and kind that gRPC messages omit.
 */
import { hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { type CallOptions, type Channel, call, exchange, stream } from '../rpc/channel.ts';
import type { Pod } from './pod.ts';
import { type ApiResource, apiVersionOf, resources } from './resources.ts';
import type {
	CertificateSigningRequest,
	ConfigMap,
	Event,
	KubeList,
	KubeObject,
	Lease,
	Namespace,
	Node,
	ResourceQuota,
	Role,
	RoleBinding,
	Secret,
	SelfSubjectAccessReview,
	SelfSubjectReview,
	SubjectAccessReview,
	WatchEvent,
} from './types.ts';

export interface ListOptions {
	readonly namespace?: string;
	/** For example `metadata.name=node-1`. */
	readonly fieldSelector?: string;
	/** The server sends the metadata of each object without managedFields, and nothing else. */
	readonly metadataOnly?: boolean;
}
export interface GetOptions extends CallOptions {
	readonly metadataOnly?: boolean;
}
export interface ListSelection<T extends KubeObject> extends ListOptions {
	/** The needed part of an object, called as its page comes; undefined drops the object. Default: all of it. */
	keep?(object: T): T | undefined;
}
export interface WatchOptions extends ListOptions {
	/** Events after this version; absent or "0": begin with all objects as ADDED. */
	readonly resourceVersion?: string;
}
export interface DeleteOptions {
	readonly namespace?: string;
	readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
	readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
	readonly gracePeriodSeconds?: number;
}
export interface PatchOptions {
	readonly namespace?: string;
	readonly type: 'merge' | 'strategic';
	readonly subresource?: 'status';
}
/** An object to send: apiVersion and kind are known from the resource. */
export type Unsent<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind'>;

/** Every function throws as lib/rpc/channel.ts `call`; the API's own refusals are the API_ rows of the error table. */
export interface ResourceClient<T extends KubeObject> {
	create(object: Unsent<T>, options?: CallOptions): Promise<T>;
	get(name: string, namespace?: string, options?: GetOptions): Promise<T>;
	/** All objects, read page by page. A watch from the list's resourceVersion returns the changes since then. */
	list(options?: ListSelection<T>): Promise<KubeList<T>>;
	/** Ends without an error when the signal aborts. */
	watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
	/** Refused with API_CONFLICT unless `metadata.resourceVersion` is the present one. */
	update(object: Unsent<T>): Promise<T>;
	updateStatus(object: Unsent<T>): Promise<T>;
	updateApproval(object: Unsent<T>): Promise<T>;
	updateFinalize(object: Unsent<T>): Promise<T>;
	/** @param document  a merge patch or a strategic merge patch */
	patch(name: string, document: object, options: PatchOptions): Promise<T>;
	delete(name: string, options?: DeleteOptions): Promise<void>;
	/** Deletes one page of the objects of a namespace. @returns how many objects it deleted or marked */
	deleteCollection(namespace: string, gracePeriodSeconds: number): Promise<number>;
}
type Offers<T extends KubeObject, Verbs extends keyof ResourceClient<T>> = Pick<ResourceClient<T>, Verbs>;

type Stored<T extends KubeObject> = Offers<T, 'create' | 'get' | 'list' | 'watch' | 'update' | 'delete'>;

export interface ApiClient {
	readonly namespaces: Offers<Namespace, 'get' | 'list' | 'watch' | 'updateFinalize'>;
	readonly serviceAccounts: Offers<KubeObject, 'create'>;
	readonly events: Offers<Event, 'create' | 'list' | 'watch' | 'patch'>;
	readonly pods: Offers<Pod, 'get' | 'list' | 'watch' | 'patch' | 'delete'>;
	/** The objects of any resource. */
	readonly of: (resource: ApiResource) => ResourceClient<KubeObject>;
	readonly configMaps: Stored<ConfigMap>;
	readonly secrets: Offers<Secret, 'create' | 'get' | 'list' | 'delete'>;
	readonly nodes: Offers<Node, 'create' | 'get' | 'list' | 'watch' | 'update' | 'updateStatus' | 'delete'>;
	readonly leases: Stored<Lease> & {
		/** An update on a stream that all renewals of this client share. The caller waits for one before the next. */
		readonly renew: (lease: Unsent<Lease>) => Promise<Lease>;
	};
	readonly resourceQuotas: Offers<ResourceQuota, 'list' | 'watch' | 'updateStatus'>;
	readonly certificateSigningRequests: ResourceClient<CertificateSigningRequest>;
	readonly clusterRoles: Stored<Role>;
	readonly clusterRoleBindings: Stored<RoleBinding>;
	readonly roles: Stored<Role>;
	readonly roleBindings: Stored<RoleBinding>;
	readonly subjectAccessReviews: Offers<SubjectAccessReview, 'create'>;
	readonly selfSubjectAccessReviews: Offers<SelfSubjectAccessReview, 'create'>;
	readonly selfSubjectReviews: Offers<SelfSubjectReview, 'create'>;
}

export const apiClient = (channel: Channel): ApiClient => new GrpcApi(channel);

/** The metadata of a call with which a client asks for objects without managedFields: `omit`. */
export const MANAGED_FIELDS = 'managed-fields';

/** For programs that do not read managedFields: no answer and no event has them. An update keeps the stored ones. */
export const apiClientWithoutManagedFields = (channel: Channel): ApiClient =>
	new GrpcApi({ ...channel, metadata: { ...channel.metadata, [MANAGED_FIELDS]: 'omit' } });

/** Makes the client of a resource when it is used: a process with many nodes has an API client for each. */
class GrpcApi implements ApiClient {
	readonly of: ApiClient['of'];
	readonly #channel: Channel;
	#leases: ApiClient['leases'] | undefined;

	constructor(channel: Channel) {
		this.#channel = channel;
		this.of = (resource) => resourceClient(channel, resource);
	}

	get namespaces(): ResourceClient<Namespace> {
		return resourceClient(this.#channel, resources.namespaces);
	}
	get serviceAccounts(): ResourceClient<KubeObject> {
		return resourceClient(this.#channel, resources.serviceAccounts);
	}
	get events(): ResourceClient<Event> {
		return resourceClient(this.#channel, resources.events);
	}
	get pods(): ResourceClient<Pod> {
		return resourceClient(this.#channel, resources.pods);
	}
	get configMaps(): ResourceClient<ConfigMap> {
		return resourceClient(this.#channel, resources.configMaps);
	}
	get secrets(): ResourceClient<Secret> {
		return resourceClient(this.#channel, resources.secrets);
	}
	get nodes(): ResourceClient<Node> {
		return resourceClient(this.#channel, resources.nodes);
	}
	get leases(): ApiClient['leases'] {
		this.#leases ??= withRenewals(this.#channel);
		return this.#leases;
	}
	get resourceQuotas(): ResourceClient<ResourceQuota> {
		return resourceClient(this.#channel, resources.resourceQuotas);
	}
	get certificateSigningRequests(): ResourceClient<CertificateSigningRequest> {
		return resourceClient(this.#channel, resources.certificateSigningRequests);
	}
	get clusterRoles(): ResourceClient<Role> {
		return resourceClient(this.#channel, resources.clusterRoles);
	}
	get clusterRoleBindings(): ResourceClient<RoleBinding> {
		return resourceClient(this.#channel, resources.clusterRoleBindings);
	}
	get roles(): ResourceClient<Role> {
		return resourceClient(this.#channel, resources.roles);
	}
	get roleBindings(): ResourceClient<RoleBinding> {
		return resourceClient(this.#channel, resources.roleBindings);
	}
	get subjectAccessReviews(): ResourceClient<SubjectAccessReview> {
		return resourceClient(this.#channel, resources.subjectAccessReviews);
	}
	get selfSubjectAccessReviews(): ResourceClient<SelfSubjectAccessReview> {
		return resourceClient(this.#channel, resources.selfSubjectAccessReviews);
	}
	get selfSubjectReviews(): ResourceClient<SelfSubjectReview> {
		return resourceClient(this.#channel, resources.selfSubjectReviews);
	}
}

function resourceClient<T extends KubeObject>(channel: Channel, resource: ApiResource): ResourceClient<T> {
	const service = resource.service;
	const typed = (object: object): T => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }) as T;
	const send = async (method: string, request: object, options?: CallOptions) =>
		typed(await call(channel, service, method, request, options));
	return {
		create: (object, options) => send('Create', object, options),
		get: (name, namespace = '', { metadataOnly = false, ...options } = {}) =>
			send('Get', { name, namespace, metadataOnly }, options),
		update: (object) => send('Update', object),
		updateStatus: (object) => send('UpdateStatus', object),
		updateApproval: (object) => send('UpdateApproval', object),
		updateFinalize: (object) => send('UpdateFinalize', object),
		patch: (name, document, { namespace = '', type, subresource }) =>
			send(subresource === undefined ? 'Patch' : 'PatchStatus', {
				...{ name, namespace, type },
				document: JSON.stringify(document),
			}),
		async list({ keep = (object: T) => object, ...options } = {}) {
			const page = (token: string) =>
				call<object, Page>(channel, service, 'List', { ...options, limit: PAGE_ITEMS, continue: token });
			const { items, resourceVersion } = await allPages(page, (object) => {
				const kept = keep(typed(object));
				return kept === undefined ? [] : [kept];
			});
			return {
				apiVersion: apiVersionOf(resource),
				kind: `${resource.kind}List`,
				metadata: { resourceVersion },
				items,
			};
		},
		async *watch(options, signal) {
			for await (const event of stream<object, { type: WatchEvent<T>['type']; object: object }>(
				channel,
				service,
				'Watch',
				options,
				signal,
			)) {
				yield { type: event.type, object: typed(event.object) };
			}
		},
		async delete(name, options = {}) {
			await call(channel, service, 'Delete', { name, ...options });
		},
		async deleteCollection(namespace, gracePeriodSeconds) {
			const request = { namespace, gracePeriodSeconds, limit: PAGE_ITEMS };
			const { items = [] } = await call<object, Page>(channel, service, 'DeleteCollection', request);
			return items.length;
		},
	};
}

function withRenewals(channel: Channel): ApiClient['leases'] {
	const { leases } = resources;
	const [apiVersion, kind] = [apiVersionOf(leases), leases.kind];
	let send: ((lease: Unsent<Lease>) => Promise<object>) | undefined;
	return {
		...resourceClient<Lease>(channel, leases),
		async renew(lease) {
			send ??= exchange(channel, leases.service, 'Renew');
			// Node 20 creates a hidden class for each object that is made of two spread ones.
			return Object.assign({ apiVersion, kind }, await send(lease)) as Lease;
		},
	};
}

/** @source client-go tools/pager defaultPageSize */
const PAGE_ITEMS = limits.listPageItems.value;

interface Page {
	readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
	readonly items?: readonly object[];
}

/**
 * The objects of all pages, and the version of the first page. If the next page has expired, the list starts again
 * once, and then continues at the current state. A watch from its version is then refused, and never incomplete.
 */
export async function allPages<T>(
	page: (token: string) => Promise<Page>,
	take: (object: object) => readonly T[],
): Promise<{ items: T[]; resourceVersion: string }> {
	let items: T[] = [];
	let resourceVersion: string | undefined;
	let hasBegunAgain = false;
	let token = '';
	for (;;) {
		try {
			const { metadata = {}, items: found = [] } = await page(token);
			resourceVersion ??= metadata.resourceVersion ?? '';
			for (const object of found) items.push(...take(object));
			token = metadata.continue ?? '';
			if (token === '') return { items, resourceVersion };
		} catch (error) {
			if (!hasCode(error, 'API_CONTINUE_EXPIRED')) throw error;
			token = hasBegunAgain ? String(error.details.continue) : '';
			if (!hasBegunAgain) [items, resourceVersion] = [[], undefined];
			hasBegunAgain = true;
		}
	}
}
