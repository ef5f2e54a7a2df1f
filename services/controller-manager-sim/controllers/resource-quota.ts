/**
 * Keeps the status of resource quotas: their limits and their usage. Admission increases the usage when an object is
 * created. This controller sums it up when a quota is new or changes, when an object is deleted or needs less, and
 * every 30 seconds.
 *
 * @source pkg/controller/resourcequota, pkg/quota/v1/install/update_filter.go, release 1.37
 * @differs only kinds that a quota counts are watched, and all usage is summed up every 30 seconds instead of five
 *   minutes, because people watch
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../lib/clock.ts';
import { hasCode } from '../../../lib/errors.ts';
import type { ResourceClient } from '../../../lib/kube/client.ts';
import type { Informer } from '../../../lib/kube/informer.ts';
import type { Pod } from '../../../lib/kube/pod.ts';
import { areEqualLists, onlyNames, type ResourceList } from '../../../lib/kube/resource-list.ts';
import { hasEnded, isCountable, isTerminating, namesCountedBy, totalUsage } from '../../../lib/kube/resource-quota.ts';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ResourceQuota } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';

const SYNC_PERIOD_MS = 30_000;
/** Objects that are deleted together are summed up together. */
const COLLECT_MS = 100;
const countable = Object.values(resources).filter(isCountable);

/** `get` reads a cache of the needs of objects of one kind, which calls back for each change; `list` asks the API. */
export interface CountedKind {
	readonly get: Informer<KubeObject>['get'];
	readonly isSynced: Informer<KubeObject>['isSynced'];
	readonly list: (namespace: string) => Promise<readonly KubeObject[]>;
}
type OnChange = (key: string, previous: KubeObject | undefined) => void;
export interface ResourceQuotaOptions {
	readonly quotas: Pick<ResourceClient<ResourceQuota>, 'updateStatus'>;
	readonly cache: Pick<Informer<ResourceQuota>, 'get' | 'list'>;
	readonly follow: (resource: ApiResource, onChange: OnChange) => CountedKind;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'));
const hardOf = ({ spec }: ResourceQuota): ResourceList => spec?.hard ?? {};
const isCountedBy = (quota: ResourceQuota, resource: ApiResource): boolean =>
	namesCountedBy(resource, Object.keys(hardOf(quota))).length > 0;

/** Whether the limits have changed since the usage was summed up. */
const isOutdated = ({ spec, status }: ResourceQuota): boolean =>
	status?.hard === undefined || status.used === undefined || !areEqualLists(spec?.hard ?? {}, status.hard);

export class ResourceQuotaController {
	readonly #options: ResourceQuotaOptions;
	readonly #kinds = new Map<ApiResource, CountedKind>();
	/** The quotas that were summed up since the start, by their UIDs. */
	readonly #known = new Map<string, string | undefined>();
	readonly #add: (key: string, afterMs?: number) => void;

	/** @param add  reconciles the quota of the key later */
	constructor(options: ResourceQuotaOptions, add: (key: string, afterMs?: number) => void) {
		this.#options = options;
		this.#add = add;
	}

