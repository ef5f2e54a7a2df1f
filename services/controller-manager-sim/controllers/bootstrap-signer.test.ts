import assert from 'node:assert/strict';
import type { ConfigMap } from '../../../lib/kube/types.ts';
import { fakeLog, fakeRegistry } from '../fakes.test.ts';
import { signClusterInfo, updateSignatures } from './bootstrap-signer.ts';

const clusterInfo = (data: Record<string, string>): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name: 'cluster-info', namespace: 'kube-public', resourceVersion: '1' },
	data,
});

describe('signing cluster-info', () => {
	it('has exactly the signatures of the tokens that may sign', () => {
		const before = clusterInfo({
			kubeconfig: 'k',
			other: 'o',
			'jws-kubeconfig-aaaaaa': 'old',
			'jws-kubeconfig-bbbbbb': 'b',
			'jws-kubeconfig-cccccc': 'c',
		});
		const signatures = ['aaaaaa', 'bbbbbb', 'dddddd'].map((tokenId) => ({ tokenId, jws: tokenId.slice(0, 1) }));
		const after = signClusterInfo(before, signatures);
		const wanted = {
			kubeconfig: 'k',
			other: 'o',
			'jws-kubeconfig-aaaaaa': 'a',
			'jws-kubeconfig-bbbbbb': 'b',
			'jws-kubeconfig-dddddd': 'd',
		};
		assert.deepEqual(after, {
			configMap: { ...before, data: wanted },
			signed: ['aaaaaa', 'dddddd'],
			withdrawn: ['cccccc'],
		});
		assert.ok(after);
		assert.equal(signClusterInfo(after.configMap, signatures), undefined);
	});

	function signing(cached: ConfigMap) {
		const registry = fakeRegistry(cached);
		const contents: string[] = [];
		const tokenStore = {
			signDetached: async (content: string) => {
				contents.push(content);
				return [{ tokenId: 'aaaaaa', jws: 'a' }];
			},
		};
		const { log, messages } = fakeLog();
		return {
			update: () => updateSignatures({ configMaps: registry, tokenStore, find: () => cached, log }),
			registry,
			contents,
			messages,
		};
	}

	it('signs the kubeconfig and writes only what changed', async () => {
		const { update, registry, contents, messages } = signing(clusterInfo({ kubeconfig: 'k' }));
		await update();
		assert.deepEqual(contents, ['k']);
		assert.deepEqual(registry.present()?.data, { kubeconfig: 'k', 'jws-kubeconfig-aaaaaa': 'a' });
		assert.deepEqual(messages, ['signed cluster-info for token aaaaaa']);
		const same = signing(clusterInfo({ kubeconfig: 'k', 'jws-kubeconfig-aaaaaa': 'a' }));
		await same.update();
		assert.deepEqual(same.registry.writes, []);
	});

	it('without a kubeconfig there is nothing to sign', async () => {
		const { update, contents } = signing(clusterInfo({ 'jws-kubeconfig-bbbbbb': 'b' }));
		await update();
		assert.deepEqual(contents, []);
	});

	it('API_CONFLICT, API_NOT_FOUND are waited out', async () => {
		const { update, registry, messages } = signing(clusterInfo({ kubeconfig: 'k' }));
		await registry.update(clusterInfo({ kubeconfig: 'other' }));
		await update();
		assert.equal(registry.present()?.data?.kubeconfig, 'other');
		registry.remove();
		await update();
		assert.deepEqual(messages, []);
	});
});
