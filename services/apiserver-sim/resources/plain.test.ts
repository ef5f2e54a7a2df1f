import assert from 'node:assert/strict';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, Lease, Node } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { nodeRestriction } from '../admit/node-restriction.ts';
import { node } from '../authorize/fixtures.test.ts';
import { admin, fakeAuthorizer, refusalOf, registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { createStorage, type Strategy, storeKey } from '../registry.ts';
import { parseFieldSelector } from '../selectors.ts';
import { configMaps, leases, nodes } from './plain.ts';

const typed = ({ kind }: ApiResource, object: object) => ({ apiVersion: 'v1', kind, ...object }) as KubeObject;

describe('plain resources', () => {
	const store = storeOfEachTest();
	const on = <T extends KubeObject>(strategy: Strategy<T>) =>
		createStorage(
			strategy,
			registryOn(store(), [nodeRestriction(createObjectReader(store()), fakeAuthorizer(), createCsrReader())]),
		);

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
			const changed = { spec: { unschedulable: false }, status: { phase: 'Other' } };
			const first = await update({ metadata, ...changed }, '');
			assert.deepEqual([first.spec, first.status], [changed.spec, status]);
			const second = await update({ metadata, spec: {}, status: changed.status }, 'status');
			assert.deepEqual([second.spec, second.status], [changed.spec, changed.status]);
			const { spec: none, status: kept } = await update({ metadata }, '');
			assert.deepEqual([none, kept], [undefined, changed.status]);
		});

		it('422: taints and quantities of another form; a label of more than 63 characters', async () => {
			const problems = async (object: object) => {
				const refusal = await refusalOf(create({ metadata, ...object }));
				return refusal.replace('422 Invalid: Node "a" is invalid: ', '');
			};
			const taint = { key: 'k', value: 'v', effect: 'NoExecute' };
			assert.match(
				await problems({ spec: { taints: [taint, taint] } }),
				/taints\[1\]: Duplicate value: {"Key":"k","Value":"v","Effect":"NoExecute","TimeAdded":null}: .*unique by key/,
			);
			assert.match(
				await problems({ spec: { taints: [{ ...taint, key: '' }] } }),
				/taints\[0\].key: .*name part must be non-empty/,
			);
			assert.match(await problems({ spec: { taints: [{ ...taint, effect: 'x' }] } }), /effect: Unsupported value: "x"/);
			for (const cpu of ['-1', '-0.5', '-1e3'])
				assert.equal(
					await problems({ status: { capacity: { cpu }, allocatable: {} } }),
					`status.capacity.cpu: Invalid value: "${cpu}": must be greater than or equal to 0`,
				);
			const hostname = `${'a'.repeat(64)}.example.com`;
			const labels = { 'kubernetes.io/hostname': hostname };
			const expected = `metadata.labels: Invalid value: "${hostname}": must be no more than 63 bytes`;
			assert.equal(await problems({ metadata: { name: 'a', labels } }), expected);
			await create({ metadata, status: { capacity: { cpu: '-0', memory: '1Gi' } }, spec: { taints: [taint] } });
			for (const subresource of ['', 'status'] as const) {
				const refusal = await refusalOf(update({ metadata: { name: 'a', labels } }, subresource, admin));
				assert.equal(refusal, `422 Invalid: Node "a" is invalid: ${expected}`);
			}
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
			const refusal = '400 BadRequest: field label not supported: metadata.namespace';
			assert.equal(await refusalOf(select('metadata.namespace=')), refusal);
		});

		it('422: the provider and the addresses of pods change only from none', async () => {
			const spec = { providerID: 'a', podCIDRs: ['10.0.0.0/24'], podCIDR: '10.0.0.0/24' };
			await create({ metadata });
			await update({ metadata, spec }, '');
			const refused = (detail: string) => `422 Invalid: Node "a" is invalid: ${detail}`;
			assert.equal(
				await refusalOf(update({ metadata, spec: { ...spec, providerID: 'b' } }, '')),
				refused('spec.providerID: Invalid value: null: field cannot be modified once set'),
			);
			assert.equal(
				await refusalOf(update({ metadata, spec: { providerID: 'a' } }, '')),
				refused('spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'),
			);
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

	describe('ConfigMaps', () => {
		beforeEach(() => store().create(storeKey(resources.namespaces, '', 'ns'), {}));
		const create = (object: object) =>
			refusalOf(
				on(configMaps).create(
					request('create', resources.configMaps, {
						object: typed(resources.configMaps, { metadata: { name: 'x' }, ...object }),
						namespace: 'ns',
						user: node('a'),
					}),
				),
			);
		it('422: keys of another form, one key twice, more than 1 MiB', async () => {
			assert.match(await create({ data: { 'a b': '' } }), /data\[a b\]: Invalid value: "a b": a valid config key must/);
			assert.match(
				await create({ binaryData: { '..': '' } }),
				/binaryData\[..\]: Invalid value: "..": must not be '..'/,
			);
			assert.match(await create({ data: { k: '' }, binaryData: { k: '' } }), /duplicate of key present in binaryData/);
			assert.equal(
				await create({ data: { k: 'x'.repeat(2 ** 20 - 1) }, binaryData: { b: Buffer.from('xx').toString('base64') } }),
				'422 Invalid: ConfigMap "x" is invalid: []: Too long: may not be more than 1048576 bytes',
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
				'leases.coordination.k8s.io "a" is forbidden: can only access node lease with the same name as the ' +
				'requesting node';
			assert.equal(await refusalOf(create({}, node('b'))), `403 Forbidden: ${text}`);
		});
	});
});
