import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { DeleteOptions } from '../../../lib/kube/client.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../../lib/kube/types.ts';
import { fakeLog } from '../fakes.test.ts';
import { Collector, collectedResources, type GarbageCollectorOptions, graphMetadata } from './garbage-collector.ts';

type Client = ReturnType<GarbageCollectorOptions['api']['of']>;
const { configMaps, secrets, nodes } = resources;
const keyOf = (row: ApiResource, name: string, namespace = '') => `${row.resource}/${namespace}/${name}`;

/** Objects that are deleted as in the API server, and a collector that sees each change at once. */
class FakeCluster {
	readonly objects = new Map<string, KubeObject>();
	readonly events: string[] = [];
	readonly requests: string[] = [];
	readonly #deletions = new Set<string>();
	readonly #orphans = new Set<string>();
	readonly collector: Collector;
	#version = 0;

	constructor() {
		const options: GarbageCollectorOptions = {
			api: { of: (row) => this.#client(row) },
			recordEvent: ({ name }, type, reason, message) => void this.events.push(`${type} ${name} ${reason}: ${message}`),
			synced: async () => undefined,
			log: fakeLog().log,
		};
		this.collector = new Collector(options, {
			delete: (uid) => void this.#deletions.add(uid),
			orphan: (uid) => void this.#orphans.add(uid),
		});
	}

	/** @param isSeen  whether a watch reports it */
	add(row: ApiResource, name: string, metadata: ObjectMeta = {}, isSeen = true): KubeObject {
		const namespace = row.namespaced ? { namespace: metadata.namespace ?? 'ns' } : {};
		const object: KubeObject = {
			apiVersion: apiVersionOf(row),
			kind: row.kind,
			metadata: { ...metadata, name, ...namespace, uid: metadata.uid ?? `uid-${name}` },
		};
		return this.#store(row, object, isSeen);
	}
	has(row: ApiResource, name: string, namespace = 'ns'): boolean {
		return this.objects.has(keyOf(row, name, row.namespaced ? namespace : ''));
	}
	ownersOf(row: ApiResource, name: string, namespace = 'ns'): string[] | undefined {
		return this.objects.get(keyOf(row, name, namespace))?.metadata.ownerReferences?.map((owner) => owner.name);
	}
	/** Deletes as a client does. */
	async delete(row: ApiResource, name: string, propagationPolicy: DeleteOptions['propagationPolicy'] = 'Background') {
		await this.#client(row).delete(name, { namespace: row.namespaced ? 'ns' : '', propagationPolicy });
		await this.settle();
	}
	/** Works until the queues are empty. */
	async settle(): Promise<void> {
		for (let rounds = 0; this.#deletions.size + this.#orphans.size > 0; rounds++) {
			assert.ok(rounds < 50, 'the collector does not come to an end');
			const [deletions, orphans] = [[...this.#deletions], [...this.#orphans]];
			this.#deletions.clear();
			this.#orphans.clear();
			for (const uid of orphans) await this.collector.attemptToOrphan(uid);
			for (const uid of deletions) await this.collector.attemptToDelete(uid);
		}
	}
	#store(row: ApiResource, object: KubeObject, isSeen = true): KubeObject {
		const { name = '', namespace, uid = '' } = object.metadata;
		const key = keyOf(row, name, namespace);
		const { deletionTimestamp, finalizers = [] } = object.metadata;
		if (deletionTimestamp !== undefined && finalizers.length === 0) {
			this.objects.delete(key);
			this.collector.graph.forget(uid);
			return object;
		}
		const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
		this.objects.set(key, stored);
		const identity = { apiVersion: object.apiVersion, kind: object.kind, name, uid, namespace: namespace ?? '' };
		if (isSeen) this.collector.graph.observe(identity, graphMetadata(stored).metadata);
		return stored;
	}
	#client(row: ApiResource): Client {
		const find = (name: string, namespace = '') => {
			const found = this.objects.get(keyOf(row, name, namespace));
			if (found !== undefined) return found;
			throw new KubejoinError('API_NOT_FOUND', { resource: row.resource, group: row.group, name });
		};
		const conflict = () => new KubejoinError('API_CONFLICT', { resource: row.resource, group: '', name: 'x' });
		return {
			get: async (name, namespace) => {
				this.requests.push(`get ${row.resource} ${name}`);
				return find(name, namespace);
			},
			patch: async (name, document, { namespace, type }) => {
				const found = find(name, namespace);
				const { metadata } = document as { metadata: Record<string, unknown> };
				if (type === 'merge') {
					if (metadata.resourceVersion !== found.metadata.resourceVersion) throw conflict();
					const finalizers = (metadata.finalizers ?? []) as string[];
					return this.#store(row, { ...found, metadata: { ...found.metadata, finalizers } });
				}
				const owners = new Map((found.metadata.ownerReferences ?? []).map((owner) => [owner.uid, owner]));
				for (const entry of metadata.ownerReferences as (OwnerReference & { $patch?: string })[]) {
					if (entry.$patch === 'delete') owners.delete(entry.uid);
					else owners.set(entry.uid, entry);
				}
				return this.#store(row, { ...found, metadata: { ...found.metadata, ownerReferences: [...owners.values()] } });
			},
			delete: async (name, { namespace, preconditions = {}, propagationPolicy } = {}) => {
				this.requests.push(`delete ${row.resource} ${name} ${propagationPolicy}`);
				const found = find(name, namespace);
				const { uid, resourceVersion } = preconditions;
				if (uid !== undefined && uid !== found.metadata.uid) throw conflict();
				if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) throw conflict();
				const others = (found.metadata.finalizers ?? []).filter(
					(one) => !['orphan', 'foregroundDeletion'].includes(one),
				);
				const added = { Orphan: ['orphan'], Foreground: ['foregroundDeletion'], Background: [] }[
					propagationPolicy ?? 'Background'
				];
				const finalizers = [...others, ...added];
				this.#store(row, { ...found, metadata: { ...found.metadata, deletionTimestamp: 'now', finalizers } });
			},
		};
	}
}

