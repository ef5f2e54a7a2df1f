/**
 * The RBAC objects as the authorizer reads them: in memory, kept up by watching the store, so that a deleted binding
 * counts at once in every replica.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, Role, RoleBinding } from '../../lib/kube/types.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import type { Store, StoredItem } from '../../lib/store/store.ts';
import type { RbacSource } from './authorize/rbac.ts';
import { storeKey } from './registry.ts';

export interface RbacCache {
	readonly source: RbacSource;
	/** Resolves once the first lists are in, or the signal has aborted; requests must not be authorized before. */
	readonly synced: Promise<void>;
	/** Throws until the first lists are in. */
	readonly ready: () => void;
	readonly done: Promise<void>;
}

const RETRY_MS = 500;

/** Watch until the signal aborts. */
export function startRbacCache(store: Store, signal: AbortSignal, log: Log): RbacCache {
	const caches = {
		clusterRoles: keepCache<Role>(store, resources.clusterRoles, signal, log),
		clusterRoleBindings: keepCache<RoleBinding>(store, resources.clusterRoleBindings, signal, log),
		roles: keepCache<Role>(store, resources.roles, signal, log),
		roleBindings: keepCache<RoleBinding>(store, resources.roleBindings, signal, log),
	};
	return {
		source: {
			clusterRoleBindings: () => [...caches.clusterRoleBindings.items.values()],
			roleBindings: (namespace) =>
				[...caches.roleBindings.items.values()].filter(({ metadata }) => metadata.namespace === namespace),
			role: (namespace, name) => caches.roles.items.get(storeKey(resources.roles, namespace, name)),
			clusterRole: (name) => caches.clusterRoles.items.get(storeKey(resources.clusterRoles, '', name)),
		},
		synced: Promise.all(Object.values(caches).map(({ synced }) => synced)).then(() => undefined),
		ready() {
			for (const [name, { isSynced }] of Object.entries(caches))
				if (!isSynced()) throw new Error(`${name} are not read yet`);
		},
		done: Promise.all(Object.values(caches).map(({ done }) => done)).then(() => undefined),
	};
}

function keepCache<T extends KubeObject>(store: Store, resource: ApiResource, signal: AbortSignal, log: Log) {
	const prefix = `${resource.resource}.${resource.group}/`;
	const items = new Map<string, T>();
	/** Objects that were read at a later revision than the watch began. */
	const newer = new Map<string, number>();
	let after: number | undefined;
	let markSynced = (): void => undefined;
	const synced = new Promise<void>((resolve) => {
		markSynced = resolve;
		signal.addEventListener('abort', () => resolve());
	});

	async function follow(): Promise<void> {
		if (after === undefined) {
			const read: StoredItem<T>[] = [];
			let revision = 0;
			for await (const page of store.pages<T>(prefix)) {
				read.push(...page.items);
				revision = page.revision;
			}
			items.clear();
			newer.clear();
			for (const item of read) {
				items.set(item.key, item.value);
				if (item.revision > revision) newer.set(item.key, item.revision);
			}
			after = revision;
			markSynced();
		}
		for await (const { type, key, value, revision } of store.watch<T>(prefix, after, signal)) {
			after = revision;
			if (revision <= (newer.get(key) ?? 0)) continue;
			if (type === 'deleted') items.delete(key);
			else items.set(key, value);
		}
	}
	const done = (async () => {
		while (!signal.aborted) {
			await follow().catch((error: unknown) => {
				if (hasCode(error, 'STORE_COMPACTED')) after = undefined;
				log.warn(
					{ resource: resource.resource, ...errorFields(error) },
					'waiting for the store: the watch of RBAC objects ended',
				);
			});
			await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
		}
	})();
	return { items, done, synced, isSynced: () => after !== undefined };
}
