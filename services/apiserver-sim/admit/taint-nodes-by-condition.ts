/**
 * A new node is not ready: no pod is scheduled to it before the node controller has seen that it is.
 *
 * @source plugin/pkg/admission/nodetaint/admission.go
 */
import { resources } from '../../../lib/kube/resources.ts';
import type { Node } from '../../../lib/kube/types.ts';
import { type AdmissionPlugin, isOf } from './admission.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const taintNodesByCondition: AdmissionPlugin = {
	name: 'TaintNodesByCondition',
	mutate(attributes) {
		const { operation, subresource, object } = attributes;
		if (operation !== 'CREATE' || subresource !== '' || !isOf(attributes, resources.nodes)) return undefined;
		const node = object as Node;
		const taints = node.spec?.taints ?? [];
		if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return undefined;
		return { ...node, spec: { ...node.spec, taints: [...taints, notReady] } } as Node;
	},
};
