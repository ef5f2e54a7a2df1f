import assert from 'node:assert/strict';
import { subresourcesOf, verbOf } from './request-attributes.ts';

describe('the attributes of a request to the kubelet', () => {
	it('have the subresources of upstream, the fine-grained one first', () => {
		const expected: Readonly<Record<string, string>> = {
			'/pods': 'pods proxy',
			'/pods/': 'pods proxy',
			'/runningpods/': 'pods proxy',
			'/allocatedPods/x': 'pods proxy',
			'/healthz': 'healthz proxy',
			'/healthz/ping': 'healthz proxy',
			'/configz': 'configz proxy',
			'/stats/summary': 'stats',
			'/metrics': 'metrics',
			'/metrics/cadvisor': 'metrics',
			'/logs/x': 'log',
			'/checkpoint/a/b/c': 'checkpoint',
			'/statusz': 'statusz',
			'/flagz': 'configz',
			'/containerLogs/a/b/c': 'proxy',
			'/exec/a/b/c': 'proxy',
			'/podsx': 'proxy',
			'/': 'proxy',
			'': 'proxy',
		};
		const found = Object.keys(expected).map((path) => [path, subresourcesOf(path).join(' ')]);
		assert.deepEqual(Object.fromEntries(found), expected);
	});

	it('have the verb of the method, and none for HEAD', () => {
		const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE'].map(verbOf);
		assert.deepEqual(verbs, ['get', 'create', 'update', 'patch', 'delete', '', '']);
	});
});
