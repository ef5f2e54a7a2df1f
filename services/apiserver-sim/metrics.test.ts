import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import { contractOf } from '../../lib/rpc/contracts.ts';
import type { Ending } from '../../lib/rpc/server.ts';
import { countedAuthenticator, labelsOfInfo, requestMetrics } from './metrics.ts';
import type { Credentials } from './request/api-request.ts';
import { infoOfPath } from './request/info.ts';

describe('the requests of the API server', () => {
	let registry: Registry;
	let nowMs: number;
	let metrics: ReturnType<typeof requestMetrics>;
	const samples = async (name: string) =>
		(await registry.getSingleMetricAsString(name)).split('\n').filter((line) => !line.startsWith('#'));
	const message = (service: string, method: string, request: object, ending: Ending = 'answered') =>
		metrics.grpc({ service: `kubejoin.v1.${service}`, method, type: 'unary' })(request)(ending);
	const http = (method: string, path: string, isWatch = false) =>
		metrics.http(infoOfPath(method, path, new URLSearchParams(isWatch ? 'watch=1' : '')), method);
	const labelsOf = (method: string, path: string, isWatch = false) =>
		labelsOfInfo(infoOfPath(method, path, new URLSearchParams(isWatch ? 'watch=1' : '')), method);
	/** The labels of a row of apiserver_request_total, without those that are the same in all rows. */
	const counted = async () =>
		(await samples('apiserver_request_total')).map((line) =>
			[...line.matchAll(/(\w+)="([^"]*)"/g)]
				.flatMap(([, label, value]) => (['dry_run', 'component'].includes(label ?? '') ? [] : [value]))
				.join(' '),
		);

	beforeEach(() => {
		registry = new Registry();
		nowMs = 0;
		metrics = requestMetrics(registry, () => nowMs);
	});

	it("have upstream's labels, in upstream's order, and upstream's buckets", async () => {
		const list = { service: 'kubejoin.v1.Leases', method: 'List', type: 'unary' } as const;
		const ended = metrics.grpc(list)({ namespace: 'kube-node-lease' });
		nowMs = 30;
		ended('answered');
		const labels =
			'verb="LIST",dry_run="",group="coordination.k8s.io",version="v1",resource="leases",subresource="",' +
			'scope="namespace",component="apiserver"';
		assert.deepEqual(await samples('apiserver_request_total'), [`apiserver_request_total{${labels},code="200"} 1`]);
		const durations = await samples('apiserver_request_duration_seconds');
		assert.ok(durations.includes(`apiserver_request_duration_seconds_sum{${labels}} 0.03`), durations.join('\n'));
		const bounds = durations.flatMap((line) => /le="([^"]*)"/.exec(line)?.[1] ?? []).join(' ');
		assert.equal(bounds, '0.005 0.025 0.05 0.1 0.2 0.4 0.6 0.8 1 1.25 1.5 2 3 4 5 6 8 10 15 20 30 45 60 +Inf');
	});

	it('are the same over gRPC and over HTTPS', async () => {
		const csr = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
		const pairs: [string, string, object, string, string][] = [
			['Nodes', 'Get', { name: 'a' }, 'GET', '/api/v1/nodes/a'],
			['Nodes', 'List', {}, 'GET', '/api/v1/nodes'],
			['Nodes', 'List', {}, 'HEAD', '/api/v1/nodes'],
			['Nodes', 'UpdateStatus', { metadata: { name: 'a' } }, 'PUT', '/api/v1/nodes/a/status'],
			['ConfigMaps', 'List', { namespace: 'n' }, 'GET', '/api/v1/namespaces/n/configmaps'],
			['ConfigMaps', 'List', {}, 'GET', '/api/v1/configmaps'],
			['CertificateSigningRequests', 'Create', { metadata: {} }, 'POST', csr],
			['CertificateSigningRequests', 'UpdateApproval', { metadata: { name: 'a' } }, 'PUT', `${csr}/a/approval`],
			['CertificateSigningRequests', 'Delete', { name: 'a' }, 'DELETE', `${csr}/a`],
		];
		for (const [service, method, request, httpMethod, path] of pairs) {
			registry.resetMetrics();
			message(service, method, request);
			http(httpMethod, path)(httpMethod === 'POST' ? 201 : 200);
			assert.equal((await counted()).length, 1, `${method} ${service}`);
		}
		registry.resetMetrics();
		message('Nodes', 'Watch', {}, 'cancelled');
		http('GET', '/api/v1/nodes', true)(200);
		assert.deepEqual(await counted(), ['WATCH  v1 nodes  cluster 200']);
	});

	it('every method of every contract has a verb', async () => {
		for (const resource of Object.values(resources)) {
			for (const method of Object.keys(contractOf(resource.service))) message(resource.service, method, {});
		}
		const rows = await counted();
		assert.ok(rows.length > 20, rows.join('\n'));
		for (const row of rows)
			assert.match(
				row,
				/^(POST|GET|LIST|WATCH|PUT|PATCH|DELETE|DELETECOLLECTION) \S* v1 [a-z]+ [a-z]* (cluster|resource) 20[01]$/,
			);
	});

	it('counts a refusal with the HTTP status of the answer', async () => {
		const forbidden = new KubejoinError('API_FORBIDDEN', {
			resource: 'nodes',
			group: '',
			name: 'secret',
			because: 'no',
		});
		message('Nodes', 'Create', {}, forbidden);
		message('Nodes', 'Create', {}, new KubejoinError('API_UNAUTHORIZED', {}));
		message('Nodes', 'Create', {}, new KubejoinError('TOKEN_SECRET_WRONG', { id: 'abcdef' }));
		message('Nodes', 'Create', {}, new KubejoinError('INTERNAL', { id: '1' }));
		const rows = (await samples('apiserver_request_total')).map((line) =>
			line.replace(/.*code="(\d+)"\} (\d+)/, '$1 $2'),
		);
		assert.deepEqual(rows, ['403 1', '401 2', '500 1']);
	});

	it('reports the maximum of concurrent requests, without watches', async () => {
		const inFlight = async () =>
			(await samples('apiserver_current_inflight_requests')).map((line) => line.replace(/.*="(\w+)"\} /, '$1 '));
		const path = '/api/v1/nodes';
		const reads = [http('GET', path), http('GET', path), http('GET', path, true)];
		for (const ended of reads) ended(200);
		const writing = http('POST', path);
		assert.deepEqual(await inFlight(), ['mutating 1', 'readOnly 2']);
		assert.deepEqual(await inFlight(), ['mutating 1', 'readOnly 0']);
		writing(201);
		await inFlight();
		assert.deepEqual(await inFlight(), ['mutating 0', 'readOnly 0']);
	});

	it('labels unknown values as `other`', () => {
		assert.deepEqual(Object.values(labelsOf('PROPFIND', '/api/v1/nodes/a/secret')), [
			'other',
			'',
			'',
			'v1',
			'nodes',
			'other',
			'resource',
			'apiserver',
		]);
		assert.deepEqual(Object.values(labelsOf('GET', '/api/v1/tokens/abcdef')), [
			'GET',
			'',
			'',
			'',
			'',
			'other',
			'',
			'apiserver',
		]);
		assert.deepEqual(Object.values(labelsOf('GET', '/healthz')), ['GET', '', '', '', '', '/healthz', '', 'apiserver']);
		const words = new Set(
			Object.values(resources).flatMap(({ group, version, resource }) => [group, version, resource]),
		);
		for (const word of [
			'GET',
			'LIST',
			'WATCH',
			'CONNECT',
			'POST',
			'PUT',
			'PATCH',
			'DELETE',
			'DELETECOLLECTION',
			'other',
			'',
			'status',
			'approval',
		])
			words.add(word);
		for (const word of ['/healthz', '/livez', '/readyz', '/version', 'cluster', 'namespace', 'resource', 'apiserver'])
			words.add(word);
		const part = fc.oneof(
			fc.string(),
			fc.constantFrom('api', 'apis', 'v1', 'nodes', 'namespaces', 'secrets', 'certificates.k8s.io', 'status'),
		);
		const path = fc.oneof(
			fc.webPath(),
			fc.array(part).map((parts) => `/${parts.join('/')}`),
		);
		const method = fc.oneof(fc.string(), fc.constantFrom('GET', 'HEAD', 'POST', 'TRACE'));
		fc.assert(
			fc.property(method, path, fc.boolean(), (...request) => {
				for (const value of Object.values(labelsOf(...request))) assert.ok(words.has(value), value);
			}),
		);
	});

	it('a word of a message never is a label', async () => {
		const canary = 'canary';
		const request = {
			namespace: canary,
			name: canary,
			fieldSelector: canary,
			metadata: { name: canary, namespace: canary },
			spec: { request: canary },
		};
		for (const method of Object.keys(contractOf('ConfigMaps'))) message('ConfigMaps', method, request);
		const text = await registry.metrics();
		assert.ok(text.includes('configmaps') && !text.includes(canary));
	});
});

