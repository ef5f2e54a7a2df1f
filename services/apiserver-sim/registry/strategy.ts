/** The rules of one resource, and the keys of its objects in the store. */
import type { FieldProblem } from '../../../lib/errors.ts';
import type { NameRule } from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import type { ApiRequest, Subresource } from '../request/api-request.ts';

export interface Strategy<T extends KubeObject> {
	readonly resource: ApiResource;
	readonly subresources: readonly Subresource[];
	/** Default: a DNS subdomain. */
	readonly nameRule?: NameRule;
	/** Selectable fields besides metadata.name and metadata.namespace. */
	readonly fields?: (object: T) => Readonly<Record<string, string>>;
	/** Sets and clears server-managed fields. */
	readonly prepareForCreate?: (created: T, user: UserInfo) => T;
	/** Restricts an update of this subresource: the result takes all other fields from `previous`. */
	readonly prepareForUpdate?: (next: T, previous: T, subresource: Subresource, now: string) => T;
	readonly validate?: (object: T) => FieldProblem[];
	readonly validateUpdate?: (next: T, previous: T, subresource: Subresource) => FieldProblem[];
	/**
	 * Whether the user may write this content, beyond the permission to write the object: a role or binding grants only
	 * permissions that its writer holds. Called after mutating admission for create and update; returns the reason of a
	 * refusal.
	 *
	 * @source pkg/registry/rbac policybased storages
	 */
	readonly authorizeContent?: (request: ApiRequest, object: T, previous: T | undefined) => Promise<string | undefined>;
}

const storeGroup = (group: string) => (group === '' ? '' : `.${group}`);

/** `configmaps/kube-public/cluster-info`, `nodes/node-1`, `leases.coordination.k8s.io/…` */
export const storeKey = ({ resource, group, namespaced }: ApiResource, namespace: string, name: string): string =>
	`${resource}${storeGroup(group)}/${namespaced ? `${namespace}/` : ''}${name}`;

/** All objects of the resource, or those of one namespace. */
export const storePrefix = ({ resource, group, namespaced }: ApiResource, namespace: string): string =>
	`${resource}${storeGroup(group)}/${namespaced && namespace !== '' ? `${namespace}/` : ''}`;
