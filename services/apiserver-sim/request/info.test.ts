import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resources } from '../../../lib/kube/resources.ts';
import { hasHandler, infoOfPath } from './info.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

describe('request info', () => {
	/** Verb, resource, namespace, name and subresource; or verb and path. */
	const read = (method: string, path: string, query = ''): string => {
		const info = infoOfPath(method, path, new URLSearchParams(query));
		if (!info.isResource) return `${info.verb} ${info.path}`;
		const { verb, resource, namespace, name, subresource } = info;
		const group = resource.group === '' ? '' : `.${resource.group}`;
		return [verb, `${resource.resource}${group}`, namespace, name, subresource].join('|');
	};

	it("equals upstream's for each of its URL forms", () => {
		const rows: [method: string, path: string, expected: string][] = [
			['GET', '/api/v1/namespaces/kube-public/configmaps/cluster-info', 'get|configmaps|kube-public|cluster-info|'],
			['GET', '/api/v1/nodes', 'list|nodes|||'],
			['GET', '/api/v1/nodes/', 'list|nodes|||'],
			['HEAD', '/api/v1/nodes/a', 'get|nodes||a|'],
			['GET', '/api/v1/nodes/a/status', 'get|nodes||a|status'],
			['GET', '/api/v1/nodes/a/proxy/healthz/x', 'get|nodes||a|proxy'],
			['GET', '/api/v1/namespaces', 'list|namespaces|||'],
			['GET', '/api/v1/namespaces/a', 'get|namespaces|a|a|'],
			['PUT', '/api/v1/namespaces/a/status', 'update|namespaces|a|a|status'],
			['PUT', '/api/v1/namespaces/a/finalize', 'update|namespaces|a|a|finalize'],
			['GET', '/api/v1/namespaces/a/secrets', 'list|secrets|a||'],
			['GET', '/api/v1/watch/nodes', 'watch|nodes|||'],
			['GET', '/api/v1/watch/namespaces/a/secrets/s', 'watch|secrets|a|s|'],
			['GET', '/api/v1/proxy/nodes/a/status', 'proxy|nodes||a|'],
			['GET', `${CSRS}/c/approval`, 'get|certificatesigningrequests.certificates.k8s.io||c|approval'],
			['POST', CSRS, 'create|certificatesigningrequests.certificates.k8s.io|||'],
			['PATCH', `${CSRS}/c`, 'patch|certificatesigningrequests.certificates.k8s.io||c|'],
			['DELETE', `${CSRS}/c`, 'delete|certificatesigningrequests.certificates.k8s.io||c|'],
			['DELETE', CSRS, 'deletecollection|certificatesigningrequests.certificates.k8s.io|||'],
			['OPTIONS', '/api/v1/nodes', '|nodes|||'],
			['GET', '/', 'get /'],
			['POST', '/healthz', 'post /healthz'],
			['GET', '/api', 'get /api'],
			['GET', '/api/v1', 'get /api/v1'],
			['GET', '/api/v1/watch', 'get /api/v1/watch'],
			['GET', '/apis/g/v1', 'get /apis/g/v1'],
			['OPTIONS', '*', 'options *'],
		];
		for (const [method, path, expected] of rows) assert.equal(read(method, path), expected, path);
		assert.equal(read('GET', '/api/v1/nodes', 'watch=1'), 'watch|nodes|||');
		assert.equal(read('GET', '/api/v1/nodes/a', 'watch=true'), 'get|nodes||a|');
	});

	it('has the row of a resource at its own scope only, and for a path that is written as upstream has it', () => {
		const rowAt = (path: string) => {
			const info = infoOfPath('GET', path);
			return info.isResource && info.resource.kind !== '' ? info.resource : undefined;
		};
		for (const path of [
			'/api/v1/namespaces/default/nodes',
			'/api/v1/namespaces/default/nodes/a',
			'/api/v1/namespaces/default/namespaces/a',
			'/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterrolebindings/a',
			'/apis/coordination.k8s.io/v1/leases/a',
			'/api/v1/secrets/a',
			'/api/v1/secrets/a/status',
			'/api/v1/namespaces//secrets/a',
			'/api/v1/namespaces//nodes',
			'/api/v1//namespaces/a/secrets',
			'/api/v1/bindings',
			'/api/v1/namespaces/default/bindings/a',
			'/apis/authentication.k8s.io/v1/tokenreviews/a',
			'/apis/authorization.k8s.io/v1/localsubjectaccessreviews',
			'/api/v1//nodes',
			'//api/v1/nodes',
			'/api/v2/nodes',
			'/apis/v1/nodes',
			'/api/v1/proxy/nodes/a',
			'/api/v1/foos',
		])
			assert.equal(rowAt(path), undefined, path);
		assert.equal(rowAt('/api/v1/nodes/a'), resources.nodes);
		assert.equal(rowAt('/api/v1/nodes//'), resources.nodes);
		assert.equal(rowAt('/api/v1/secrets'), resources.secrets);
		assert.equal(rowAt('/api/v1/namespaces//secrets'), resources.secrets);
		assert.equal(rowAt('/api/v1/watch/namespaces//secrets'), resources.secrets);
		assert.equal(rowAt('/apis/authentication.k8s.io/v1/tokenreviews'), resources.tokenReviews);
		assert.equal(rowAt('/api/v1/namespaces/default/secrets/a'), resources.secrets);
		assert.equal(rowAt('/api/v1/namespaces/default'), resources.namespaces);
		assert.equal(rowAt('/api/v1/watch/nodes'), resources.nodes);
	});

	it('says which unknown resources upstream has a handler for', () => {
		const isHandled = (path: string) => hasHandler(infoOfPath('GET', path));
		const versions = ['/api/v2', '/api/v2/', '/apis/certificates.k8s.io/v9'];
		for (const path of ['/api/v1/foos', '/api/v2/nodes', '/apis/certificates.k8s.io/v1beta1/x', ...versions])
			assert.ok(isHandled(path), path);
		const unknown = [
			'/api',
			'/apis',
			'/apis/foo.k8s.io',
			'/apis/foo.k8s.io/v1',
			'/apis//v1',
			'/apis/certificates.k8s.io',
		];
		for (const path of ['/apis/foo.k8s.io/v1/foos', '//api/v1/nodes', '/nosuch', ...unknown])
			assert.ok(!isHandled(path), path);
	});

	it('is parsed in linear time for any path', () => {
		const part = fc.oneof(fc.string(), fc.constantFrom('', 'api', 'apis', 'v1', 'namespaces', 'watch', 'nodes', '..'));
		const path = fc.oneof(
			fc.string(),
			fc.webPath(),
			fc.array(part).map((parts) => `/${parts.join('/')}`),
		);
		fc.assert(
			fc.property(fc.string(), path, fc.webQueryParameters(), (method, at, query) => {
				infoOfPath(method, at, new URLSearchParams(query));
			}),
		);
		for (const long of ['/'.repeat(16_384), `${'/'.repeat(16_384)}x`, `/api/v1${'/x'.repeat(8_192)}`]) {
			// The least of five: the machine may be busy.
			const tookMs = [1, 2, 3, 4, 5].map(() => {
				const startedMs = performance.now();
				infoOfPath('GET', long);
				return performance.now() - startedMs;
			});
			assert.ok(Math.min(...tookMs) < 50);
		}
	});
});
