import assert from 'node:assert/strict';
import type { Pod } from './pod.ts';
import { specResources, sumOfContainers } from './pod-resources.ts';

const podWith = (spec: object): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }) as Pod;
const requesting = (requests: object, more: object = {}) => ({ name: 'c', resources: { requests }, ...more });

describe('the resources of a pod', () => {
	it('are those of its containers, or of an init container that needs more, beside the sidecars before it', () => {
		const initContainers = [
			requesting({ cpu: '1500m', memory: '1Gi' }),
			requesting({ cpu: '200m' }, { restartPolicy: 'Always' }),
			requesting({ cpu: '1', 'example.com/a': '3' }),
		];
		const containers = [requesting({ cpu: '500m', memory: '512Mi' }), requesting({ cpu: '250m', memory: '512Mi' })];
		const pod = podWith({ containers, initContainers });
		assert.deepEqual(specResources(pod, 'requests'), { cpu: '1500m', memory: '1Gi', 'example.com/a': '3' });
		assert.deepEqual(specResources(podWith({ containers }), 'requests'), { cpu: '750m', memory: '1Gi' });
		const greater = [requesting({ cpu: '1200m' }, { restartPolicy: 'Always' }), requesting({ cpu: '1' })];
		const sum = specResources(podWith({ containers, initContainers: greater }), 'requests');
		assert.deepEqual(sum, { cpu: '2200m', memory: '1Gi' });
	});

	it('count the names that are asked for', () => {
		const pod = podWith({ containers: [requesting({ cpu: '1', memory: '1Gi' })] });
		assert.deepEqual(
			sumOfContainers(pod, 'requests', (name) => name === 'cpu'),
			{ cpu: '1' },
		);
	});
});
