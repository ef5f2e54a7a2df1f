import assert from 'node:assert/strict';
import { request } from 'node:https';
import { hasCode } from '../../lib/errors.ts';
import { apiClient } from '../../lib/kube/client.ts';
import { withBearerToken } from '../../lib/rpc/channel.ts';
import { healthPort, nodeHealthPort, type ServiceName, serviceNames } from '../../scripts/mesh/services.ts';
import { startTestMesh, type TestMesh } from './mesh.ts';

/** Values by name with labels, in the exposition format. */
type Samples = ReadonlyMap<string, number>;

describe('the metrics of a mesh', function () {
	this.timeout('60s');
	let mesh: TestMesh;
	let token: string;

	const textOf = async (port: number): Promise<string> => {
		const response = await fetch(`http://127.0.0.1:${port}/metrics`);
		assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
		return response.text();
	};
	const allTexts = () =>
		Promise.all([
			...serviceNames.map((name) => textOf(healthPort(mesh.port, name))),
			textOf(nodeHealthPort(mesh.port, 0)),
		]);
	const read = (text: string): Samples =>
		new Map(
			text
				.split('\n')
				.flatMap((line) =>
					/^[a-z]/.test(line)
						? [[line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]]
						: [],
				),
		);
	const of = async (service: ServiceName | 'node'): Promise<Samples> =>
		read(await textOf(service === 'node' ? nodeHealthPort(mesh.port, 0) : healthPort(mesh.port, service)));
	const requests = (verb: string, group: string, resource: string, subresource: string, scope: string, code: number) =>
		`apiserver_request_total{verb="${verb}",dry_run="",group="${group}",version="v1",resource="${resource}",subresource="${subresource}",scope="${scope}",component="apiserver",code="${code}"}`;

	const statusOf = (method: string, path: string): Promise<number | undefined> =>
		new Promise((resolve, reject) => {
			const options = { method, ca: mesh.ca, agent: false };
			request(`https://${mesh.endpoint}${path}`, options, (response) => resolve(response.resume().statusCode))
				.once('error', reject)
				.end();
		});

	before(async () => {
		mesh = await startTestMesh();
		token = await mesh.createToken();
		await mesh.startNode('node-of-metrics', 0, mesh.joinConfig({ token, discovery: '20s' }));
	});
	after(() => mesh.stopAndRemove());

	it('contain the phases of the join and the expiry of the node’s certificate', async () => {
		const node = await of('node');
		assert.equal(node.get('kubejoin_joins_total{outcome="done",code="OK"}'), 1);
		for (const phase of ['discovery/pin-ca', 'tls-bootstrap/request-certificate', 'register']) {
			assert.equal(node.get(`kubejoin_join_phase_duration_seconds_count{phase="${phase}",outcome="done"}`), 1, phase);
		}
		const days = (node.get('kubelet_certificate_manager_client_ttl_seconds') ?? 0) / 86_400;
		assert.ok(days > 364 && days < 365, `${days} days`);
		assert.equal(node.get('kubelet_certificate_manager_client_expiration_renew_errors'), 0);
	});

	it('count the requests of the API server, also refused ones', async () => {
		await assert.rejects(mesh.client({ ca: mesh.ca }).nodes.list());
		const samples = await of('apiserver-sim');
		const csrs = 'certificates.k8s.io';
		for (const name of [
			requests('POST', csrs, 'certificatesigningrequests', '', 'resource', 201),
			requests('PUT', csrs, 'certificatesigningrequests', 'approval', 'resource', 200),
			requests('PUT', csrs, 'certificatesigningrequests', 'status', 'resource', 200),
			requests('POST', '', 'nodes', '', 'resource', 201),
			requests('LIST', '', 'nodes', '', 'cluster', 403),
		]) {
			assert.equal(samples.get(name), 1, name);
		}
		assert.ok((samples.get('authentication_attempts{result="success"}') ?? 0) > 5);
		assert.ok((samples.get('apiserver_client_certificate_expiration_seconds_count') ?? 0) > 5);
		assert.ok(
			(samples.get(
				'grpc_server_handled_total{grpc_type="unary",grpc_service="kubejoin.v1.Nodes",grpc_method="List",grpc_code="PermissionDenied"}',
			) ?? 0) > 0,
		);
	});

	it('count the signatures, the verified tokens and the work queues', async () => {
		const ca = await of('ca-service');
		assert.equal(
			ca.get(
				'kubejoin_ca_signings_total{signer="kubernetes.io/kube-apiserver-client-kubelet",outcome="done",code="OK"}',
			),
			1,
		);
		assert.ok((ca.get('kubejoin_ca_certificate_expiration_timestamp_seconds') ?? 0) > Date.now() / 1000);
		assert.ok(((await of('token-store')).get('kubejoin_token_verifications_total{verdict="accepted"}') ?? 0) > 0);
		const controllers = await of('controller-manager-sim');
		for (const name of ['csr-approving', 'csr-signing', 'node-lifecycle']) {
			assert.ok((controllers.get(`workqueue_work_duration_seconds_count{name="${name}"}`) ?? 0) > 0, name);
			assert.equal(controllers.get(`workqueue_depth{name="${name}"}`), 0, name);
		}
	});

	it('describe every process', async () => {
		for (const text of await allTexts()) {
			const samples = read(text);
			for (const name of [
				'process_cpu_seconds_total',
				'process_resident_memory_bytes',
				'nodejs_eventloop_lag_p99_seconds',
			])
				assert.ok(samples.has(name), name);
		}
	});

	it('count refused tokens by reason, which the client does not receive', async () => {
		const wrong = `${token.slice(0, 7)}${'0'.repeat(16)}`;
		const api = apiClient(withBearerToken(mesh.channel(mesh.endpoint, { ca: mesh.ca }), wrong));
		await assert.rejects(api.nodes.list(), (error) => hasCode(error, 'API_UNAUTHORIZED'));
		assert.equal((await of('token-store')).get('kubejoin_token_verifications_total{verdict="TOKEN_SECRET_WRONG"}'), 1);
	});

	it('contain no secret, no token ID, no node name and no text of a client', async () => {
		const strange = 'a-word-of-a-stranger';
		for (const path of [
			`/${strange}`,
			`/api/v1/${strange}`,
			`/api/v1/nodes/${strange}/${strange}`,
			`/apis/${strange}/v1/nodes`,
		]) {
			for (const method of ['GET', 'PROPFIND']) assert.ok((await statusOf(method, path)) === 403, path);
		}
		const texts = (await allTexts()).join('\n');
		for (const word of [token.slice(0, 6), token.slice(7), 'node-of-metrics', strange, 'PRIVATE KEY'])
			assert.ok(!texts.includes(word), word);
		assert.match(texts, /subresource="other"/);
	});
});
