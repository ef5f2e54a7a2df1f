/**
 * A pod tolerates a node that is not ready or not reachable for five minutes, unless it says otherwise.
 *
 * @source plugin/pkg/admission/defaulttolerationseconds
 */
import type { Pod, Toleration } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type AdmissionPlugin, isOf } from './admission.ts';

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const effect = 'NoExecute';

export const defaultTolerationSeconds: AdmissionPlugin = {
	name: 'DefaultTolerationSeconds',
	mutate(attributes) {
		const { operation, subresource } = attributes;
		if (operation === 'DELETE' || subresource !== '' || !isOf(attributes, resources.pods)) return undefined;
		const pod = attributes.object as Pod;
		const { tolerations = [] } = pod.spec ?? {};
		const missing = keys.filter((key) => !tolerations.some((one) => tolerates(one, key)));
		if (missing.length === 0) return undefined;
		const added = missing.map((key) => ({ key, operator: 'Exists', effect, tolerationSeconds: 300 }));
		return { ...pod, spec: { ...pod.spec, tolerations: [...tolerations, ...added] } };
	},
};

const tolerates = ({ key: own = '', effect: of = '' }: Toleration, key: string): boolean =>
	(own === key || own === '') && (of === effect || of === '');
