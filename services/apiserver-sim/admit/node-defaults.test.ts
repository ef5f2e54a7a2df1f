/** Values that pods get from runtime classes and nodes, and new nodes from the API server. */
import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import { refusalOf } from '../fixtures.test.ts';
import { admitPod, objectOf, podOf, readerOf, writeOf } from './fixtures.test.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { runtimeClass } from './runtime-class.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

const forbidden = '403 Forbidden: pods "p" is forbidden: ';

describe('RuntimeClass', () => {
	const podFixed = { memory: '64Mi' };
	const gpu = objectOf(resources.runtimeClasses, 'gpu', {
		handler: 'gpu',
		overhead: { podFixed },
		scheduling: {
			nodeSelector: { gpu: 'yes' },
			tolerations: [
				{ key: 'gpu', operator: 'Exists' },
				{ key: 'own', operator: 'Equal', value: 'x', effect: 'NoSchedule' },
			],
		},
	});
	const plain = objectOf(resources.runtimeClasses, 'plain', { handler: 'runc' });
	const plugin = runtimeClass(readerOf(gpu, plain));
	const admit = (spec: object) => admitPod(plugin, podOf(spec));

	it('gives a pod the overhead, the node selector and the tolerations of its class', async () => {
		const { spec } = await admit({
			runtimeClassName: 'gpu',
			nodeSelector: { disk: 'ssd' },
			tolerations: [
				{ key: 'own', operator: 'Exists' },
				{ key: 'gpu', operator: 'Equal', value: '1' },
			],
		});
		assert.deepEqual(spec, {
			runtimeClassName: 'gpu',
			overhead: podFixed,
			nodeSelector: { disk: 'ssd', gpu: 'yes' },
			tolerations: [
				{ key: 'own', operator: 'Exists' },
				{ key: 'gpu', operator: 'Exists' },
			],
		});
		const unchanged = { runtimeClassName: 'plain' };
		assert.deepEqual((await admit(unchanged)).spec, unchanged);
	});

	it('403: an unknown class, another overhead, or a node selector that contradicts the class', async () => {
		const refused: [object, string][] = [
			[{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
			[
				{ runtimeClassName: 'gpu', overhead: { memory: '1Mi' } },
				"pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
			],
			[
				{ runtimeClassName: 'plain', overhead: podFixed },
				'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
			],
			[{ overhead: podFixed }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
			[
				{ runtimeClassName: 'gpu', nodeSelector: { gpu: 'no' } },
				'conflict: runtimeClass.scheduling.nodeSelector[gpu] = yes; pod.spec.nodeSelector[gpu] = no',
			],
		];
		for (const [spec, text] of refused) assert.equal(await refusalOf(admit(spec)), `${forbidden}${text}`);
		await admit({ runtimeClassName: 'gpu', overhead: { memory: '65536Ki' } });
	});
});

describe('TaintNodesByCondition', () => {
	const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
	const admit = (spec: object, operation: 'CREATE' | 'UPDATE' = 'CREATE') =>
		taintNodesByCondition.mutate?.(writeOf(resources.nodes, objectOf(resources.nodes, 'n', { spec }), { operation }));

	it('taints a new node, once', () => {
		const other = { key: 'a', effect: 'NoSchedule' };
		assert.deepEqual(admit({ taints: [other] }), objectOf(resources.nodes, 'n', { spec: { taints: [other, taint] } }));
		assert.equal(admit({ taints: [taint] }), undefined);
		assert.equal(admit({}, 'UPDATE'), undefined);
	});
});

describe('PodTopologyLabels', () => {
	it('copies the zone and the region of the node to a pod that is assigned to it', async () => {
		const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' };
		const plugin = podTopologyLabels(readerOf(objectOf(resources.nodes, 'n', { metadata: { labels } })));
		const { other: _other, ...topology } = labels;
		const labelsOf = async (spec: object, more: object = {}) =>
			(await admitPod(plugin, podOf(spec, { labels: { own: 'y' } }), more)).metadata.labels;
		const expected = { own: 'y', ...topology };
		assert.deepEqual(await labelsOf({ nodeName: 'n' }), expected);
		assert.deepEqual(await labelsOf({ nodeName: 'n' }, { operation: 'UPDATE', subresource: 'binding' }), expected);
		for (const spec of [{}, { nodeName: 'unknown' }]) assert.deepEqual(await labelsOf(spec), { own: 'y' });
		assert.deepEqual(await labelsOf({ nodeName: 'n' }, { operation: 'UPDATE' }), { own: 'y' });
	});
});
