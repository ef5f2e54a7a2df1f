import assert from 'node:assert/strict';
import { administrator, demoServerOfEachTest } from '../golden/replay.test.ts';

describe('the list of custom resource definitions', () => {
	const server = demoServerOfEachTest();
	const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
	const send = (method: string, authorization: string) =>
		server().doors.rest(method, path, { authorization, 'content-type': 'application/json' }, '');

	it('is empty, so that kubectl creates objects of kinds without PATCH', async () => {
		const { status, text } = await send('GET', administrator);
		const { kind, apiVersion, items } = JSON.parse(text);
		assert.deepEqual(
			[status, kind, apiVersion, items],
			[200, 'CustomResourceDefinitionList', 'apiextensions.k8s.io/v1', []],
		);
	});
	it('is no resource of discovery, and cannot be written', async () => {
		const { text } = await server().doors.rest('GET', '/apis', { authorization: administrator });
		assert.doesNotMatch(text, /apiextensions/);
		assert.equal((await send('POST', administrator)).status, 405);
	});
	it('is authorized like any other', async () => {
		const node = 'certificate CN=system:node:node-kubelet O=system:nodes';
		assert.equal((await send('GET', node)).status, 403);
	});
});
