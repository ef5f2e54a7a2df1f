import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import { createLog } from '../../lib/log.ts';
import type { Store } from '../../lib/store/store.ts';
import { userNamed } from './authorize/fixtures.test.ts';
import { storeOfEachTest } from './fixtures.test.ts';
import { type RbacCache, startRbacCache } from './rbac-cache.ts';
import { storeKey } from './registry.ts';

const user = userNamed('u');
const log = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });
const until = async (isTrue: () => boolean): Promise<void> => {
	while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the RBAC cache', () => {
	const store = storeOfEachTest();
	let stop: AbortController;
	let cache: RbacCache;

	const put = (resource: ApiResource, name: string, namespace = '') =>
		store().create(storeKey(resource, namespace, name), {
			kind: resource.kind,
			metadata: { name, ...(namespace === '' ? {} : { namespace }) },
			subjects: [{ kind: 'User', name: 'u' }],
		});
	const isReady = () => {
		try {
			cache.ready();
			return true;
		} catch {
			return false;
		}
	};
	const start = (over: Store = store()) => {
		cache = startRbacCache(over, stop.signal, log);
	};
	const bindings = () => cache.source.clusterRoleBindings(user).map(({ metadata }) => metadata.name);

	beforeEach(() => {
		stop = new AbortController();
	});
	afterEach(async () => {
		stop.abort();
		await cache.done;
	});

	it('is not ready before it has read what there is', async () => {
		start();
		assert.throws(() => cache.ready(), new Error('clusterroles are not read yet'));
		await until(isReady);
	});

	it('has every kind, by name and namespace', async () => {
		await put(resources.clusterRoles, 'system:node');
		await put(resources.clusterRoleBindings, 'binding');
		await put(resources.roles, 'role', 'a');
		await put(resources.roleBindings, 'a-binding', 'a');
		await put(resources.roleBindings, 'b-binding', 'b');
		await put(resources.nodes, 'no-role');
		start();
		await until(isReady);
		const { source } = cache;
		assert.equal(source.clusterRole('system:node')?.metadata.name, 'system:node');
		assert.equal(source.clusterRole('role'), undefined);
		assert.equal(source.role('a', 'role')?.metadata.namespace, 'a');
		assert.equal(source.role('b', 'role'), undefined);
		assert.deepEqual(
			source.roleBindings('a', user).map(({ metadata }) => metadata.name),
			['a-binding'],
		);
		assert.deepEqual([source.roleBindings('c', user), bindings()], [[], ['binding']]);
	});

	it('a binding counts from when it is made until it is deleted', async () => {
		start();
		await until(isReady);
		await put(resources.clusterRoleBindings, 'binding');
		await until(() => bindings().length === 1);
		const other = [{ kind: 'User', name: 'v' }];
		const key = storeKey(resources.clusterRoleBindings, '', 'binding');
		const { revision } = (await store().get(key)) ?? assert.fail();
		await store().update(key, { kind: 'ClusterRoleBinding', metadata: { name: 'binding' }, subjects: other }, revision);
		await until(() => bindings().length === 0);
		assert.equal(cache.source.clusterRoleBindings(userNamed('v')).length, 1);
		await store().delete(key);
		await until(() => cache.source.clusterRoleBindings(userNamed('v')).length === 0);
	});

	it('keeps its objects while the store is unavailable, and then reads changes that it may have missed', async () => {
		await put(resources.clusterRoleBindings, 'old');
		let isAway = false;
		const failing: Store = {
			...store(),
			list: (prefix) => store().list(prefix),
			async *watch(prefix, after, signal) {
				if (!isAway && prefix.startsWith('clusterrolebindings')) {
					isAway = true;
					await store().delete(storeKey(resources.clusterRoleBindings, '', 'old'));
					await put(resources.clusterRoleBindings, 'new');
					throw new KubejoinError('STORE_COMPACTED', { requested: after, oldest: 9 });
				}
				yield* store().watch(prefix, after, signal);
			},
		};
		start(failing);
		await until(() => isAway);
		assert.deepEqual(bindings(), ['old']);
		await until(() => bindings().includes('new'));
		assert.deepEqual(bindings(), ['new']);
	});
});
