import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { ConfigMap, KubeObject, Namespace } from '../../../lib/kube/types.ts';
import { fakeLog, notFound } from '../fakes.test.ts';
import { type NamespacedContent, reconcileNamespace } from './namespace.ts';

const exists = () => new KubejoinError('API_ALREADY_EXISTS', { resource: 'x', group: '', name: 'x' });

/** A namespace with some objects, of which `stuck` ones stay when they are deleted. */
function cluster(namespace: Namespace | undefined, counts: readonly number[] = [], stuck = 0) {
	const finalized: Namespace[] = [];
	const accounts: string[] = [];
	let published: ConfigMap | undefined;
	const deleted: string[] = [];
	const contents = counts.map((count, index): NamespacedContent => {
		let left = count;
		return {
			async deleteCollection(name, seconds) {
				deleted.push(`${index} ${name} ${seconds}`);
				const found = left;
				left = Math.min(left, stuck);
				return found;
			},
			list: async () => ({
				apiVersion: 'v1',
				kind: 'List',
				metadata: { resourceVersion: '1' },
				items: Array.from({ length: left }, (): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: {} })),
			}),
		};
	});
	const options = {
		api: {
			namespaces: {
				updateFinalize: async (object: Omit<Namespace, 'apiVersion' | 'kind'>) => {
					finalized.push(object as Namespace);
					return object as Namespace;
				},
			},
			serviceAccounts: {
				create: async (object: Omit<KubeObject, 'apiVersion' | 'kind'>) => {
					if (accounts.length > 0) throw exists();
					accounts.push(`${object.metadata.namespace}/${object.metadata.name}`);
					return object as KubeObject;
				},
			},
			configMaps: {
				create: async (object: Omit<ConfigMap, 'apiVersion' | 'kind'>) => {
					if (published !== undefined) throw exists();
					published = object as ConfigMap;
					return published;
				},
				get: async () => {
					if (published === undefined) throw notFound();
					return published;
				},
				update: async (object: Omit<ConfigMap, 'apiVersion' | 'kind'>) => {
					published = object as ConfigMap;
					return published;
				},
			},
		},
		contents,
		find: () => namespace,
		ca: 'PEM',
		log: fakeLog().log,
	};
	return {
		options,
		finalized,
		accounts,
		deleted,
		published: () => published,
		publish: (map: ConfigMap) => (published = map),
	};
}

const active: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };
const terminating: Namespace = {
	...active,
	metadata: { name: 'a', deletionTimestamp: '2026-01-31T12:00:00Z' },
	spec: { finalizers: ['kubernetes'] },
};

describe('the namespace controller', () => {
	it('gives a namespace its service account and the cluster CA, once', async () => {
		const { options, accounts, published } = cluster(active);
		await reconcileNamespace(options, 'a');
		await reconcileNamespace(options, 'a');
		assert.deepEqual(accounts, ['a/default']);
		assert.deepEqual([published()?.metadata.name, published()?.data], ['kube-root-ca.crt', { 'ca.crt': 'PEM' }]);
	});

	it('repairs a published CA that was changed', async () => {
		const { options, published, publish } = cluster(active);
		publish({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'x' } });
		await reconcileNamespace(options, 'a');
		assert.deepEqual(published()?.data, { 'ca.crt': 'PEM' });
	});

	it('deletes the content before it removes the finalizer', async () => {
		const { options, finalized, deleted, accounts } = cluster(terminating, [2, 0]);
		assert.equal(await reconcileNamespace(options, 'a'), undefined);
		assert.deepEqual(deleted, ['0 a 0', '1 a 0']);
		assert.deepEqual(
			finalized.map(({ spec }) => spec),
			[{ finalizers: [] }],
		);
		assert.deepEqual(accounts, []);
	});

	it('waits for objects that stay, and looks again', async () => {
		const { options, finalized } = cluster(terminating, [2], 1);
		assert.equal(await reconcileNamespace(options, 'a'), 1_000);
		assert.deepEqual(finalized, []);
	});

	it('leaves a namespace alone that is gone or has no finalizer any more', async () => {
		assert.equal(await reconcileNamespace(cluster(undefined).options, 'a'), undefined);
		const { options, deleted } = cluster({ ...terminating, spec: {} }, [1]);
		assert.equal(await reconcileNamespace(options, 'a'), undefined);
		assert.deepEqual(deleted, []);
	});
});
