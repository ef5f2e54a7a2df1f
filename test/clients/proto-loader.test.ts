/**
 * A gRPC client that has the files of proto/ and nothing else of the project: @grpc/proto-loader makes its messages and
 * methods, grpc-js its connection.
 */
import assert from 'node:assert/strict';
import { credentials, makeClientConstructor, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { resources } from '../../lib/kube/resources.ts';
import { projectPath } from '../../lib/paths.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import { credentialsOf, startTestMesh, type TestMesh } from '../mesh/mesh.ts';

type ServiceClient = InstanceType<ReturnType<typeof makeClientConstructor>>;

const definition = loadSync(
	['apiserver-sim', 'ca-service', 'token-store'].map((name) => `kubejoin/${name}.proto`),
	{
		includeDirs: [projectPath('proto')],
		longs: Number,
	},
);
function serviceNamed(name: string): ServiceDefinition {
	const service = definition[`kubejoin.v1.${name}`];
	assert.ok(service !== undefined && !('format' in service), name);
	return service as ServiceDefinition;
}

describe('@grpc/proto-loader', () => {
	let mesh: TestMesh;
	const clients: ServiceClient[] = [];

	/** @param identity  certificate and key in PEM; a client without them is anonymous */
	function clientOf(service: string, identity?: { readonly cert: string; readonly key: string }): ServiceClient {
		const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
		const tls = credentials.createSsl(pem(mesh.ca), pem(identity?.key), pem(identity?.cert));
		const Service = makeClientConstructor(serviceNamed(service), service);
		const client = new Service(`localhost:${mesh.port}`, tls);
		clients.push(client);
		return client;
	}
	const asAdmin = (service: string): ServiceClient => clientOf(service, credentialsOf(mesh.pki('admin/admin.conf')));
	const call = (client: ServiceClient, method: string, request: object): Promise<unknown> =>
		new Promise((resolve, reject) => {
			client[method]?.(request, (error: ServiceError | null, answer: unknown) =>
				error === null ? resolve(answer) : reject(error),
			);
		});

	before(async () => {
		mesh = await startTestMesh();
	});
	afterEach(() => {
		for (const client of clients.splice(0)) client.close();
	});
	after(() => mesh?.stopAndRemove());

	it('reads the methods that the services offer', () => {
		const names = [...Object.values(resources).map(({ service }) => service), 'CertificateAuthority', 'TokenStore'];
		const shape = (service: ServiceDefinition) =>
			Object.entries(service).map(([name, { path, requestStream, responseStream }]) => {
				return { name, path, requestStream, responseStream };
			});
		for (const name of names) assert.deepEqual(shape(serviceNamed(name)), shape(contractOf(name)), name);
	});

	it('reads cluster-info without a credential, as a node does first', async () => {
		const answer = await call(clientOf('ConfigMaps'), 'Get', { namespace: 'kube-public', name: 'cluster-info' });
		const { data } = answer as { data: Record<string, string> };
		assert.match(data.kubeconfig ?? '', /^apiVersion: v1\n/);
	});

	it('creates, lists and watches objects', async () => {
		const client = asAdmin('ConfigMaps');
		const created = await call(client, 'Create', {
			metadata: { name: 'of-proto-loader', namespace: 'default', labels: { by: 'proto-loader' } },
			data: { a: '1' },
		});
		const list = await call(client, 'List', { namespace: 'default', labelSelector: 'by=proto-loader' });
		const { items } = list as { items: { metadata: object; data: object }[] };
		assert.deepEqual(items, [created]);
		assert.deepEqual(items[0]?.data, { a: '1' });

		const watch: AsyncIterable<unknown> = client.Watch?.({ namespace: 'default', labelSelector: 'by=proto-loader' });
		for await (const event of watch) {
			assert.deepEqual(event, { type: 'ADDED', object: created });
			break;
		}
	});

	it('is refused with the code and the text of Kubernetes', async () => {
		await assert.rejects(call(clientOf('Nodes'), 'List', {}), {
			code: status.PERMISSION_DENIED,
			details: /nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group ""/,
		});
		await assert.rejects(call(asAdmin('Nodes'), 'Get', { name: 'absent' }), {
			code: status.NOT_FOUND,
			details: 'nodes "absent" not found',
		});
	});
});
