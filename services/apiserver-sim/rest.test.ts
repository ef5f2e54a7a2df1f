import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import fc from 'fast-check';
import { KubejoinError } from '../../lib/errors.ts';
import { createLog } from '../../lib/log.ts';
import { newConnections } from '../../lib/mesh/listener.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import { createRestApp, readResourcePath } from './rest.ts';

describe('paths', () => {
	const read = (path: string) => {
		const found = readResourcePath(path);
		return found && [found.resource.group, found.resource.resource, found.namespace, found.name, found.subresource];
	};
	it('name resources as upstream’s do', () => {
		assert.deepEqual(read('/api/v1/namespaces/kube-public/configmaps/cluster-info'), [
			'',
			'configmaps',
			'kube-public',
			'cluster-info',
			'',
		]);
		assert.deepEqual(read('/api/v1/nodes'), ['', 'nodes', '', '', '']);
		assert.deepEqual(read('/api/v1/nodes/a/status'), ['', 'nodes', '', 'a', 'status']);
		assert.deepEqual(read('/api/v1/namespaces/a'), ['', 'namespaces', 'a', 'a', '']);
		assert.deepEqual(read('/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval'), [
			'certificates.k8s.io',
			'certificatesigningrequests',
			'',
			'c',
			'approval',
		]);
		for (const path of [
			'/',
			'/version',
			'/api',
			'/api/v1',
			'/apis/g',
			'/apis/g/v1',
			'/api//nodes',
			'/api/v1/nodes/%zz',
		])
			assert.equal(read(path), undefined, path);
	});
	it('of the other scope name no resource that is served', () => {
		const isServed = (path: string) => readResourcePath(path)?.resource.kind !== '';
		for (const path of [
			'/api/v1/namespaces/default/nodes',
			'/api/v1/namespaces/default/nodes/a',
			'/api/v1/namespaces/default/namespaces/a',
			'/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterrolebindings/a',
			'/apis/coordination.k8s.io/v1/leases/a',
			'/api/v1/secrets/a',
		])
			assert.ok(!isServed(path), path);
		for (const path of ['/api/v1/nodes/a', '/api/v1/secrets', '/api/v1/namespaces/default/secrets/a'])
			assert.ok(isServed(path), path);
	});
	it('are read or are none, whatever they are', () => {
		fc.assert(fc.property(fc.webPath(), (path) => void readResourcePath(path)));
		fc.assert(fc.property(fc.array(fc.string()), (parts) => void readResourcePath(`/${parts.join('/')}`)));
	});
});

