import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { RelatedResource } from './node.ts';
import { PodGraph } from './node-graph.ts';

const podOf = (name: string, node: string | undefined, spec: object = {}, more: object = {}): KubeObject => {
	const nodeName = node === undefined ? {} : { nodeName: node };
	const parts = { spec: { ...nodeName, ...spec }, ...more };
	return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns' }, ...parts };
};
const graphOf = (...pods: KubeObject[]) => {
	const graph = new PodGraph();
	for (const pod of pods) graph.set(`pods/ns/${pod.metadata.name}`, pod);
	return graph;
};
/** Every place of a pod that names another object; the name is that of its place. */
const everyReference = {
	serviceAccountName: 'account',
	imagePullSecrets: [{ name: 'pull' }],
	initContainers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'init-env' } } }] }],
	containers: [
		{ envFrom: [{ secretRef: { name: 'env-from' } }, { configMapRef: { name: 'env-from' } }] },
		{ env: [{ name: 'plain', value: 'x' }, { valueFrom: { configMapKeyRef: { name: 'env' } } }] },
	],
	ephemeralContainers: [{ envFrom: [{ secretRef: { name: 'debug' } }] }],
	volumes: [
		{ name: 'a', secret: { secretName: 'volume' } },
		{ name: 'b', configMap: { name: 'volume' } },
		{ name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
		{ name: 'd', azureFile: { secretName: 'azure' } },
		...['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'].map((source) => ({
			name: source,
			[source]: { secretRef: { name: source.toLowerCase() } },
		})),
		{ name: 'e', csi: { nodePublishSecretRef: { name: 'csi' } } },
		{ name: 'f', persistentVolumeClaim: { claimName: 'claim' } },
		{ name: 'data', ephemeral: {} },
		{ name: 'g', emptyDir: {} },
	],
	resourceClaims: [{ name: 'r', resourceClaimName: 'direct' }, { name: 'template' }, { name: 'pending' }],
};
const status = {
	resourceClaimStatuses: [{ name: 'template', resourceClaimName: 'made' }],
	extendedResourceClaimStatus: { resourceClaimName: 'extended' },
};
const related: Partial<Record<RelatedResource, string[]>> = {
	pods: ['p'],
	serviceaccounts: ['account'],
	secrets: [
		...['pull', 'init-env', 'env-from', 'debug', 'volume', 'projected', 'azure', 'cephfs', 'cinder', 'flexvolume'],
		...['rbd', 'scaleio', 'iscsi', 'storageos', 'csi'],
	],
	configmaps: ['env-from', 'env', 'volume', 'projected'],
	persistentvolumeclaims: ['claim', 'p-data'],
	resourceclaims: ['direct', 'made', 'extended'],
};

describe('the graph of nodes and pods', () => {
	it('relates a node to every object that its pod names, in the namespace of the pod', () => {
		const graph = graphOf(podOf('p', 'a', everyReference, { status }));
		for (const [resource, names] of Object.entries(related))
			for (const name of names) {
				const isRelated = (node: string, namespace: string) =>
					graph.related(node, resource as RelatedResource, namespace, name);
				assert.ok(isRelated('a', 'ns'), `${resource} ${name}`);
				assert.ok(!isRelated('b', 'ns') && !isRelated('a', 'other'), `${resource} ${name}`);
			}
		for (const name of ['', 'nosuch', 'emptyDir', 'p-g', 'template'])
			for (const resource of Object.keys(related))
				assert.ok(!graph.related('a', resource as RelatedResource, 'ns', name), `${resource} ${name}`);
	});

	it('relates no node to a pod that is not bound to one', () => {
		const graph = graphOf(podOf('p', undefined, everyReference));
		assert.ok(!graph.related('', 'pods', 'ns', 'p') && !graph.related('', 'secrets', 'ns', 'pull'));
	});

	it('relates a node to its mirror pod, and to nothing that the pod names', () => {
		const pod = podOf('p', 'a', everyReference);
		const annotations = { 'kubernetes.io/config.mirror': '' };
		const graph = graphOf({ ...pod, metadata: { ...pod.metadata, annotations } });
		assert.ok(graph.related('a', 'pods', 'ns', 'p'));
		assert.ok(!graph.related('a', 'secrets', 'ns', 'pull') && !graph.related('a', 'serviceaccounts', 'ns', 'account'));
	});

	it('has the same relations after any changes as a new graph of the pods that remain', () => {
		const nodes = ['a', 'b'];
		const names = ['x', 'y'];
		const anyPod = fc.record({
			node: fc.constantFrom(...nodes, undefined),
			secrets: fc.uniqueArray(fc.constantFrom(...names)),
		});
		const anyChange = fc.record({
			key: fc.constantFrom('p', 'q', 'r'),
			pod: fc.option(anyPod, { nil: undefined }),
		});
		fc.assert(
			fc.property(fc.array(anyChange, { maxLength: 12 }), (changes) => {
				const graph = new PodGraph();
				const remaining = new Map<string, KubeObject>();
				for (const { key, pod } of changes) {
					const path = `pods/ns/${key}`;
					if (pod === undefined) {
						graph.delete(path);
						remaining.delete(key);
					} else {
						const object = podOf(key, pod.node, { imagePullSecrets: pod.secrets.map((name) => ({ name })) });
						graph.set(path, object);
						remaining.set(key, object);
					}
				}
				const fresh = graphOf(...remaining.values());
				for (const node of nodes)
					for (const [resource, name] of [
						...names.map((one) => ['secrets', one] as const),
						...['p', 'q', 'r'].map((one) => ['pods', one] as const),
					])
						assert.equal(graph.related(node, resource, 'ns', name), fresh.related(node, resource, 'ns', name));
				graph.clear();
				for (const node of nodes) assert.ok(!names.some((name) => graph.related(node, 'secrets', 'ns', name)));
			}),
		);
	});
});
