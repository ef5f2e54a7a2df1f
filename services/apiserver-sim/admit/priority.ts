/**
 * A pod gets the priority of its PriorityClass, or of the default one; at most one PriorityClass is the default.
 *
 * @source plugin/pkg/admission/priority
 */
import type { Pod, PodSpec } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

interface PriorityClass extends KubeObject {
	readonly value?: number;
	readonly globalDefault?: boolean;
	readonly preemptionPolicy?: string;
}
export const priority = (objects: ObjectReader): AdmissionPlugin => ({
	name: 'Priority',
	mutate: when(
		(write) => isOf(write, resources.pods),
		async (attributes) => {
			const { operation, subresource, object, previous } = attributes;
			if (subresource !== '' || operation === 'DELETE') return undefined;
			const pod = object as Pod;
			const spec =
				operation === 'UPDATE'
					? keptPriority(pod.spec ?? {}, (previous as Pod).spec ?? {})
					: await computedPriority(attributes, pod.spec ?? {}, objects);
			return { ...pod, spec: { ...pod.spec, ...spec } } as KubeObject;
		},
	),
	validate: when(
		(write) => isOf(write, resources.priorityClasses),
		async (attributes) => {
			const { operation, object } = attributes;
			if (operation === 'DELETE') return;
			if ((object as PriorityClass).globalDefault !== true) return;
			const name = (await defaultClass(objects))?.metadata.name;
			if (name === undefined || (operation === 'UPDATE' && name === object?.metadata.name)) return;
			const because = `PriorityClass ${name} is already marked as default. Only one default can exist`;
			throw notAdmitted(attributes, because);
		},
	),
});

const keptPriority = (next: PodSpec, { priority: value, preemptionPolicy }: PodSpec): PodSpec => ({
	...(next.priority === undefined && value !== undefined ? { priority: value } : {}),
	...(next.preemptionPolicy === undefined && preemptionPolicy !== undefined ? { preemptionPolicy } : {}),
});

async function computedPriority(
	attributes: AdmissionAttributes,
	spec: PodSpec,
	objects: ObjectReader,
): Promise<PodSpec> {
	const { priorityClassName: wanted = '' } = spec;
	const found = wanted === '' ? await defaultClass(objects) : await classNamed(attributes, wanted, objects);
	const { value = 0, preemptionPolicy = 'PreemptLowerPriority' } = found ?? {};
	if (spec.priority !== undefined && spec.priority !== value)
		throw notAdmitted(
			attributes,
			`the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
				`priority admission controller computed ${value} from the given PriorityClass name`,
		);
	if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy)
		throw notAdmitted(
			attributes,
			`the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ` +
				`priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
		);
	const name = found?.metadata.name;
	return { ...(name === undefined ? {} : { priorityClassName: name }), priority: value, preemptionPolicy };
}

async function classNamed(attributes: AdmissionAttributes, name: string, objects: ObjectReader) {
	const found = await objects.get<PriorityClass>(resources.priorityClasses, '', name);
	if (found === undefined) throw notAdmitted(attributes, `no PriorityClass with name ${name} was found`);
	return found;
}

/** The one with the lowest value, should there be several. */
async function defaultClass(objects: ObjectReader): Promise<PriorityClass | undefined> {
	const all = await objects.list<PriorityClass>(resources.priorityClasses, '');
	return all
		.filter(({ globalDefault }) => globalDefault === true)
		.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}
