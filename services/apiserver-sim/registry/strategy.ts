/** The rules of one resource, and the keys of its objects in the store. */
import type { FieldProblem } from '../../../lib/errors.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import type { ApiRequest, Subresource } from '../request/api-request.ts';

/** A write that has begun. @source apiserver/pkg/registry/generic/registry/store.go FinishFunc */
export interface Begun<T extends KubeObject> {
	/** The object with the values that are reserved for it. */
	readonly object: T;
	/** Called at the end, with whether the object was stored. */
	readonly finish: (isStored: boolean) => Promise<void>;
}

/** The shape in which the clients of an endpoint read and write the objects of another one. */
export interface ClientForm<T extends KubeObject> {
	readonly resource: ApiResource;
	readonly to: (object: T) => KubeObject;
	readonly from: (object: KubeObject) => T;
}

export interface Strategy<T extends KubeObject> {
	readonly resource: ApiResource;
	/** Absent: objects are stored as clients write them. */
	readonly form?: ClientForm<T>;
	readonly subresources: readonly Subresource[];
	/** Default: a DNS subdomain. */
	readonly nameRule?: (name: string, object: T) => string[];
	/** Selectable fields besides metadata.name and metadata.namespace. */
	readonly fields?: (object: T) => Readonly<Record<string, string>>;
	/** Fills in the fields that a client left out, before admission. Running it again changes nothing. */
	readonly setDefaults?: (object: T) => T;
	/**
	 * Sets and clears server-managed fields of an object that has its final name.
	 *
	 * @param warn  of a value that the prepared object does not show
	 */
	readonly prepareForCreate?: (created: T, user: UserInfo, now: string, warn: (text: string) => void) => T;
	/** Restricts an update of this subresource: the result takes all other fields from `previous`. */
	readonly prepareForUpdate?: (next: T, previous: T, subresource: Subresource, now: string) => T;
	/**
	 * Reserves the shared resources of an object, for example an address. Called before a new object is prepared, and
	 * after an update is.
	 *
	 * @source BeginCreate, BeginUpdate
	 */
	readonly begin?: (object: T, previous: T | undefined, dryRun: boolean) => Promise<Begun<T>>;
	/** Releases the values that were reserved for a removed object. */
	readonly afterDelete?: (object: T) => Promise<void>;
	/** Subresources whose writes do not look at the time of deletion that a client sends. */
	readonly ignoresDeletionTimeIn?: readonly Subresource[];
	/**
	 * Subresources whose writes are changes by the server, which have no owner in the managedFields and are not counted
	 * by `metadata.generation`.
	 */
	readonly changedByServerIn?: readonly Subresource[];
	/** Whether PUT creates an object that does not exist. @source AllowCreateOnUpdate */
	readonly allowsCreateOnUpdate?: boolean;
	/** Whether every update must name the version that it replaces. @source AllowUnconditionalUpdate, inverted */
	readonly requiresVersionOnUpdate?: boolean;
	/**
	 * The part of an object whose changes `metadata.generation` counts; absent: the objects have no generation.
	 *
	 * @source PrepareForCreate, PrepareForUpdate
	 */
	readonly generationOf?: (object: T) => unknown;
	/** Whether a new object has no generation. */
	readonly hasNoFirstGeneration?: boolean;
	/**
	 * The seconds between the deletion request and the removal of an object, which another program, for example the
	 * kubelet, uses to end it. Absent: an object without finalizers is removed at once.
	 *
	 * @source CheckGracefulDelete
	 */
	readonly gracePeriodSeconds?: (object: T, requested: number | undefined) => number;
	/** Changes to an object whose deletion begins, for example the phase of a Namespace. */
	readonly markDeleted?: (object: T) => T;
	/** Whether an object waits for more than `metadata.finalizers` before it is removed: a Namespace does. */
	readonly isFinalizing?: (object: T) => boolean;
	/** Whether the finalizers `orphan` and `foregroundDeletion` have no meaning for these objects, as for Events. */
	readonly isIgnoredByGarbageCollection?: boolean;
	/** @param previous  of an update, as the subresource */
	readonly validate?: (object: T, previous?: T, subresource?: Subresource) => FieldProblem[];
	/** Whether the problems of a change come before those of the object. */
	readonly reportsChangesFirst?: boolean;
	/** The rules that hold only for a new object. */
	readonly validateCreate?: (object: T) => FieldProblem[];
	/** Warnings about a valid object. @source WarningsOnCreate, WarningsOnUpdate */
	readonly warningsOf?: (object: T, previous: T | undefined) => Iterable<string>;
	readonly validateUpdate?: (next: T, previous: T, subresource: Subresource) => FieldProblem[];
	/**
	 * Whether the user may write this content, beyond the permission to write the object: a role or binding grants only
	 * permissions that its writer holds. Called after mutating admission for create and update; returns the reason of a
	 * refusal.
	 *
	 * @source pkg/registry/rbac policybased storages
	 */
	readonly authorizeContent?: (request: ApiRequest, object: T, previous: T | undefined) => string | undefined;
}

const storeGroup = (group: string) => (group === '' ? '' : `.${group}`);

/** `configmaps/kube-public/cluster-info`, `nodes/node-1`, `leases.coordination.k8s.io/…` */
export const storeKey = ({ resource, group, namespaced }: ApiResource, namespace: string, name: string): string =>
	`${resource}${storeGroup(group)}/${namespaced ? `${namespace}/` : ''}${name}`;

/** All objects of the resource, or those of one namespace. */
export const storePrefix = ({ resource, group, namespaced }: ApiResource, namespace: string): string =>
	`${resource}${storeGroup(group)}/${namespaced && namespace !== '' ? `${namespace}/` : ''}`;
