/**
 * The usage that a ResourceQuota limits: which amounts an object uses, and which quotas it counts for. Admission checks
 * a write with it, and the quota controller sums up the usage of all objects.
 *
 * @source pkg/quota/v1/evaluator/core, apiserver/pkg/quota/v1/generic/evaluator.go, release 1.37
 * @differs claims, of volumes and of devices, are not served and not counted
 */
import { parseQuantity } from '../codec/quantity.ts';
import type { Container, Pod, PodAffinityTerm } from './pod.ts';
import { hasPodLevelResources, podLimits, podRequests, qosClassOf } from './pod-resources.ts';
import { addLists, onlyNames, type ResourceList } from './resource-list.ts';
import { type ApiResource, resources } from './resources.ts';
import type { KubeObject, ResourceQuota, ScopeRequirement } from './types.ts';

/** Kinds that no quota counts. @source pkg/quota/v1/install/registry.go */
const ignored: readonly ApiResource[] = [
	...[resources.bindings, resources.events, resources.groupEvents, resources.localSubjectAccessReviews],
];
export const isCountable = (resource: ApiResource): boolean => resource.namespaced && !ignored.includes(resource);

const isOf = ({ group, resource }: ApiResource, other: ApiResource): boolean =>
	group === other.group && resource === other.resource;

/** `count/configmaps`, `count/leases.coordination.k8s.io` */
const countName = ({ group, resource }: ApiResource): string => `count/${resource}${group === '' ? '' : `.${group}`}`;

