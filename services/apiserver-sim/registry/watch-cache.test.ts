import assert from 'node:assert/strict';
import type { ConfigMap } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { cacheOf, storeOfEachTest } from '../fixtures.test.ts';
import { maxMemoryOf, WatchCache } from './watch-cache.ts';

describe('the watch cache', () => {
	const store = storeOfEachTest();
	let stopped: AbortController;
	beforeEach(() => {
		stopped = new AbortController();
	});
	afterEach(() => stopped.abort());
	const key = 'configmaps/ns/a';
	const place = { prefix: key, isOneKey: true };
	const configMap = (data: Record<string, string>): ConfigMap => ({
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name: 'a', namespace: 'ns', labels: { app: 'a' }, annotations: { of: 'a' } },
		data,
	});

	it('keeps the unchanged parts of an object once, and shows each version as it was', async () => {
		const cache = cacheOf(store());
		const created = await store().create(key, configMap({ a: '1' }));
		await cache.fresh(undefined);
		const before = cache.get(place)?.object as ConfigMap;
		const updated = await store().update(key, configMap({ a: '2' }), created.revision);
		await cache.fresh(undefined);
		const after = cache.get(place)?.object as ConfigMap;
		assert.equal(after.metadata.labels, before.metadata.labels);
		assert.equal(after.metadata.annotations, before.metadata.annotations);
		assert.deepEqual([before.data, after.data], [{ a: '1' }, { a: '2' }]);
		const versions = [before.metadata.resourceVersion, after.metadata.resourceVersion];
		assert.deepEqual(versions, [String(created.revision), String(updated.revision)]);
		assert.deepEqual(cache.snapshot(place, created.revision)?.objects[0]?.object, before);
	});

	it('STORE_COMPACTED: reads no more of older changes than a watcher may be behind', async () => {
		const { signal } = stopped;
		const log = { warn: () => undefined, error: () => undefined };
		const cache = new WatchCache(store(), { signal, log, historyLength: 1, backlog: { changes: 100, bytes: 10_000 } });
		let { revision } = await store().create(key, configMap({ a: '0' }));
		const first = revision;
		for (let count = 0; count < 20; count++)
			({ revision } = await store().update(key, configMap({ a: 'a'.repeat(1_000) }), revision));
		await cache.fresh(undefined);
		(await cache.subscribe(place, revision - 5, signal)).close();
		await assert.rejects(cache.subscribe(place, first, signal), { code: 'STORE_COMPACTED' });
		// Changes of other objects are read as well.
		const others = { prefix: 'secrets/', isOneKey: false };
		(await cache.subscribe(others, revision - 5, signal)).close();
		await assert.rejects(cache.subscribe(others, first, signal), { code: 'STORE_COMPACTED' });
	});

	it('lets all objects take a quarter of a small heap', () => {
		assert.equal(maxMemoryOf(400_000_000), 100_000_000);
		assert.equal(maxMemoryOf(4_000_000_000), limits.storedBytes.value);
	});

	it('is full while the objects of all kinds take more than their limit', async () => {
		const { signal } = stopped;
		const log = { warn: () => undefined, error: () => undefined };
		const full = async (cache: WatchCache) => {
			await cache.fresh(undefined);
			return cache.isFull;
		};
		const limited = () => new WatchCache(store(), { signal, log, maxMemory: 10_000 });
		const cache = limited();
		let { revision } = await store().create(key, configMap({ a: 'a'.repeat(6_000) }));
		assert.equal(await full(cache), false);
		const other = await store().create('secrets/ns/b', configMap({ a: 'a'.repeat(6_000) }));
		assert.deepEqual([await full(cache), await full(limited())], [true, true]);
		({ revision } = await store().update(key, configMap({ a: 'a' }), revision));
		assert.equal(await full(cache), false);
		await store().update(key, configMap({ a: 'a'.repeat(6_000) }), revision);
		assert.equal(await full(cache), true);
		await store().delete('secrets/ns/b', other.revision);
		assert.equal(await full(cache), false);
	});
});
