import assert from 'node:assert/strict';
import type { ListSelection } from '../../lib/kube/client.ts';
import type { Lease } from '../../lib/kube/types.ts';
import { LeaseCache } from './lease-cache.ts';

const lease = (name: string, resourceVersion: string): Lease => ({
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: { name, namespace: 'kube-node-lease', uid: `uid-${name}`, resourceVersion, labels: { a: 'b' } },
	spec: { holderIdentity: name, renewTime: `time-${resourceVersion}` },
});

describe('the cache of Leases', () => {
	it('reports the new, changed and deleted ones of each list, with the fields that the garbage collector needs', async () => {
		const lists = [
			[lease('a', '1'), lease('b', '2')],
			[lease('a', '3'), lease('c', '4')],
		];
		const changes: [string, string | undefined][] = [];
		const cache = new LeaseCache(
			{
				list: async ({ keep = (one) => one }: ListSelection<Lease> = {}) => ({
					...{ apiVersion: '', kind: '', metadata: { resourceVersion: '' } },
					items: (lists.shift() ?? []).flatMap((one) => keep(one) ?? []),
				}),
			},
			(key, previous) => changes.push([key, previous?.metadata.resourceVersion]),
		);
		await cache.refresh();
		await cache.synced;
		assert.deepEqual(changes.splice(0), [
			['kube-node-lease/a', undefined],
			['kube-node-lease/b', undefined],
		]);
		await cache.refresh();
		assert.deepEqual(changes, [
			['kube-node-lease/a', '1'],
			['kube-node-lease/c', undefined],
			['kube-node-lease/b', '2'],
		]);
		const { metadata, spec } = cache.get('kube-node-lease/a') ?? lease('', '');
		assert.deepEqual([metadata.uid, metadata.labels, spec], ['uid-a', undefined, { renewTime: 'time-3' }]);
		assert.equal(cache.get('kube-node-lease/b'), undefined);
	});
});
