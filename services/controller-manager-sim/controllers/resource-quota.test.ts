import assert from 'node:assert/strict';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ResourceQuota } from '../../../lib/kube/types.ts';
import { clock, conflict, fakeLog } from '../fakes.test.ts';
import { neededParts, ResourceQuotaController } from './resource-quota.ts';

const { pods, configMaps, services } = resources;
type OnChange = (key: string, previous: KubeObject | undefined) => void;

/** Objects, and a controller that follows them. */
class FakeCluster {
	readonly objects = new Map<ApiResource, Map<string, KubeObject>>();
	readonly listeners = new Map<ApiResource, OnChange>();
	readonly added: string[] = [];
	readonly writes: NonNullable<ResourceQuota['status']>[] = [];
	quota: ResourceQuota | undefined;
	isSynced = true;
	conflicts = 0;
	readonly controller = new ResourceQuotaController(
		{
			clock,
			log: fakeLog().log,
			quotas: {
				updateStatus: async (quota) => {
					if (this.conflicts-- > 0) throw conflict();
					this.writes.push(quota.status ?? {});
					this.quota = quota as ResourceQuota;
					return this.quota;
				},
			},
			cache: {
				get: () => this.quota,
				list: () => (this.quota === undefined ? [] : [this.quota]),
			},
			follow: (resource, onChange) => {
				this.listeners.set(resource, onChange);
				return {
					isSynced: () => this.isSynced,
					get: (key) => this.#of(resource).get(key),
					list: async (namespace) =>
						[...this.#of(resource).values()].filter(({ metadata }) => metadata.namespace === namespace),
				};
			},
		},
		(key) => void this.added.push(key),
	);

	constructor(hard: Record<string, string>, status?: ResourceQuota['status']) {
		const metadata = { name: 'q', namespace: 'ns', uid: 'uid-q' };
		this.quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard }, ...(status && { status }) };
	}
	#of(resource: ApiResource): Map<string, KubeObject> {
		const found = this.objects.get(resource) ?? new Map<string, KubeObject>();
		this.objects.set(resource, found);
		return found;
	}
	/** Stores an object, or deletes it, and reports that. */
	change(resource: ApiResource, name: string, parts: object | undefined, namespace = 'ns'): void {
		const key = `${namespace}/${name}`;
		const previous = this.#of(resource).get(key);
		const object = { apiVersion: 'v1', kind: resource.kind, metadata: { name, namespace }, ...parts };
		if (parts === undefined) this.#of(resource).delete(key);
		else this.#of(resource).set(key, object);
		this.listeners.get(resource)?.(key, previous);
	}
	reconcile() {
		return this.controller.reconcile('ns/q');
	}
}

describe('the resource quota controller', () => {
	it('writes the limits and the usage of a new quota, once', async () => {
		const cluster = new FakeCluster({
			configmaps: '5',
			pods: '2',
			persistentvolumeclaims: '1',
			'count/x.example': '1',
		});
		for (const name of ['a', 'b']) cluster.change(configMaps, name, {});
		cluster.change(configMaps, 'c', {}, 'other');
		await cluster.reconcile();
		await cluster.reconcile();
		const hard = cluster.quota?.spec?.hard;
		assert.deepEqual(cluster.writes, [{ hard, used: { configmaps: '2', pods: '0', persistentvolumeclaims: '0' } }]);
	});

	it('follows the limits', async () => {
		const cluster = new FakeCluster({ pods: '2' }, { hard: { configmaps: '1' }, used: { configmaps: '1' } });
		await cluster.reconcile();
		assert.deepEqual(cluster.writes, [{ hard: { pods: '2' }, used: { pods: '0' } }]);
	});

	it('sums up a quota that it sees for the first time, or whose limits differ from its status', () => {
		const cluster = new FakeCluster({ pods: '2' }, { hard: { pods: '2.0' }, used: { pods: '1' } });
		const { controller, added } = cluster;
		for (let time = 0; time < 3; time++) controller.quotaChanged('ns/q');
		assert.deepEqual(added, ['ns/q']);
		cluster.quota = { ...(cluster.quota as ResourceQuota), spec: { hard: { pods: '3' } } };
		controller.quotaChanged('ns/q');
		assert.equal(added.length, 2);
	});

	it('sums up again when an object is deleted or needs less, and not when one is created', async () => {
		const cluster = new FakeCluster({ pods: '2', services: '1' });
		const { added } = cluster;
		await cluster.reconcile();
		const count = (work: () => void) => {
			const before = added.length;
			work();
			return added.length - before;
		};
		const running = { spec: {}, status: { phase: 'Running' } };
		assert.equal(
			count(() => cluster.change(pods, 'p', running)),
			0,
		);
		assert.equal(
			count(() => cluster.change(pods, 'p', { ...running, metadata: { name: 'p' } })),
			0,
		);
		assert.equal(
			count(() => cluster.change(pods, 'p', { ...running, status: { phase: 'Failed' } })),
			1,
		);
		assert.equal(
			count(() => cluster.change(pods, 'p', undefined)),
			1,
		);
		cluster.change(services, 's', { spec: { type: 'NodePort' } });
		assert.equal(
			count(() => cluster.change(services, 's', { spec: { type: 'ClusterIP' } })),
			1,
		);
		cluster.change(pods, 'p', running, 'other');
		assert.equal(
			count(() => cluster.change(pods, 'p', undefined, 'other')),
			0,
		);
		assert.equal(cluster.listeners.has(configMaps), false);
	});

	it('waits for its caches, and for the usage that admission wrote meanwhile', async () => {
		const cluster = new FakeCluster({ pods: '2' });
		cluster.isSynced = false;
		await cluster.reconcile();
		assert.deepEqual([cluster.added, cluster.writes], [['ns/q'], []]);
		[cluster.isSynced, cluster.conflicts] = [true, 1];
		await cluster.reconcile();
		assert.deepEqual([cluster.added.length, cluster.writes], [2, []]);
		await cluster.reconcile();
		assert.equal(cluster.writes.length, 1);
	});

	it('caches no more of an object than it needs', () => {
		const metadata = { name: 's', namespace: 'ns', resourceVersion: '5', annotations: { a: 'long' } };
		const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'x' } };
		const kept = JSON.stringify(neededParts(resources.secrets, secret));
		assert.ok(!kept.includes('password') && !kept.includes('long') && kept.includes('"5"'));
	});
});
