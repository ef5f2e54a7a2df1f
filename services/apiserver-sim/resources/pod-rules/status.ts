/**
 * The rules of the status of a pod, which a kubelet writes.
 *
 * @source pkg/apis/core/validation ValidatePodStatusUpdate
 */
import { ipVersion } from '../../../../lib/address.ts';
import type { FieldProblem } from '../../../../lib/errors.ts';
import { subdomainProblems } from '../../../../lib/kube/names.ts';
import { forbiddenField, invalid } from '../../../../lib/kube/object-meta.ts';
import type { Pod, PodStatus } from '../../../../lib/kube/pod.ts';
import { ipProblems, qualifiedProblems } from '../field-rules.ts';
import { claimProblems, extendedClaimProblems } from './claim-statuses.ts';
import { allocatedProblems, transitionProblems, userProblems } from './container-statuses.ts';
import { collected, type Fields, fieldsOf, listOf, numberOf, textOf } from './rule.ts';

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];
const NOT_NEGATIVE = 'must be a non-negative integer';

export function podStatusProblems(
	{ status: next = {} }: Pod,
	{ spec = {}, status: previous = {} }: Pod,
): FieldProblem[] {
	const observed = numberOf(next.observedGeneration);
	return [
		...conditionProblems(next),
		...nominationProblems(next, previous, spec.nodeName ?? ''),
		...(observed < 0 ? [invalid('status.observedGeneration', observed, NOT_NEGATIVE)] : []),
		...(textOf(next.qosClass) === textOf(previous.qosClass)
			? []
			: [invalid('status.qosClass', next.qosClass ?? '', 'field is immutable')]),
		...transitionProblems(next, previous, spec),
		...claimProblems(next, spec),
		...extendedClaimProblems(next, spec),
		...addressProblems('status.podIPs', podIps(next), podIps(previous)),
		...hostAddressProblems(next, previous),
		...userProblems(next, spec),
		...allocatedProblems(next, spec),
	];
}

const conditionProblems = ({ conditions = [] }: PodStatus): FieldProblem[] =>
	collected(conditions, (condition, index) => {
		const { type, observedGeneration } = condition as unknown as Fields;
		const [at, observed] = [`status.conditions[${index}]`, numberOf(observedGeneration)];
		return [
			...(observed < 0 ? [invalid(`${at}.observedGeneration`, observed, NOT_NEGATIVE)] : []),
			...(systemConditions.includes(textOf(type)) ? [] : qualifiedProblems(`${at}.Type`, textOf(type))),
		];
	});

function nominationProblems(next: PodStatus, previous: PodStatus, boundTo: string): FieldProblem[] {
	const { nominatedNodeName: name = '' } = next;
	if (name === '' || name === (previous.nominatedNodeName ?? '')) return [];
	const at = 'status.nominatedNodeName';
	const bound = [forbiddenField(at, 'may not be set on pods that are already bound to a node')];
	return [...subdomainProblems(name).map((detail) => invalid(at, name, detail)), ...(boundTo === '' ? [] : bound)];
}

/** `podIP` decides if the two differ. @source Convert_v1_PodStatus_To_core_PodStatus */
function podIps({ podIP, podIPs = [] }: PodStatus): readonly string[] {
	const [ip, ips] = [textOf(podIP), podIPs.map((one) => one.ip ?? '')];
	return ip !== '' && ip !== ips[0] ? [ip] : ips;
}

/** Each of `podIP` and `podIPs` follows from the other. @source Convert_core_PodStatus_To_v1_PodStatus */
export function withPodIps(status: PodStatus): PodStatus {
	const { podIP: _ip, podIPs: _ips, ...rest } = status;
	const ips = podIps(status);
	return ips.length === 0 ? rest : { ...rest, podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) };
}
const hostIps = ({ hostIPs }: PodStatus): readonly string[] => listOf(hostIPs).map((one) => textOf(fieldsOf(one).ip));

function hostAddressProblems(next: PodStatus, previous: PodStatus): FieldProblem[] {
	const [field, ips] = ['status.hostIPs', hostIps(next)];
	const isSame = ips.length === 0 || textOf(next.hostIP) === ips[0];
	return [
		...(isSame ? [] : [invalid(`${field}[0].ip`, ips[0], 'must be equal to `hostIP`')]),
		...addressProblems(field, ips, hostIps(previous)),
	];
}

/** One of each family at most; an invalid one may stay. */
function addressProblems(field: string, next: readonly string[], previous: readonly string[]): FieldProblem[] {
	const found = new Set(previous);
	const isPair = next.length < 2 || (next.length === 2 && ipVersion(next[0] ?? '') !== ipVersion(next[1] ?? ''));
	const list = next.map((IP) => ({ IP }));
	return [
		...collected(next, (ip, index) => (found.has(ip) ? [] : ipProblems(`${field}[${index}]`, ip))),
		...(isPair ? [] : [invalid(field, list, 'may specify no more than one IP for each IP family')]),
	];
}

/** A field that a kubelet left out keeps its value. @source podStatusStrategy.PrepareForUpdate */
export function withPreservedStatus({ status: next = {}, ...pod }: Pod, { status: previous = {} }: Pod): Pod {
	const generations = new Map<string, number[]>();
	for (const { type, observedGeneration } of (previous.conditions ?? []) as unknown as readonly Fields[]) {
		const ofType = generations.get(textOf(type)) ?? [];
		ofType.push(numberOf(observedGeneration));
		generations.set(textOf(type), ofType);
	}
	const conditions = (next.conditions as unknown as readonly Fields[] | undefined)?.map((condition) => {
		const before = generations.get(textOf(condition.type))?.shift() ?? 0;
		return numberOf(condition.observedGeneration) === 0 && before !== 0
			? { ...condition, observedGeneration: before }
			: condition;
	});
	const observed = numberOf(next.observedGeneration) || numberOf(previous.observedGeneration);
	const qosClass = textOf(next.qosClass) || textOf(previous.qosClass);
	const status = {
		...next,
		...(conditions === undefined ? {} : { conditions }),
		...(observed === 0 ? {} : { observedGeneration: observed }),
		...(qosClass === '' ? {} : { qosClass }),
	};
	return { ...pod, status } as unknown as Pod;
}
