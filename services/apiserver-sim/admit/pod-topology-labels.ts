/**
 * A pod that is assigned to a node gets the labels of the node's zone and region.
 *
 * @source plugin/pkg/admission/podtopologylabels/admission.go, release 1.37
 */
import type { Pod } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Node } from '../../../lib/kube/types.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionPlugin, isOf, when } from './admission.ts';

const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export const podTopologyLabels = (objects: ObjectReader): AdmissionPlugin => ({
	name: 'PodTopologyLabels',
	mutate: when(
		(write) => isOf(write, resources.pods),
		async (attributes) => {
			const { operation, subresource } = attributes;
			if (!(subresource === '' && operation === 'CREATE') && subresource !== 'binding') return undefined;
			const pod = attributes.object as Pod;
			if (!pod.spec?.nodeName) return undefined;
			const node = await objects.get<Node>(resources.nodes, '', pod.spec.nodeName);
			const copied = Object.entries(node?.metadata.labels ?? {}).filter(([key]) => topologyLabels.includes(key));
			if (copied.length === 0) return undefined;
			const labels = { ...pod.metadata.labels, ...Object.fromEntries(copied) };
			return { ...pod, metadata: { ...pod.metadata, labels } };
		},
	),
});