describe('the HTTPS side of the door', () => {
	let server: Server;
	let base: string;
	let isHealthy = true;
	const asked: UnauthenticatedRequest[] = [];
	const observed: { readonly came: [string, string, boolean]; readonly ended: Promise<number> }[] = [];
	const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };
	const fakePipeline: Pipeline = {
		async one(request) {
			asked.push(request);
			if (request.resource.kind === '') throw new KubejoinError('API_PATH_NOT_FOUND', {});
			if (request.name === 'secret')
				throw new KubejoinError('API_FORBIDDEN', { resource: 'nodes', group: '', name: 'secret', because: 'no' });
			if (request.name === 'broken') throw new Error('the password is hunter2');
			return object;
		},
		async list(request) {
			asked.push(request);
			if (request.resource.kind === '') throw new KubejoinError('API_PATH_NOT_FOUND', {});
			return { items: [object], resourceVersion: '7' };
		},
		watch: () => assert.fail('nobody watches here'),
		async path(path) {
			if (path === '/metrics') throw new KubejoinError('API_PATH_FORBIDDEN', { because: 'no' });
		},
	};
	before(async () => {
		const ready = {
			store: () => {
				if (!isHealthy) throw new Error('gone');
			},
		};
		const log = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });
		const observe = (...came: [string, string, boolean]) => {
			let tell: (status: number) => void = () => undefined;
			const ended = new Promise<number>((resolve) => {
				tell = resolve;
			});
			observed.push({ came, ended });
			return tell;
		};
		const options = {
			pipeline: fakePipeline,
			health: { live: {}, ready },
			connections: newConnections(),
			log,
			observe,
		};
		server = createServer(createRestApp(options)).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const address = server.address();
		base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
	});
	after(() => {
		server.closeAllConnections();
		server.close();
	});
	beforeEach(() => {
		asked.length = 0;
		observed.length = 0;
		isHealthy = true;
	});
	const get = async (path: string, method = 'GET') => {
		const response = await fetch(base + path, { method });
		return { status: response.status, headers: response.headers, text: await response.text() };
	};

	it('reads one object, and lists', async () => {
		assert.deepEqual(JSON.parse((await get('/api/v1/nodes/a')).text), object);
		const list = JSON.parse((await get('/api/v1/nodes?fieldSelector=metadata.name%3Da&limit=500')).text);
		assert.deepEqual(list, { kind: 'NodeList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: [object] });
		assert.deepEqual(
			asked.map(({ verb, name, fieldSelector }) => [verb, name, fieldSelector]),
			[
				['get', 'a', []],
				['list', '', [{ field: 'metadata.name', operator: '=', value: 'a' }]],
			],
		);
	});

	it('tells a refusal as a Kubernetes Status', async () => {
		const { status, headers, text } = await get('/api/v1/nodes/secret');
		assert.equal(status, 403);
		assert.equal(headers.get('x-content-type-options'), 'nosniff');
		assert.deepEqual(JSON.parse(text), {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message: 'nodes "secret" is forbidden: no',
			reason: 'Forbidden',
			details: { name: 'secret', kind: 'nodes' },
			code: 403,
		});
		assert.equal(JSON.parse((await get('/metrics')).text).message, 'forbidden: no');
	});

	it('tells an observer how each request came and ended', async () => {
		for (const path of ['/api/v1/nodes/a?pretty', '/api/v1/nodes/secret', '/api/v1/nodes?watch=true', '/nothing'])
			await get(path);
		await get('/healthz', 'POST');
		assert.deepEqual(await Promise.all(observed.map(async ({ came, ended }) => [...came, await ended])), [
			['GET', '/api/v1/nodes/a', false, 200],
			['GET', '/api/v1/nodes/secret', false, 403],
			['GET', '/api/v1/nodes', true, 405],
			['GET', '/nothing', false, 404],
			['POST', '/healthz', false, 404],
		]);
	});

	it('keeps what is unforeseen at home', async () => {
		const { status, text } = await get('/api/v1/nodes/broken');
		assert.equal(status, 500);
		assert.ok(!text.includes('hunter2'));
	});

	it('404 page not found, as text, for what is not there', async () => {
		const { status, text, headers } = await get('/nothing');
		assert.deepEqual(
			[status, text, headers.get('content-type')],
			[404, '404 page not found\n', 'text/plain; charset=utf-8'],
		);
	});

	it('404 as a Status for an unknown resource, version or scope of a group that is served', async () => {
		for (const path of [
			'/api/v1/foos',
			'/api/v2/nodes',
			'/api/v1/namespaces/kube-system/nodes',
			'/apis/coordination.k8s.io/v1/leases/node-1',
		]) {
			const { status, text } = await get(path);
			assert.equal(status, 404, path);
			assert.deepEqual(JSON.parse(text), {
				...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
				message: 'the server could not find the requested resource',
				...{ reason: 'NotFound', details: {}, code: 404 },
			});
		}
		assert.equal((await get('/apis/foo.k8s.io/v1/foos')).text, '404 page not found\n');
	});

	it('400 for a parameter that it does not know, 405 for a write or a watch: nothing is ignored', async () => {
		assert.equal((await get('/api/v1/nodes?labelSelector=a')).status, 400);
		assert.equal((await get('/api/v1/nodes?fieldSelector=a&fieldSelector=b')).status, 400);
		assert.equal((await get('/api/v1/nodes?watch=true')).status, 405);
		assert.equal((await get('/api/v1/nodes/a', 'DELETE')).status, 405);
		assert.equal((await get('/api/v1/nodes/a/status')).status, 405);
		assert.deepEqual(asked, []);
	});

	it('health is computed, and says which check failed', async () => {
		assert.deepEqual([(await get('/readyz')).text, (await get('/livez')).text], ['ok', 'ok']);
		isHealthy = false;
		const { status, text } = await get('/readyz');
		assert.deepEqual(
			[status, text.includes('[-]store failed: reason withheld'), text.includes('gone')],
			[500, true, false],
		);
		assert.equal((await get('/livez')).status, 200);
	});

	it('the version is consistent with itself', async () => {
		const { gitVersion, major, minor } = JSON.parse((await get('/version')).text);
		assert.ok(gitVersion.startsWith(`v${major}.${minor}.`));
	});
});
