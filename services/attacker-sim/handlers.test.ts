import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import type { Call } from '../../lib/rpc/server.ts';
import { FalseCluster } from './false-cluster.ts';
import { resourceHandlers } from './handlers.ts';

const { configMaps, nodes, certificateSigningRequests, leases } = resources;
const isNotFound = (error: unknown): boolean => hasCode(error, 'API_NOT_FOUND');

describe('the handlers of the false cluster', () => {
	let cluster: FalseCluster;
	let registered: string[];
	let stopping: AbortController;
	let hangUp: AbortController;
	beforeEach(() => {
		cluster = new FalseCluster(
			() => 'CERTIFICATE',
			() => Date.UTC(2026, 5, 1),
		);
		registered = [];
		stopping = new AbortController();
		hangUp = new AbortController();
	});

	const caller = () => ({ signal: hangUp.signal }) as Call;
	const handlersOf = (resource: ApiResource) =>
		resourceHandlers(resource, {
			cluster,
			clusterInfo: async () => ({ kubeconfig: 'forged' }),
			onRegistered: (node) => void registered.push(node),
			stopping: stopping.signal,
		});
	const send = async (resource: ApiResource, method: string, message: object): Promise<object | undefined> =>
		handlersOf(resource).unary[method]?.(message as never, caller());
	async function* watch(resource: ApiResource, message: object = {}) {
		for await (const event of handlersOf(resource).streams.Watch?.(message as never, caller()) ?? [])
			yield event as { readonly type: string; readonly object: KubeObject };
	}
	const createNodes = (...names: string[]) =>
		Promise.all(names.map((name) => send(nodes, 'Create', { metadata: { name } })));
	const namesIn = (list: object | undefined) => (list as { items: KubeObject[] }).items.map((one) => one.metadata.name);

	it('serve the forged cluster-info', async () =>
		assert.deepEqual(await send(configMaps, 'Get', { namespace: 'kube-public', name: 'cluster-info' }), {
			metadata: { name: 'cluster-info', namespace: 'kube-public' },
			data: { kubeconfig: 'forged' },
		}));

	for (const [title, resource, message] of [
		['another ConfigMap', configMaps, { namespace: 'kube-public', name: 'other' }],
		['cluster-info of another namespace', configMaps, { namespace: 'kube-system', name: 'cluster-info' }],
		['another resource with the name cluster-info', leases, { namespace: 'kube-public', name: 'cluster-info' }],
		['an object without a name', configMaps, {}],
	] as const)
		it(`do not serve ${title} as cluster-info`, () => assert.rejects(send(resource, 'Get', message), isNotFound));

	it('report a node that registers, and no other object', async () => {
		await createNodes('node-1');
		await send(leases, 'Create', { metadata: { name: 'node-2', namespace: 'kube-node-lease' } });
		assert.deepEqual(registered, ['node-1']);
	});

	it('do not report a node that exists already', async () => {
		await createNodes('node-1');
		await assert.rejects(createNodes('node-1'), (error) => hasCode(error, 'API_ALREADY_EXISTS'));
		assert.deepEqual(registered, ['node-1']);
	});

	it('sign a request when it is created', async () => {
		const spec = { request: '', signerName: 'x', usages: [] };
		const created = await send(certificateSigningRequests, 'Create', { metadata: { name: 'csr-1' }, spec });
		const { status } = created as { status: { certificate: string } };
		assert.equal(Buffer.from(status.certificate, 'base64').toString(), 'CERTIFICATE');
	});

	for (const method of ['Update', 'UpdateStatus', 'UpdateApproval'])
		it(`store an object with ${method}, and return it with Get`, async () => {
			await createNodes('node-1');
			const updated = await send(nodes, method, { metadata: { name: 'node-1' }, status: { phase: method } });
			assert.equal((updated as { status?: { phase: string } }).status?.phase, method);
			assert.deepEqual(await send(nodes, 'Get', { name: 'node-1' }), updated);
		});

	it('find an object only in its namespace', async () => {
		await send(leases, 'Create', { metadata: { name: 'a', namespace: 'kube-node-lease' } });
		await send(leases, 'Get', { name: 'a', namespace: 'kube-node-lease' });
		await assert.rejects(send(leases, 'Get', { name: 'a' }), isNotFound);
		await assert.rejects(send(leases, 'Delete', { name: 'a' }), isNotFound);
	});

	it('delete an object', async () => {
		await createNodes('node-1', 'node-2');
		assert.deepEqual(await send(nodes, 'Delete', { name: 'node-1' }), { status: 'Success' });
		assert.deepEqual(namesIn(await send(nodes, 'List', {})), ['node-2']);
	});

	for (const [fieldSelector, expected] of [
		['', ['a', 'b']],
		['metadata.name=b', ['b']],
		['metadata.name==b', ['b']],
		['spec.unschedulable=false,metadata.name=b', ['b']],
		['metadata.name=c', []],
		['spec.unschedulable=false', ['a', 'b']],
	] as const)
		it(`list ${expected.join(' and ') || 'no node'} for the selector "${fieldSelector}"`, async () => {
			await createNodes('a', 'b');
			assert.deepEqual(namesIn(await send(nodes, 'List', { fieldSelector })), expected);
		});

	it('list with the version of the last change', async () => {
		const [, last] = await createNodes('a', 'b');
		const { metadata } = (await send(nodes, 'List', {})) as KubeObject;
		assert.equal(metadata.resourceVersion, (last as KubeObject).metadata.resourceVersion);
	});

	it('send the selected objects to a watch', async () => {
		await createNodes('a', 'b');
		const events = watch(nodes, { fieldSelector: 'metadata.name=b' });
		const { value } = await events.next();
		assert.deepEqual([value?.type, value?.object.metadata.name], ['ADDED', 'b']);
		stopping.abort();
		assert.equal((await events.next()).done, true);
	});

	for (const [title, end] of [
		['the caller hangs up', () => hangUp],
		['the attacker stops', () => stopping],
	] as const)
		it(`keep a watch open until ${title}`, async () => {
			const ended = watch(nodes).next();
			const first = await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, 'open'))]);
			assert.equal(first, 'open');
			end().abort();
			assert.equal((await ended).done, true);
			assert.equal((await watch(nodes).next()).done, true);
		});
});
