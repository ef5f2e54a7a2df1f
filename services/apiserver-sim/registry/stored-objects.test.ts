import assert from 'node:assert/strict';
import { approximateMemory } from '../../../lib/kube/json-depth.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { ConfigMap } from '../../../lib/kube/types.ts';
import { refusalOf, registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createStorage, type WatchCache } from '../registry.ts';
import type { ApiRequest } from '../request/api-request.ts';

const { configMaps, namespaces } = resources;
const exceeded = '500 : etcdserver: mvcc: database space exceeded';

describe('stored objects that have reached the limit of all objects', () => {
	const store = storeOfEachTest();
	let isFull: boolean;
	/** The cache of the test, full when the test says so. */
	const endpoint = () => {
		const context = registryOn(store());
		const cache = new Proxy(context.cache, {
			get(target, name) {
				const value: unknown = name === 'isFull' ? isFull : Reflect.get(target, name, target);
				return typeof value === 'function' ? value.bind(target) : value;
			},
		}) as WatchCache;
		return createStorage<ConfigMap>({ resource: configMaps, subresources: [] }, { ...context, cache });
	};
	const object = (name: string, data: Record<string, string>, more: ConfigMap['metadata'] = {}): ConfigMap => ({
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name, ...more },
		data,
	});
	const asked = (verb: ApiRequest['verb'], more: Partial<ApiRequest>) =>
		request(verb, configMaps, { namespace: 'ns', ...more });
	const create = (one: ConfigMap, more: Partial<ApiRequest> = {}) =>
		endpoint().create(asked('create', { object: one, ...more }));
	const update = (one: ConfigMap) =>
		endpoint().update(asked('update', { object: one, name: one.metadata.name ?? '' })) as Promise<ConfigMap>;

	beforeEach(async () => {
		isFull = false;
		const ns = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } };
		await createStorage({ resource: namespaces, subresources: [] }, registryOn(store())).create(
			request('create', namespaces, { object: ns }),
		);
		await create(object('a', { key: 'value' }));
		await create(object('b', {}, { finalizers: ['example.com/f'] }));
		isFull = true;
	});

	it('are not joined by another one, except in a dry run', async () => {
		assert.equal(await refusalOf(create(object('c', {}))), exceeded);
		await create(object('c', {}), { dryRun: true });
	});

	it('change, and do not grow', async () => {
		assert.equal(await refusalOf(update(object('a', { key: 'longer value' }))), exceeded);
		assert.equal(await refusalOf(update(object('a', { key: 'value', more: '' }))), exceeded);
		assert.deepEqual((await update(object('a', { key: 'other' }))).data, { key: 'other' });
		assert.deepEqual((await update(object('a', {}))).data, {});
	});

	it('are deleted, also where the deletion waits for a finalizer', async () => {
		await endpoint().delete(asked('delete', { name: 'b' }));
		await endpoint().deletecollection(asked('deletecollection', {}));
		const { items } = await endpoint().list(asked('list', {}));
		assert.deepEqual(
			items.map(({ metadata: { name, deletionTimestamp } }) => [name, deletionTimestamp !== undefined]),
			[['b', true]],
		);
	});
});

describe('the memory of a value', () => {
	it('is more than its text, by its values', () => {
		assert.equal(approximateMemory('four'), 6);
		assert.ok(approximateMemory({ list: Array.from({ length: 1_000 }, () => ({})) }) > 64_000);
	});
});