	/** A quota that is new here, or whose limits changed: admission alone changes the usage of the others. */
	quotaChanged(key: string): void {
		const quota = this.#options.cache.get(key);
		if (quota === undefined) {
			this.#known.delete(key);
			return;
		}
		if (this.#known.get(key) === quota.metadata.uid && !isOutdated(quota)) return;
		this.#known.set(key, quota.metadata.uid);
		this.#add(key);
	}

	syncAll(): void {
		for (const quota of this.#options.cache.list()) this.#add(keyOf(quota));
	}

	/** @throws the refusal of the API */
	async reconcile(key: string): Promise<void> {
		const quota = this.#options.cache.get(key);
		if (quota === undefined) return;
		const status = await this.#statusOf(quota);
		if (status === undefined) {
			this.#add(key, COLLECT_MS);
			return;
		}
		if (areEqualStatus(quota, status)) return;
		try {
			await this.#options.quotas.updateStatus({ ...quota, status });
		} catch (error) {
			// Admission has charged it meanwhile; the cache will have that soon.
			if (hasCode(error, 'API_CONFLICT')) this.#add(key, COLLECT_MS);
			else if (!hasCode(error, 'API_NOT_FOUND')) throw error;
		}
	}

	/** Undefined until the caches of the counted kinds are filled, so that no deletion is missed. */
	async #statusOf(quota: ResourceQuota): Promise<Required<NonNullable<ResourceQuota['status']>> | undefined> {
		const counted = countable
			.filter((resource) => isCountedBy(quota, resource))
			.map((resource) => ({ resource, kind: this.#follow(resource) }));
		if (counted.some(({ kind }) => !kind.isSynced())) return undefined;
		const hard = hardOf(quota);
		let used: ResourceList = { ...quota.status?.used, ...unservedUsage(hard) };
		for (const { resource, kind } of counted) {
			const objects = await kind.list(quota.metadata.namespace ?? '');
			used = { ...used, ...totalUsage(resource, quota, objects, this.#options.clock()) };
		}
		return { hard, used: onlyNames(used, Object.keys(hard)) };
	}

	#follow(resource: ApiResource): CountedKind {
		const known = this.#kinds.get(resource);
		if (known !== undefined) return known;
		const kind = this.#options.follow(resource, (key, before) => {
			const after = this.#kinds.get(resource)?.get(key);
			if (this.#needsLess(resource, before, after)) this.#addAllIn(namespaceOf(key), resource);
		});
		this.#kinds.set(resource, kind);
		return kind;
	}

	/** A creation was charged by admission; a deletion, or a change of the needs of an object, was not. */
	#needsLess(resource: ApiResource, before: KubeObject | undefined, after: KubeObject | undefined): boolean {
		if (before === undefined) return false;
		const needsOf = (object: KubeObject) => currentNeeds(resource, object, this.#options.clock());
		return after === undefined || !isDeepStrictEqual(needsOf(before), needsOf(after));
	}

	#addAllIn(namespace: string, resource: ApiResource): void {
		for (const quota of this.#options.cache.list())
			if (quota.metadata.namespace === namespace && isCountedBy(quota, resource)) this.#add(keyOf(quota), COLLECT_MS);
	}
}

/** The parts of an object by which its usage can change without admission; other parts are not cached. */
export function neededParts(resource: ApiResource, { apiVersion, kind, metadata, ...parts }: KubeObject): KubeObject {
	const { name, namespace, uid, resourceVersion, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
	const kept = { name, namespace, uid, resourceVersion, deletionTimestamp, deletionGracePeriodSeconds };
	const object = { apiVersion, kind, metadata: kept as KubeObject['metadata'] };
	const { spec, status } = parts as Pick<Pod, 'spec' | 'status'>;
	if (resource === resources.services) return { ...object, spec: { type: spec?.type } } as KubeObject;
	if (resource !== resources.pods) return object;
	return {
		...object,
		spec: { activeDeadlineSeconds: spec?.activeDeadlineSeconds },
		status: {
			phase: status?.phase,
			containerStatuses: (status?.containerStatuses ?? []).map(({ name: of, resources: own }) => [of, own]),
			initContainerStatuses: (status?.initContainerStatuses ?? []).map(({ name: of, resources: own }) => [of, own]),
		},
	} as unknown as KubeObject;
}

function currentNeeds(resource: ApiResource, object: KubeObject, nowMs: number): unknown {
	const { spec, status } = object as Pod;
	if (resource === resources.services) return spec?.type;
	if (resource !== resources.pods) return undefined;
	const { containerStatuses, initContainerStatuses } = status ?? {};
	return [hasEnded(object as Pod, nowMs), isTerminating(object as Pod), containerStatuses, initContainerStatuses];
}

const areEqualStatus = ({ status }: ResourceQuota, next: Required<NonNullable<ResourceQuota['status']>>): boolean =>
	status?.hard !== undefined &&
	status.used !== undefined &&
	areEqualLists(status.hard, next.hard) &&
	areEqualLists(status.used, next.used);

/** Kinds of upstream that do not exist here: none of their objects can exist. */
const unserved = [
	...['persistentvolumeclaims', 'replicationcontrollers', 'endpoints'],
	...['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'].map((kind) => `${kind}.apps`),
	...['jobs.batch', 'cronjobs.batch', 'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io'],
	...['poddisruptionbudgets.policy', 'horizontalpodautoscalers.autoscaling', 'csistoragecapacities.storage.k8s.io'],
	...['resourceclaims.resource.k8s.io', 'resourceclaimtemplates.resource.k8s.io'],
];
const unservedNames: ReadonlySet<string> = new Set([
	...['persistentvolumeclaims', 'replicationcontrollers', 'requests.storage'],
	...unserved.map((name) => `count/${name}`),
]);
const STORAGE_CLASS = '.storageclass.storage.k8s.io/';

const unservedUsage = (hard: ResourceList): ResourceList =>
	Object.fromEntries(
		Object.keys(hard)
			.filter((name) => unservedNames.has(name) || name.includes(STORAGE_CLASS))
			.map((name) => [name, '0']),
	);

/** A queue of the keys of changed quotas. */
export function startResourceQuota(options: ResourceQuotaOptions): WorkQueue {
	const { log, observeQueue } = options;
	const queue = startWorkQueue('resource_quota', (key) => controller.reconcile(key), log, observeQueue);
	const controller = new ResourceQuotaController(options, queue.add);
	const sync = async (key: string) => {
		controller.syncAll();
		syncing.add(key, SYNC_PERIOD_MS);
	};
	const syncing = startWorkQueue('resource_quota_sync', sync, log, observeQueue);
	syncing.add('all quotas', SYNC_PERIOD_MS);
	return {
		add: (key) => controller.quotaChanged(key),
		async close() {
			await Promise.all([syncing.close(), queue.close()]);
		},
	};
}
