/**
 * The resources of a whole pod: sums over its containers, and its quality of service.
 *
 * @source component-helpers/resource/helpers.go; pkg/apis/core/v1/helper/qos/qos.go ComputePodQOS, release 1.37
 * @differs the claims of dynamic resource allocation do not count, because they are not served
 */
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../codec/quantity.ts';
import { type Container, type ContainerStatus, isSidecar, type Pod, type ResourceRequirements } from './pod.ts';
import { addLists, compareAmounts, maxOfLists, onlyNames, type ResourceList } from './resource-list.ts';

type Part = 'requests' | 'limits';
/** The resources of one container, from its spec or its status. */
type ReadContainer = (container: Container, status: ContainerStatus | undefined) => ResourceList | undefined;

/**
 * The sum of the containers. An init container runs alone, beside the sidecars before it, so the greatest of them
 * counts. The work grows with the number of amounts, and not with its square.
 */
function sumOf(pod: Pod, read: ReadContainer): ResourceList {
	const { containers, initContainers } = pod.spec ?? {};
	const amountsOf = (container: Container): [string, Quantity][] =>
		Object.entries(read(container, statusOf(pod, container)) ?? {}).map(([name, text]) => [name, parseQuantity(text)]);
	const [total, sidecars, initial]: [Amounts, Amounts, Amounts] = [new Map(), new Map(), new Map()];
	for (const container of containers ?? []) for (const [name, amount] of amountsOf(container)) add(total, name, amount);
	for (const container of initContainers ?? [])
		for (const [name, amount] of amountsOf(container)) {
			if (!isSidecar(container)) raise(initial, name, sum(amount, sidecars.get(name)));
			else {
				add(total, name, amount);
				raise(initial, name, add(sidecars, name, amount));
			}
		}
	for (const [name, amount] of initial) raise(total, name, amount);
	return Object.fromEntries([...total].map(([name, { canonical }]) => [name, canonical]));
}

type Amounts = Map<string, Quantity>;
const sum = (amount: Quantity, other: Quantity | undefined): Quantity =>
	other === undefined ? amount : addQuantities(amount, other);

function add(to: Amounts, name: string, amount: Quantity): Quantity {
	const found = to.get(name);
	const result = found === undefined ? amount : addQuantities(found, amount);
	to.set(name, result);
	return result;
}
function raise(to: Amounts, name: string, amount: Quantity): void {
	const found = to.get(name);
	if (found === undefined || compareQuantities(amount, found) > 0) to.set(name, amount);
}

/** Of the containers alone. @source component-helpers/resource AggregateContainerRequests, AggregateContainerLimits */
export const sumOfContainers = (pod: Pod, part: Part, isCounted: (name: string) => boolean): ResourceList =>
	sumOf(pod, ({ resources }) =>
		Object.fromEntries(Object.entries(resources?.[part] ?? {}).filter(([name]) => isCounted(name))),
	);

const statusOf = ({ status }: Pod, { name }: Container): ContainerStatus | undefined =>
	[...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find((one) => one.name === name);

const inSpec =
	(part: Part): ReadContainer =>
	({ resources }) =>
		resources?.[part];

const HUGE_PAGES = 'hugepages-';
const isPodLevel = (name: string, withHugePages: boolean): boolean =>
	name === 'cpu' || name === 'memory' || (withHugePages && name.startsWith(HUGE_PAGES));
const podLevel = (list: ResourceList | undefined, withHugePages: boolean): ResourceList =>
	onlyNames(
		list ?? {},
		Object.keys(list ?? {}).filter((name) => isPodLevel(name, withHugePages)),
	);

/** Whether the pod states resources for all of its containers together. */
export function hasPodLevelResources({ spec }: Pod): boolean {
	const { requests, limits } = spec?.resources ?? {};
	return Object.keys({ ...requests, ...limits }).some((name) => isPodLevel(name, true));
}

/** Of the spec alone, without the overhead. @source plugin/pkg/admission/limitranger podRequests, podLimits */
export const specResources = (pod: Pod, part: Part): ResourceList => ({
	...sumOf(pod, inSpec(part)),
	...podLevel(pod.spec?.resources?.[part], false),
});

/** Of the spec, with the overhead; after a resize the greater of the old and the new amounts. */
export function podRequests(pod: Pod): ResourceList {
	const isInfeasible = isResizeInfeasible(pod);
	const wanted = ({ resources }: Container) => (isInfeasible ? undefined : resources?.requests);
	const allocated = sumOf(pod, (container, status) => status?.allocatedResources ?? wanted(container));
	const actual = sumOf(
		pod,
		(container, status) => status?.resources?.requests ?? status?.allocatedResources ?? wanted(container),
	);
	const spec = isInfeasible ? {} : sumOf(pod, inSpec('requests'));
	const total = {
		...maxOfLists(maxOfLists(spec, actual), allocated),
		...podLevel(pod.spec?.resources?.requests, true),
	};
	return addLists(total, pod.spec?.overhead ?? {});
}

/** As `podRequests`; the overhead counts for the resources that have a limit. */
export function podLimits(pod: Pod): ResourceList {
	const isInfeasible = isResizeInfeasible(pod);
	const actual = sumOf(
		pod,
		({ resources }, status) => status?.resources?.limits ?? (isInfeasible ? undefined : resources?.limits),
	);
	const spec = isInfeasible ? {} : sumOf(pod, inSpec('limits'));
	const total = { ...maxOfLists(spec, actual), ...podLevel(pod.spec?.resources?.limits, true) };
	const limited = Object.keys(total).filter((name) => parseQuantity(total[name] ?? '0').value !== 0n);
	return addLists(total, onlyNames(pod.spec?.overhead ?? {}, limited));
}

const isResizeInfeasible = ({ status }: Pod): boolean =>
	status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible';

type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

export function qosClassOf(pod: Pod): QosClass {
	const { resources, containers, initContainers } = pod.spec ?? {};
	if (resources && hasPodLevelResources(pod)) return qosOf(resources);
	const classes = new Set([...(initContainers ?? []), ...(containers ?? [])].map((one) => qosOf(one.resources ?? {})));
	return commonClass(classes);
}

function qosOf(resources: ResourceRequirements): QosClass {
	return commonClass(
		new Set(
			['cpu', 'memory'].map((name): QosClass => {
				const [request, limit] = [resources.requests?.[name], resources.limits?.[name]];
				if (isNone(request) && isNone(limit)) return 'BestEffort';
				return !isNone(limit) && compareAmounts(request ?? '0', limit ?? '0') === 0 ? 'Guaranteed' : 'Burstable';
			}),
		),
	);
}

const isNone = (amount: string | undefined): boolean => amount === undefined || parseQuantity(amount).value === 0n;

const commonClass = (classes: ReadonlySet<QosClass>): QosClass => {
	const [first = 'BestEffort'] = classes;
	return classes.size <= 1 ? first : 'Burstable';
};
