/**
 * The RBAC objects as the authorizer reads them: in memory, kept up by watching the store, so that a deleted binding
 * counts at once in every replica.
 */
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, Role, RoleBinding } from '../../lib/kube/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RbacSource } from './authorize/rbac.ts';
import { SubjectIndex } from './authorize/subject-index.ts';
import { type Follower, followObjects, type Replica } from './registry/follow.ts';
import { storeKey } from './registry.ts';

export interface RbacCache extends Follower {
	readonly source: RbacSource;
}

/** Watch until the signal aborts. Requests must not be authorized before it is synced. */
export function startRbacCache(store: Store, signal: AbortSignal, log: Log): RbacCache {
	const clusterRoles = new Map<string, Role>();
	const roles = new Map<string, Role>();
	const clusterRoleBindings = new SubjectIndex();
	const roleBindings = new NamespacedBindings();
	const follow = <T extends KubeObject>(resource: ApiResource, replica: Replica<T>) =>
		followObjects(store, resource, replica, signal, log);
	const followers = [
		follow(resources.clusterRoles, clusterRoles),
		follow(resources.clusterRoleBindings, clusterRoleBindings),
		follow(resources.roles, roles),
		follow(resources.roleBindings, roleBindings),
	];
	const all = (promises: Promise<void>[]) => Promise.all(promises).then(() => undefined);
	return {
		source: {
			clusterRoleBindings: (user) => clusterRoleBindings.of(user),
			roleBindings: (namespace, user) => roleBindings.in(namespace)?.of(user) ?? [],
			role: (namespace, name) => roles.get(storeKey(resources.roles, namespace, name)),
			clusterRole: (name) => clusterRoles.get(storeKey(resources.clusterRoles, '', name)),
		},
		synced: all(followers.map(({ synced }) => synced)),
		ready() {
			for (const follower of followers) follower.ready();
		},
		done: all(followers.map(({ done }) => done)),
	};
}

/** Those of each namespace by their subjects. */
class NamespacedBindings implements Replica<RoleBinding> {
	readonly #byNamespace = new Map<string, SubjectIndex>();
	readonly #namespaceOf = new Map<string, string>();

	in(namespace: string): SubjectIndex | undefined {
		return this.#byNamespace.get(namespace);
	}

	set(key: string, binding: RoleBinding): void {
		const namespace = binding.metadata.namespace ?? '';
		const index = this.#byNamespace.get(namespace) ?? new SubjectIndex();
		index.set(key, binding);
		this.#byNamespace.set(namespace, index);
		this.#namespaceOf.set(key, namespace);
	}

	delete(key: string): void {
		const namespace = this.#namespaceOf.get(key);
		if (namespace === undefined) return;
		this.#namespaceOf.delete(key);
		const index = this.#byNamespace.get(namespace);
		index?.delete(key);
		if (index?.isEmpty) this.#byNamespace.delete(namespace);
	}

	clear(): void {
		this.#byNamespace.clear();
		this.#namespaceOf.clear();
	}
}
