import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import { registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import { createStorage } from '../registry.ts';

describe('a patch', () => {
	const store = storeOfEachTest();

	it('lets other requests run before its result is checked, because each can take long', async () => {
		const storage = createStorage({ resource: resources.configMaps, subresources: [] }, registryOn(store()));
		const place = { namespace: 'n', name: 'a' };
		const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: place };
		await storage.create(request('create', resources.configMaps, { namespace: 'n', object }));
		const events: string[] = [];
		const operation = {
			...{ op: 'replace', path: '' },
			get value() {
				if (events.push('applied') === 1) setImmediate(() => events.push('other request'));
				return [];
			},
		};
		const patch = { type: 'json', document: [operation] } as const;
		await assert.rejects(storage.patch(request('patch', resources.configMaps, { ...place, patch })));
		events.push('refused');
		assert.deepEqual(
			events.filter((event) => event !== 'applied'),
			['other request', 'refused'],
		);
	});
});
