/** Upstream's texts, @source apiserver/pkg/admission/plugin/resourcequota/controller.go */
import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ResourceQuota } from '../../../lib/kube/types.ts';
import { clock, refusalOf } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { objectOf, podOf, writeOf } from './fixtures.test.ts';
import { resourceQuota } from './resource-quota.ts';

type List = Record<string, string>;
const conflict = () => new KubejoinError('API_CONFLICT', { resource: 'resourcequotas', group: '', name: 'q' });

/** A store of quotas, whose updates need the current version. */
function cluster(...initial: { name?: string; hard: List; used?: List; spec?: object }[]) {
	const quotas = new Map<string, ResourceQuota>();
	let version = 0;
	const put = (quota: ResourceQuota) => {
		const resourceVersion = String(++version);
		quotas.set(quota.metadata.name ?? '', { ...quota, metadata: { ...quota.metadata, resourceVersion } });
	};
	for (const { name = 'q', hard, used = {}, spec = {} } of initial)
		put(objectOf(resources.resourceQuotas, name, { spec: { hard, ...spec }, status: { hard, used } }));
	const objects: ObjectReader = { get: async () => undefined, list: async () => [...quotas.values()] as never[] };
	const before: (() => void)[] = [];
	const plugin = resourceQuota(
		objects,
		async (quota) => {
			before.shift()?.();
			if (quotas.get(quota.metadata.name ?? '')?.metadata.resourceVersion !== quota.metadata.resourceVersion)
				throw conflict();
			put(quota);
		},
		clock,
	);
	return {
		/** Works that run before the next updates. */
		before,
		used: (name = 'q') => quotas.get(name)?.status?.used,
		touch: (name = 'q') => put(quotas.get(name) as ResourceQuota),
		write: async (...write: Parameters<typeof writeOf>) => plugin.validate?.(writeOf(...write)),
	};
}
const { configMaps, pods, services, secrets, events } = resources;
const configMap = objectOf(configMaps, 'c');
const forbidden = '403 Forbidden: configmaps "c" is forbidden: ';

describe('ResourceQuota', () => {
	it('charges every quota that counts the object', async () => {
		const { write, used } = cluster(
			{ name: 'a', hard: { configmaps: '5', secrets: '1' }, used: { configmaps: '1', secrets: '0' } },
			{ name: 'b', hard: { 'count/configmaps': '1' }, used: { 'count/configmaps': '0' } },
			{ name: 'c', hard: { pods: '0' } },
		);
		await write(configMaps, configMap);
		assert.deepEqual(
			[used('a'), used('b'), used('c')],
			[{ configmaps: '2', secrets: '0' }, { 'count/configmaps': '1' }, {}],
		);
	});

	it('403: an object that would exceed a quota, and charges none of them', async () => {
		const { write, used } = cluster(
			{ name: 'a', hard: { configmaps: '5' }, used: { configmaps: '1' } },
			{
				name: 'b',
				hard: { configmaps: '1', 'count/configmaps': '1' },
				used: { configmaps: '1', 'count/configmaps': '1' },
			},
		);
		assert.equal(
			await refusalOf(write(configMaps, configMap)),
			`${forbidden}exceeded quota: b, requested: configmaps=1,count/configmaps=1, ` +
				'used: configmaps=1,count/configmaps=1, limited: configmaps=1,count/configmaps=1',
		);
		assert.deepEqual(used('a'), { configmaps: '1' });
	});

	it('sums up amounts of pods', async () => {
		const { write, used } = cluster({ hard: { cpu: '1', pods: '3' }, used: { cpu: '900m', pods: '1' } });
		const pod = (cpu: string) => podOf({ containers: [{ name: 'c', resources: { requests: { cpu } } }] });
		assert.match(
			await refusalOf(write(pods, pod('101m'))),
			/exceeded quota: q, requested: cpu=101m, used: cpu=900m, limited: cpu=1$/,
		);
		await write(pods, pod('100m'));
		assert.deepEqual(used(), { cpu: '1', pods: '2' });
	});

	it('403: a container without the amounts that a quota limits', async () => {
		const { write } = cluster({ hard: { 'limits.cpu': '1' }, used: { 'limits.cpu': '0' } });
		assert.equal(
			await refusalOf(write(pods, podOf({ containers: [{ name: 'c' }] }))),
			'403 Forbidden: pods "p" is forbidden: failed quota: q: must specify limits.cpu for: c',
		);
	});

	it('403: a quota whose usage is not known yet', async () => {
		const { write } = cluster({ hard: { configmaps: '1', 'count/configmaps': '1' }, used: { configmaps: '0' } });
		const text = 'status unknown for quota: q, resources: configmaps,count/configmaps';
		assert.equal(await refusalOf(write(configMaps, configMap)), forbidden + text);
	});

	it('leaves objects outside of its scopes alone, events, dry runs and most updates', async () => {
		const { write, used } = cluster({
			hard: { pods: '1', 'count/events': '0', configmaps: '9' },
			spec: { scopes: ['BestEffort'] },
		});
		await write(events, objectOf(events, 'e'));
		await write(pods, podOf({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }));
		await write(configMaps, configMap);
		const plain = cluster({ hard: { configmaps: '1', pods: '0' }, used: { configmaps: '0', pods: '0' } });
		await plain.write(configMaps, configMap, { dryRun: true });
		await plain.write(configMaps, configMap, { operation: 'UPDATE', previous: configMap });
		const pod = podOf({ containers: [] });
		await plain.write(pods, pod, { operation: 'UPDATE', previous: pod, subresource: 'status' });
		await plain.write(pods, pod, { subresource: 'eviction' });
		assert.deepEqual([used(), plain.used()], [{}, { configmaps: '0', pods: '0' }]);
	});

	it('charges an update for the difference', async () => {
		const { write, used } = cluster({
			hard: { services: '1', 'services.nodeports': '1' },
			used: { services: '1', 'services.nodeports': '0' },
		});
		const service = (type: string, ...ports: object[]) => objectOf(services, 's', { spec: { type, ports } });
		const previous = service('ClusterIP', {});
		await write(services, service('NodePort', {}), { operation: 'UPDATE', previous });
		assert.deepEqual(used(), { services: '1', 'services.nodeports': '1' });
		const more = service('NodePort', {}, {});
		const text =
			'exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1';
		const update = { operation: 'UPDATE', previous: service('NodePort', {}) } as const;
		assert.equal(await refusalOf(write(services, more, update)), `403 Forbidden: services "s" is forbidden: ${text}`);
	});

	it('lets as many concurrent writes through as fit', async () => {
		const { write, used } = cluster({ hard: { secrets: '9' }, used: { secrets: '0' } });
		const secret = (name: string): KubeObject => objectOf(secrets, name);
		// More than the attempts of a write that conflicts with others.
		const outcomes = await Promise.allSettled([...'abcdefghijkl'].map((name) => write(secrets, secret(name))));
		assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 9);
		assert.deepEqual(used(), { secrets: '9' });
	});

	it('checks a quota again that another server has charged, three times', async () => {
		const { write, used, touch, before } = cluster(
			{ name: 'a', hard: { configmaps: '5' }, used: { configmaps: '0' } },
			{ name: 'q', hard: { configmaps: '5' }, used: { configmaps: '0' } },
		);
		before.push(() => undefined, touch, touch, touch);
		await write(configMaps, configMap);
		assert.deepEqual([used('a'), used('q')], [{ configmaps: '1' }, { configmaps: '1' }]);
		before.push(() => undefined, touch, touch, touch, touch);
		assert.match(await refusalOf(write(configMaps, configMap)), /^409 Conflict/);
	});
});