describe('who was let in', () => {
	const hourMs = 3_600_000;
	const credentials = (notAfter?: number): Credentials => ({
		peer: {
			address: '127.0.0.1:1',
			certificate:
				notAfter === undefined
					? { state: 'none' }
					: { state: 'verified', commonName: 'canary', organizations: [], fingerprint: '', notBefore: 0, notAfter },
		},
		authorization: 'Bearer abcdef.0123456789abcdef',
		impersonation: [],
	});

	it('is counted by result alone, with the lifetime of the certificate that was shown', async () => {
		const registry = new Registry();
		let isGood = true;
		const authenticate = countedAuthenticator(
			({ peer: { certificate } }) => {
				if (!isGood) return Promise.reject(new KubejoinError('API_UNAUTHORIZED', {}));
				const user = { username: 'canary', groups: [] };
				return certificate.state === 'verified' ? user : Promise.resolve(user);
			},
			registry,
			() => hourMs,
		);
		assert.deepEqual(await authenticate(credentials()), { username: 'canary', groups: [] });
		await authenticate(credentials(3 * hourMs));
		isGood = false;
		await assert.rejects(async () => authenticate(credentials(0)));
		const text = await registry.metrics();
		for (const line of [
			'authentication_attempts{result="success"} 2',
			'authentication_attempts{result="error"} 1',
			'apiserver_client_certificate_expiration_seconds_bucket{le="0"} 1',
			'apiserver_client_certificate_expiration_seconds_bucket{le="3600"} 1',
			'apiserver_client_certificate_expiration_seconds_bucket{le="7200"} 2',
			'apiserver_client_certificate_expiration_seconds_bucket{le="31104000"} 2',
		]) {
			assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
		}
		assert.doesNotMatch(text, /canary|abcdef/);
	});
});
