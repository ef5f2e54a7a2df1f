import assert from 'node:assert/strict';
import { systemClock } from '../../lib/clock.ts';
import { hasCode } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import { createCa, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Call } from '../../lib/rpc/server.ts';
import { type ApiConnection, openApi } from './clients.ts';
import { FalseCluster } from './false-cluster.ts';
import { openService } from './fixtures.test.ts';
import { attackerServices, type Hear } from './server.ts';

const servicesWith = (hear: Hear, onClusterInfo: () => void = () => undefined, stopping = new AbortController()) =>
	attackerServices(
		{
			cluster: new FalseCluster(() => 'CERTIFICATE', systemClock),
			async clusterInfo() {
				onClusterInfo();
				return { kubeconfig: 'forged' };
			},
			onRegistered: () => undefined,
			stopping: stopping.signal,
		},
		hear,
	);

describe('the services of the attacker', () => {
	it('are those of the API server, each with exactly the methods of its contract', () => {
		const services = servicesWith(() => undefined);
		const declared = Object.values(resources).map(({ service }) => service);
		assert.deepEqual(
			services.map(({ name }) => name),
			declared,
		);
		for (const { name, unary, streams = {}, bidi = {}, callers } of services) {
			const methods = Object.keys(contractOf(name)).sort();
			assert.deepEqual(Object.keys({ ...unary, ...streams, ...bidi }).sort(), methods);
			assert.deepEqual(Object.keys(callers).sort(), methods);
		}
	});

	it('hear a request before they answer it', async () => {
		const order: string[] = [];
		const services = servicesWith(
			() => order.push('heard'),
			() => order.push('answered'),
		);
		const get = services.find(({ name }) => name === 'ConfigMaps')?.unary.Get;
		await get?.({ namespace: 'kube-public', name: 'cluster-info' } as never, {} as Call);
		assert.deepEqual(order, ['heard', 'answered']);
	});

	describe('over TLS', () => {
		let ca: TestCa;
		let heard: { method: string; authorization: string | undefined; message: object }[];
		let server: Awaited<ReturnType<typeof openService>>;
		let stopping: AbortController;
		let connection: ApiConnection;
		before(async () => {
			ca = await createCa('kubernetes');
		});
		beforeEach(async () => {
			heard = [];
			stopping = new AbortController();
			const hear: Hear = ({ method, metadata }, message) =>
				void heard.push({ method, authorization: metadata('authorization'), message });
			server = await openService('apiserver-sim', ca, servicesWith(hear, undefined, stopping));
			connection = openApi(server.target, ca.pem, { token: 'abcdef.0123456789abcdef' });
		});
		afterEach(async () => {
			connection.close();
			await server.close();
		});

		it('hear method, credential and message of a node, and register it', async () => {
			const { metadata } = await connection.api.nodes.create({ metadata: { name: 'node-1' } });
			assert.equal(metadata.name, 'node-1');
			const [{ method, authorization, message } = { message: {} }] = heard;
			assert.equal(method, '/kubejoin.v1.Nodes/Create');
			assert.equal(authorization, 'Bearer abcdef.0123456789abcdef');
			assert.deepEqual((message as { metadata?: object }).metadata, { name: 'node-1' });
		});

		it('hear a request that they refuse', async () => {
			await assert.rejects(connection.api.nodes.get('absent'), (error) => hasCode(error, 'API_NOT_FOUND'));
			assert.deepEqual(
				heard.map(({ method }) => method),
				['/kubejoin.v1.Nodes/Get'],
			);
		});

		it('hear a watch, and end it when the attacker stops', async () => {
			await connection.api.nodes.create({ metadata: { name: 'node-1' } });
			const seen: (string | undefined)[] = [];
			for await (const { object } of connection.api.nodes.watch({}, new AbortController().signal)) {
				seen.push(object.metadata.name);
				stopping.abort();
			}
			assert.deepEqual(seen, ['node-1']);
			assert.equal(heard.at(-1)?.method, '/kubejoin.v1.Nodes/Watch');
		});
	});
});
