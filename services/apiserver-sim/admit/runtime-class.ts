/**
 * A pod gets the overhead, the node selector and the tolerations of its RuntimeClass, which must exist.
 *
 * @source plugin/pkg/admission/runtimeclass/admission.go, pkg/util/tolerations, release 1.37
 */
import { isDeepStrictEqual } from 'node:util';
import type { Pod, PodSpec, Toleration } from '../../../lib/kube/pod.ts';
import { areEqualLists, type ResourceList } from '../../../lib/kube/resource-list.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { quoted } from '../authorize/go-text.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

interface RuntimeClass extends KubeObject {
	readonly overhead?: { readonly podFixed?: ResourceList };
	readonly scheduling?: {
		readonly nodeSelector?: Readonly<Record<string, string>>;
		readonly tolerations?: readonly Toleration[];
	};
}

const isNewPod = (attributes: AdmissionAttributes): boolean =>
	isOf(attributes, resources.pods) && attributes.operation === 'CREATE' && attributes.subresource === '';

const differs = "Pod's Overhead doesn't match RuntimeClass's defined Overhead";

export function runtimeClass(objects: ObjectReader): AdmissionPlugin {
	async function classOf(attributes: AdmissionAttributes): Promise<RuntimeClass | undefined> {
		const { runtimeClassName: name } = (attributes.object as Pod).spec ?? {};
		if (name === undefined || name === null) return undefined;
		const found = await objects.get<RuntimeClass>(resources.runtimeClasses, '', name);
		if (found !== undefined) return found;
		throw notAdmitted(attributes, `pod rejected: RuntimeClass ${quoted(name)} not found`);
	}
	return {
		name: 'RuntimeClass',
		mutate: when(isNewPod, async (attributes) => {
			const found = await classOf(attributes);
			if (found === undefined) return undefined;
			const pod = attributes.object as Pod;
			const { spec = {} } = pod;
			return {
				...pod,
				spec: { ...spec, ...overhead(attributes, spec, found), ...scheduling(attributes, spec, found) },
			};
		}),
		validate: when(isNewPod, async (attributes) => {
			const found = await classOf(attributes);
			const { overhead: own } = (attributes.object as Pod).spec ?? {};
			if (found?.overhead) {
				if (!areEqualLists(found.overhead.podFixed ?? {}, own ?? {}))
					throw notAdmitted(attributes, `pod rejected: ${differs}`);
			} else if (own !== undefined && own !== null) {
				const because = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';
				throw notAdmitted(attributes, because);
			}
		}),
	};
}

function overhead(attributes: AdmissionAttributes, { overhead: own }: PodSpec, found: RuntimeClass): Partial<PodSpec> {
	if (!found.overhead) return {};
	const { podFixed = {} } = found.overhead;
	if (Object.keys(own ?? {}).length > 0 && !areEqualLists(podFixed, own ?? {}))
		throw notAdmitted(attributes, `pod rejected: ${differs}`);
	return { overhead: podFixed };
}

function scheduling(attributes: AdmissionAttributes, spec: PodSpec, found: RuntimeClass): Partial<PodSpec> {
	if (!found.scheduling) return {};
	const { nodeSelector = {}, tolerations = [] } = found.scheduling;
	const own = spec.nodeSelector ?? {};
	for (const [key, wanted] of Object.entries(nodeSelector)) {
		const value = own[key];
		if (!Object.hasOwn(own, key) || value === wanted) continue;
		const ofClass = `runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}`;
		throw notAdmitted(attributes, `conflict: ${ofClass}; pod.spec.nodeSelector[${key}] = ${value}`);
	}
	const merged = mergeTolerations(spec.tolerations ?? [], tolerations);
	return {
		...(Object.keys({ ...own, ...nodeSelector }).length > 0 ? { nodeSelector: { ...own, ...nodeSelector } } : {}),
		...(merged.length > 0 ? { tolerations: merged } : {}),
	};
}

/** Both lists without the tolerations that another one includes; of equal ones the first stays. */
function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
	const all = [...first, ...second];
	const merged: Toleration[] = [];
	for (const [index, one] of all.entries()) {
		if (merged.some((other) => includes(other, one))) continue;
		const later = all.slice(index + 1);
		if (later.some((other) => !isDeepStrictEqual(one, other) && includes(other, one))) continue;
		merged.push(one);
	}
	return merged;
}

function includes(wide: Toleration, narrow: Toleration): boolean {
	if (isDeepStrictEqual(wide, narrow)) return true;
	const { key = '', operator = '', effect = '', value = '' } = wide;
	if ((narrow.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false;
	if ((narrow.effect ?? '') !== effect && effect !== '') return false;
	const { tolerationSeconds: most } = wide;
	const isLonger = narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > (most ?? 0);
	if (effect === 'NoExecute' && most !== undefined && isLonger) return false;
	if (operator === 'Exists') return true;
	return (operator === 'Equal' || operator === '') && narrow.operator === 'Equal' && (narrow.value ?? '') === value;
}
