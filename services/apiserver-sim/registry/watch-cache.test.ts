import assert from 'node:assert/strict';
import type { ConfigMap } from '../../../lib/kube/types.ts';
import { cacheOf, storeOfEachTest } from '../fixtures.test.ts';

describe('the watch cache', () => {
	const store = storeOfEachTest();
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
});
