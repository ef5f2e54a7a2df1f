import assert from 'node:assert/strict';
import { type ResourceName, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, Lease, Node } from '../../../lib/kube/types.ts';
import { node } from '../authorize/fixtures.test.ts';
import { clock, refusalOf, request, storeOfEachTest } from '../fixtures.test.ts';
import { registryEndpoint, type Strategy, storeKey } from '../registry.ts';
import { parseFieldSelector } from '../selectors.ts';
import { leases, nodes } from './plain.ts';

const typed = ({ kind }: ResourceName, object: object) => ({ apiVersion: 'v1', kind, ...object }) as KubeObject;

describe('plain resources', () => {
	const store = storeOfEachTest();
	const on = <T extends KubeObject>(strategy: Strategy<T>) => registryEndpoint(store(), strategy, clock);

	describe('Nodes', () => {
		const create = (object: object, user = node('a')) =>
			on(nodes).create(request('create', resources.nodes, { object: typed(resources.nodes, object), user }));
		const update = (object: object, subresource: '' | 'status', user = node('a')) =>
			on(nodes).update(
				request('update', resources.nodes, { object: typed(resources.nodes, object), name: 'a', subresource, user }),
			) as Promise<Node>;
		const [metadata, spec, status] = [{ name: 'a' }, { unschedulable: true }, { phase: 'Running' }];

		it('spec and status never overwrite each other', async () => {
			await create({ metadata, spec, status });
			const changed = { spec: { podCIDR: '10.0.0.0/24' }, status: { phase: 'Other' } };
			const first = await update({ metadata, ...changed }, '');
			assert.deepEqual([first.spec, first.status], [changed.spec, status]);
			const second = await update({ metadata, spec: {}, status: changed.status }, 'status');
			assert.deepEqual([second.spec, second.status], [changed.spec, changed.status]);
			const { spec: none, status: kept } = await update({ metadata }, '');
			assert.deepEqual([none, kept], [undefined, changed.status]);
		});

		it('can be selected by spec.unschedulable', async () => {
			await create({ metadata, spec });
			await create({ metadata: { name: 'b' } }, node('b'));
			const select = async (text: string) => {
				const { items } = await on(nodes).list(
					request('list', resources.nodes, { fieldSelector: parseFieldSelector(text) }),
				);
				return items.map((item) => item.metadata.name);
			};
			assert.deepEqual(await select('spec.unschedulable=true'), ['a']);
			assert.deepEqual(await select('spec.unschedulable=false'), ['b']);
		});

		it('403: a node writes about itself only', async () => {
			const text = 'is forbidden: node "b" is not allowed to modify node "a"';
			assert.equal(await refusalOf(create({ metadata }, node('b'))), `403 Forbidden: nodes "a" ${text}`);
			await create({ metadata });
			for (const subresource of ['', 'status'] as const) {
				assert.equal(
					await refusalOf(update({ metadata, status }, subresource, node('b'))),
					`403 Forbidden: nodes "a" ${text}`,
				);
			}
			assert.equal(
				await refusalOf(on(nodes).delete(request('delete', resources.nodes, { name: 'a', user: node('b') }))),
				`403 Forbidden: nodes "a" ${text}`,
			);
			const labels = { 'node-role.kubernetes.io/control-plane': '' };
			const refusal = await refusalOf(update({ metadata: { ...metadata, labels } }, ''));
			assert.equal(
				refusal,
				'403 Forbidden: nodes "a" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane',
			);
		});
	});

	describe('Leases', () => {
		const namespace = 'kube-node-lease';
		const create = (spec: Lease['spec'], user = node('a')) => {
			const object = typed(resources.leases, { metadata: { name: 'a' }, spec });
			return on(leases).create(request('create', resources.leases, { object, namespace, user }));
		};
		beforeEach(() => store().create(storeKey(resources.namespaces, '', namespace), {}));

		it('422: a duration that is not positive', async () => {
			for (const seconds of [0, -1]) {
				const text = `spec.leaseDurationSeconds: Invalid value: ${seconds}: must be greater than 0`;
				assert.equal(
					await refusalOf(create({ leaseDurationSeconds: seconds })),
					`422 Invalid: Lease.coordination.k8s.io "a" is invalid: ${text}`,
				);
			}
			await create({ leaseDurationSeconds: 40 });
		});

		it('403: a node has its own lease only', async () => {
			const text =
				'leases.coordination.k8s.io "a" is forbidden: can only access node lease with the same name as the requesting node';
			assert.equal(await refusalOf(create({}, node('b'))), `403 Forbidden: ${text}`);
		});
	});
});