/** Kinds whose objects are counted under a second, older name. */
const aliases: readonly ApiResource[] = [resources.configMaps, resources.resourceQuotas, resources.secrets];
const NODE_PORTS = 'services.nodeports';
const LOAD_BALANCERS = 'services.loadbalancers';
const computeResources = ['cpu', 'memory', 'ephemeral-storage'];
const podNames: ReadonlySet<string> = new Set([
	'pods',
	...computeResources.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

const REQUESTS = 'requests.';
const HUGE_PAGES = 'hugepages-';
const DEVICE_CLASS = 'deviceclass.resource.kubernetes.io/';
/** Of kubernetes itself, where a name without a domain belongs too. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
const isExtended = (name: string): boolean =>
	(!isNative(name) && !name.startsWith(REQUESTS)) || name.startsWith(DEVICE_CLASS);
const isExtendedRequest = (name: string): boolean =>
	name.startsWith(REQUESTS) && (!isNative(name) || name.startsWith(`${REQUESTS}${DEVICE_CLASS}`));

const isPodName = (name: string): boolean =>
	podNames.has(name) ||
	name.startsWith(HUGE_PAGES) ||
	name.startsWith(`${REQUESTS}${HUGE_PAGES}`) ||
	isExtendedRequest(name);

/** Those of the names of a quota that objects of the resource count for, sorted. */
export function namesCountedBy(resource: ApiResource, names: readonly string[]): string[] {
	const counts = (name: string): boolean => {
		if (name === countName(resource)) return true;
		if (isOf(resource, resources.pods)) return isPodName(name);
		if (isOf(resource, resources.services)) return ['services', NODE_PORTS, LOAD_BALANCERS].includes(name);
		return aliases.some((one) => isOf(resource, one)) && name === resource.resource;
	};
	return names.filter(counts).toSorted();
}

/** The amounts that the object uses. @param nowMs  a pod whose grace period has ended uses nothing */
export function usageOf(resource: ApiResource, object: KubeObject, nowMs: number): ResourceList {
	const counted = { [countName(resource)]: '1' };
	if (isOf(resource, resources.pods)) return { ...counted, ...podUsage(object as Pod, nowMs) };
	if (isOf(resource, resources.services)) return { ...counted, services: '1', ...portUsage(object) };
	return aliases.some((one) => isOf(resource, one)) ? { ...counted, [resource.resource]: '1' } : counted;
}

function podUsage(pod: Pod, nowMs: number): ResourceList {
	if (hasEnded(pod, nowMs)) return {};
	return computeUsage(podRequests(pod), podLimits(pod));
}

/** Whether the pod needs no resources any more. @source QuotaV1Pod */
export function hasEnded({ metadata, status }: Pod, nowMs: number): boolean {
	if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
	const { deletionTimestamp: deletion, deletionGracePeriodSeconds: graceSeconds } = metadata;
	if (deletion === undefined || graceSeconds === undefined) return false;
	return nowMs > Date.parse(deletion) + graceSeconds * 1000;
}

function computeUsage(requests: ResourceList, limits: ResourceList): ResourceList {
	const known = onlyNames(requests, computeResources);
	const prefixed = (prefix: string, list: ResourceList) =>
		Object.fromEntries(Object.entries(list).map(([name, amount]) => [`${prefix}${name}`, amount]));
	const named = (test: (name: string) => boolean) => onlyNames(requests, Object.keys(requests).filter(test));
	const hugePages = named((name) => name.startsWith(HUGE_PAGES));
	return {
		pods: '1',
		...known,
		...prefixed(REQUESTS, known),
		...prefixed('limits.', onlyNames(limits, computeResources)),
		...hugePages,
		...prefixed(REQUESTS, hugePages),
		...prefixed(REQUESTS, named(isExtended)),
	};
}

type ServiceLike = KubeObject & {
	readonly spec?: {
		readonly type?: string;
		readonly ports?: readonly { readonly nodePort?: number }[];
		readonly allocateLoadBalancerNodePorts?: boolean;
	};
};

/** The intent counts: ports are not allocated yet when the Service is admitted. */
function portUsage({ spec = {} }: ServiceLike): ResourceList {
	const { type, ports = [], allocateLoadBalancerNodePorts: isAllocated } = spec;
	const isBalanced = type === 'LoadBalancer';
	const stated = ports.filter(({ nodePort }) => nodePort).length;
	const count = isBalanced && isAllocated === false ? stated : ports.length;
	const nodePorts = isBalanced || type === 'NodePort' ? count : 0;
	return { [LOAD_BALANCERS]: isBalanced ? '1' : '0', [NODE_PORTS]: String(nodePorts) };
}

/** Amounts of cpu and memory that each container must state when a quota limits them; a mistake that upstream keeps. */
const requiredNames = ['cpu', 'memory', ...['requests', 'limits'].flatMap((part) => [`${part}.cpu`, `${part}.memory`])];

/** Why a pod cannot count for a quota of these names; undefined if it can. */
export function constraintProblem(resource: ApiResource, names: readonly string[], object: KubeObject) {
	if (!isOf(resource, resources.pods) || hasPodLevelResources(object as Pod)) return undefined;
	const { containers, initContainers } = (object as Pod).spec ?? {};
	const all = [...(containers ?? []), ...(initContainers ?? [])];
	const isMissing = ({ resources: own }: Container, name: string) =>
		!Object.hasOwn(computeUsage(own?.requests ?? {}, own?.limits ?? {}), name);
	const problems = requiredNames
		.filter((name) => names.includes(name))
		.toSorted()
		.flatMap((name) => {
			const missing = new Set(all.filter((container) => isMissing(container, name)).map((one) => one.name ?? ''));
			return missing.size === 0 ? [] : [`${name} for: ${[...missing].toSorted().join(',')}`];
		});
	return problems.length === 0 ? undefined : `must specify ${problems.join('; ')}`;
}

/** Whether the object is in every scope of the quota. Objects of other kinds than pods are in no scope. */
export function isInScopes(resource: ApiResource, { spec }: ResourceQuota, object: KubeObject): boolean {
	const scopes: ScopeRequirement[] = [
		...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
		...(spec?.scopeSelector?.matchExpressions ?? []),
	];
	return scopes.every((scope) => isOf(resource, resources.pods) && isInScope(scope, object as Pod));
}

function isInScope({ scopeName, operator, values = [] }: ScopeRequirement, pod: Pod): boolean {
	switch (scopeName) {
		case 'Terminating':
			return isTerminating(pod);
		case 'NotTerminating':
			return !isTerminating(pod);
		case 'BestEffort':
			return isBestEffort(pod);
		case 'NotBestEffort':
			return !isBestEffort(pod);
		case 'PriorityClass':
			return isSelected(operator, values, pod.spec?.priorityClassName ?? '');
		case 'CrossNamespacePodAffinity':
			return hasCrossNamespaceAffinity(pod);
		default:
			return false;
	}
}

/** Whether the pod ends at a deadline of its own. */
export const isTerminating = ({ spec }: Pod): boolean => (spec?.activeDeadlineSeconds ?? -1) >= 0;
const isBestEffort = (pod: Pod): boolean => (pod.status?.qosClass || qosClassOf(pod)) === 'BestEffort';

function isSelected(operator: string | undefined, values: readonly string[], name: string): boolean {
	switch (operator) {
		case 'Exists':
			return name !== '';
		case 'DoesNotExist':
			return name === '';
		case 'In':
			return name !== '' && values.includes(name);
		case 'NotIn':
			return !values.includes(name);
		default:
			return false;
	}
}

function hasCrossNamespaceAffinity({ spec }: Pod): boolean {
	const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
	const isCross = (term: PodAffinityTerm | undefined) =>
		(term?.namespaces ?? []).length > 0 || (term?.namespaceSelector ?? null) !== null;
	return [podAffinity, podAntiAffinity].some(
		(one) =>
			(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(isCross) ||
			(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).some(({ podAffinityTerm }) =>
				isCross(podAffinityTerm),
			),
	);
}

/** The usage of all of these objects together, of the names that the resource counts for. */
export function totalUsage(
	resource: ApiResource,
	quota: ResourceQuota,
	objects: readonly KubeObject[],
	nowMs: number,
): ResourceList {
	const names = namesCountedBy(resource, Object.keys(quota.spec?.hard ?? {}));
	const none: ResourceList = Object.fromEntries(names.map((name) => [name, '0']));
	return objects
		.filter((object) => isInScopes(resource, quota, object))
		.reduce((sum, object) => addLists(sum, onlyNames(usageOf(resource, object, nowMs), names)), none);
}

/** Whether the quota states its usage of each of the names that it limits. */
export const hasUsage = ({ status }: ResourceQuota, names: readonly string[]): boolean =>
	names.every((name) => !Object.hasOwn(status?.hard ?? {}, name) || Object.hasOwn(status?.used ?? {}, name));

export const isWhole = (amount: string): boolean => {
	const { value, exponent } = parseQuantity(amount);
	return exponent >= 0 || value % 10n ** BigInt(-exponent) === 0n;
};