const owner = (
	{ apiVersion, kind, metadata }: KubeObject,
	more: Partial<OwnerReference> = {},
): { ownerReferences: OwnerReference[] } => ({
	ownerReferences: [{ apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', ...more }],
});

describe('the garbage collector', () => {
	let cluster: FakeCluster;
	beforeEach(() => {
		cluster = new FakeCluster();
	});

	it('deletes the dependents of a deleted object, and theirs', async () => {
		const top = cluster.add(configMaps, 'top');
		const middle = cluster.add(secrets, 'middle', owner(top));
		cluster.add(configMaps, 'leaf', owner(middle));
		cluster.add(configMaps, 'other');
		await cluster.delete(configMaps, 'top');
		assert.deepEqual([...cluster.objects.keys()], [keyOf(configMaps, 'other', 'ns')]);
		assert.equal(cluster.collector.graph.size, 1);
	});

	it('deletes dependents before an object that is deleted in the foreground', async () => {
		const top = cluster.add(configMaps, 'top');
		const middle = cluster.add(configMaps, 'middle', owner(top, { blockOwnerDeletion: true }));
		cluster.add(configMaps, 'leaf', owner(middle, { blockOwnerDeletion: true }));
		await cluster.delete(configMaps, 'top', 'Foreground');
		assert.deepEqual(
			cluster.requests.filter((request) => request.startsWith('delete')),
			['delete configmaps top Foreground', 'delete configmaps middle Foreground', 'delete configmaps leaf Background'],
		);
		assert.equal(cluster.objects.size, 0);
	});

	it('keeps an object deleted in the foreground until a blocking dependent with a finalizer is gone', async () => {
		const top = cluster.add(configMaps, 'top');
		const kept = { ...owner(top, { blockOwnerDeletion: true }), finalizers: ['example.com/f'] };
		cluster.add(configMaps, 'kept', kept);
		cluster.add(configMaps, 'unblocking', { ...owner(top), finalizers: ['example.com/f'] });
		await cluster.delete(configMaps, 'top', 'Foreground');
		assert.ok(cluster.has(configMaps, 'top'));
		cluster.add(configMaps, 'kept', { ...kept, deletionTimestamp: 'now', finalizers: [] });
		await cluster.settle();
		assert.ok(!cluster.has(configMaps, 'top'));
		assert.ok(cluster.has(configMaps, 'unblocking'));
	});

	it('takes an orphaned object from its dependents', async () => {
		const top = cluster.add(configMaps, 'top');
		const second = cluster.add(configMaps, 'second');
		cluster.add(secrets, 'one', owner(top));
		cluster.add(secrets, 'two', {
			ownerReferences: [...owner(top).ownerReferences, ...owner(second).ownerReferences],
		});
		await cluster.delete(configMaps, 'top', 'Orphan');
		assert.ok(!cluster.has(configMaps, 'top'));
		assert.deepEqual([cluster.ownersOf(secrets, 'one'), cluster.ownersOf(secrets, 'two')], [[], ['second']]);
	});

	it('keeps an object with another owner, without the owner that is gone', async () => {
		const gone = cluster.add(configMaps, 'gone');
		const solid = cluster.add(configMaps, 'solid');
		const both = { ownerReferences: [...owner(gone).ownerReferences, ...owner(solid).ownerReferences] };
		cluster.add(secrets, 'shared', both);
		await cluster.delete(configMaps, 'gone');
		assert.deepEqual(cluster.ownersOf(secrets, 'shared'), ['solid']);
		await cluster.delete(configMaps, 'solid', 'Foreground');
		assert.equal(cluster.objects.size, 0);
	});

	it('deletes an object whose owner never existed, or has another uid', async () => {
		const real = cluster.add(configMaps, 'real');
		cluster.add(secrets, 'of-none', owner(real, { name: 'none', uid: 'uid-none' }));
		cluster.add(secrets, 'of-former', owner(real, { uid: 'uid-former' }));
		cluster.add(secrets, 'of-real', owner(real));
		await cluster.settle();
		const names = [...cluster.objects.values()].map(({ metadata }) => metadata.name);
		assert.deepEqual(names, ['real', 'of-real']);
		assert.equal(cluster.collector.graph.size, 2);
	});

	it('deletes an object whose owner is in another namespace, and reports it', async () => {
		const elsewhere = cluster.add(configMaps, 'elsewhere', { namespace: 'other' });
		cluster.add(secrets, 'dependent', owner(elsewhere));
		await cluster.settle();
		assert.ok(!cluster.has(secrets, 'dependent'));
		const reference = '[v1/ConfigMap, namespace: ns, name: elsewhere, uid: uid-elsewhere]';
		assert.deepEqual(cluster.events, [
			`Warning dependent OwnerRefInvalidNamespace: ownerRef ${reference} does not exist in namespace "ns"`,
		]);
		assert.ok(cluster.has(configMaps, 'elsewhere', 'other'));
	});

	it('reports an owner in another namespace also when the watch reports the dependent first', async () => {
		const elsewhere = cluster.add(configMaps, 'elsewhere', { namespace: 'other' }, false);
		const dependent = cluster.add(secrets, 'dependent', owner(elsewhere));
		cluster.add(configMaps, 'elsewhere', { namespace: 'other' });
		assert.equal(cluster.events.length, 1);
		await cluster.settle();
		assert.ok(!cluster.has(secrets, dependent.metadata.name ?? ''));
		assert.ok(cluster.has(configMaps, 'elsewhere', 'other'));
	});

	it('lets an object of the cluster own objects in namespaces', async () => {
		const node = cluster.add(nodes, 'worker-1');
		cluster.add(resources.leases, 'worker-1', { ...owner(node), uid: 'uid-lease' });
		await cluster.settle();
		assert.ok(cluster.has(resources.leases, 'worker-1'));
		await cluster.delete(nodes, 'worker-1');
		assert.equal(cluster.objects.size, 0);
	});

	it('leaves an object of the cluster that names an owner in a namespace, and an owner of an unknown kind', async () => {
		const named = cluster.add(configMaps, 'named');
		cluster.add(nodes, 'worker-1', owner(named));
		cluster.add(secrets, 'custom', owner(named, { apiVersion: 'example.com/v1', kind: 'Widget', uid: 'uid-w' }));
		await cluster.settle();
		await cluster.delete(configMaps, 'named');
		assert.ok(cluster.has(nodes, 'worker-1'));
		assert.ok(cluster.has(secrets, 'custom'));
	});

	it('looks again at an owner that exists and that no watch has reported', async () => {
		const unseen = cluster.add(configMaps, 'unseen', {}, false);
		cluster.add(secrets, 'dependent', owner(unseen));
		assert.ok(((await cluster.collector.attemptToDelete('uid-unseen')) ?? 0) > 0);
		await cluster.settle();
		assert.ok(cluster.has(secrets, 'dependent'));
		cluster.objects.delete(keyOf(configMaps, 'unseen', 'ns'));
		await cluster.collector.attemptToDelete('uid-unseen');
		await cluster.settle();
		assert.equal(cluster.objects.size, 0);
	});

	it('finds a virtual owner by another name that a dependent gives it', async () => {
		const real = cluster.add(configMaps, 'real', {}, false);
		cluster.add(secrets, 'wrong', owner(real, { name: 'misnamed' }));
		cluster.add(secrets, 'right', owner(real));
		await cluster.settle();
		assert.deepEqual([cluster.has(secrets, 'wrong'), cluster.has(secrets, 'right')], [false, true]);
	});

	it('ends a circle of objects that are deleted in the foreground', async () => {
		const first = cluster.add(configMaps, 'first');
		const blocking = { blockOwnerDeletion: true };
		const second = cluster.add(configMaps, 'second', owner(first, blocking));
		cluster.add(configMaps, 'first', owner(second, blocking));
		await cluster.delete(configMaps, 'first', 'Foreground');
		assert.equal(cluster.objects.size, 0);
	});

	it('deletes an object that changed meanwhile, unless its owners changed', async () => {
		const gone = cluster.add(configMaps, 'gone', {}, false);
		cluster.add(secrets, 'dependent', owner(gone));
		cluster.objects.delete(keyOf(configMaps, 'gone', 'ns'));
		const { objects } = cluster;
		const key = keyOf(secrets, 'dependent', 'ns');
		const read = objects.get.bind(objects);
		let reads = 0;
		objects.get = (one) => {
			const found = read(one);
			// The second read of the dependent is the one of the deletion.
			if (one !== key || found === undefined || ++reads !== 2) return found;
			return { ...found, metadata: { ...found.metadata, resourceVersion: 'newer' } };
		};
		await cluster.settle();
		assert.ok(!cluster.has(secrets, 'dependent'));
	});

	it('asks the API server for nothing about objects without owners', async () => {
		cluster.add(configMaps, 'alone');
		await cluster.collector.attemptToDelete('uid-alone');
		await cluster.delete(configMaps, 'alone');
		assert.deepEqual(cluster.requests, ['delete configmaps alone Background']);
	});

	it('collects every kind that can be deleted, without events', () => {
		assert.ok(collectedResources.length > 20);
		assert.ok(collectedResources.every(({ verbs, kind }) => verbs.includes('delete') && kind !== 'Event'));
	});
});
