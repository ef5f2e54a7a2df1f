/**
 * The limit ranges of a namespace: they give containers the requests and limits that they leave out, and refuse pods
 * that ask for too little or too much.
 *
 * @source plugin/pkg/admission/limitranger/admission.go, release 1.37
 */
import { parseQuantity, scaledQuantity } from '../../../lib/codec/quantity.ts';
import type { Container, Pod } from '../../../lib/kube/pod.ts';
import { specResources } from '../../../lib/kube/pod-resources.ts';
import type { ResourceList } from '../../../lib/kube/resource-list.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { LimitRange, LimitRangeItem } from '../../../lib/kube/types.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

export const limitRanger = (objects: ObjectReader): AdmissionPlugin => ({
	name: 'LimitRanger',
	mutate: when(isLimited, async (attributes) => {
		const ranges = await objects.list<LimitRange>(resources.limitRanges, attributes.namespace);
		return ranges.reduce(withDefaults, attributes.object as Pod);
	}),
	validate: when(isLimited, async (attributes) => {
		for (const range of await objects.list<LimitRange>(resources.limitRanges, attributes.namespace)) {
			const problems = [...new Set(problemsOf(range, attributes.object as Pod))];
			if (problems.length === 0) continue;
			throw notAdmitted(attributes, problems.length === 1 ? String(problems[0]) : `[${problems.join(', ')}]`);
		}
	}),
});

/** A pod that is created or resized; its containers cannot change in other updates. */
function isLimited(attributes: AdmissionAttributes): boolean {
	const { operation, subresource, previous } = attributes;
	if (!isOf(attributes, resources.pods) || previous?.metadata.deletionTimestamp !== undefined) return false;
	return subresource === 'resize' ? operation === 'UPDATE' : subresource === '' && operation === 'CREATE';
}

const itemsOf = ({ spec }: LimitRange, type: string): LimitRangeItem[] =>
	(spec?.limits ?? []).filter((item) => item.type === type);

function withDefaults(pod: Pod, range: LimitRange): Pod {
	const items = itemsOf(range, 'Container');
	const limits: ResourceList = Object.assign({}, ...items.map((item) => item.default));
	const requests: ResourceList = Object.assign({}, ...items.map((item) => item.defaultRequest));
	const changes: string[] = [];
	const completed = (containers: readonly Container[] | undefined, as: string) =>
		containers?.map((container) => {
			const { name = '', resources: own = {} } = container;
			const newRequests = missing(own.requests, requests);
			const newLimits = missing(own.limits, limits);
			const [ofRequests, ofLimits] = [newRequests, newLimits].map((list) => Object.keys(list).toSorted());
			if (ofRequests?.length) changes.push(`${ofRequests.join(', ')} request for ${as} ${name}`);
			if (ofLimits?.length) changes.push(`${ofLimits.join(', ')} limit for ${as} ${name}`);
			return { ...container, resources: merged(own, newRequests, newLimits) };
		});
	const containers = completed(pod.spec?.containers, 'container');
	const initContainers = completed(pod.spec?.initContainers, 'init container');
	if (changes.length === 0) return pod;
	const annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${changes.join('; ')}` };
	return {
		...pod,
		metadata: { ...pod.metadata, annotations },
		spec: { ...pod.spec, ...(containers && { containers }), ...(initContainers && { initContainers }) },
	};
}

const missing = (own: ResourceList | undefined, defaults: ResourceList): ResourceList =>
	Object.fromEntries(Object.entries(defaults).filter(([name]) => !Object.hasOwn(own ?? {}, name)));

function merged(own: NonNullable<Container['resources']>, requests: ResourceList, limits: ResourceList) {
	const sum = { limits: { ...own.limits, ...limits }, requests: { ...own.requests, ...requests } };
	const filled = Object.entries(sum).filter(([, list]) => Object.keys(list).length > 0);
	return { ...own, ...Object.fromEntries(filled) };
}

function problemsOf(range: LimitRange, pod: Pod): string[] {
	const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
	return (range.spec?.limits ?? []).flatMap((item) => {
		if (item.type === 'Container')
			return containers.flatMap(({ resources: own = {} }) => itemProblems(item, own.requests ?? {}, own.limits ?? {}));
		if (item.type !== 'Pod') return [];
		return itemProblems(item, specResources(pod, 'requests'), specResources(pod, 'limits'));
	});
}

type Rule = (type: string, name: string, enforced: string, request?: string, limit?: string) => string | undefined;

function itemProblems(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
	const { type = '', min, max, maxLimitRequestRatio } = item;
	const apply = (rule: Rule, list: ResourceList | undefined) =>
		Object.entries(list ?? {}).flatMap(([name, enforced]) => {
			const [request, limit] = [requests, limits].map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
			return rule(type, name, enforced, request, limit) ?? [];
		});
	return [...apply(belowMin, min), ...apply(aboveMax, max), ...apply(aboveRatio, maxLimitRequestRatio)];
}

const belowMin: Rule = (type, name, enforced, request, limit) => {
	const values = comparable(enforced, request, limit);
	const least = `minimum ${name} usage per ${type} is ${enforced}`;
	if (request === undefined) return `${least}.  No request is specified`;
	if (values.request < values.enforced) return `${least}, but request is ${request}`;
	if (limit !== undefined && values.limit < values.enforced) return `${least}, but limit is ${limit}`;
	return undefined;
};

const aboveMax: Rule = (type, name, enforced, request, limit) => {
	const values = comparable(enforced, request, limit);
	const most = `maximum ${name} usage per ${type} is ${enforced}`;
	if (limit === undefined) return `${most}.  No limit is specified`;
	if (values.limit > values.enforced) return `${most}, but limit is ${limit}`;
	if (request !== undefined && values.request > values.enforced) return `${most}, but request is ${request}`;
	return undefined;
};

const aboveRatio: Rule = (type, name, enforced, request, limit) => {
	const values = comparable(enforced, request, limit);
	const most = `${name} max limit to request ratio per ${type} is ${enforced}`;
	if (request === undefined || values.request === 0n) return `${most}, but no request is specified or request is 0`;
	if (limit === undefined || values.limit === 0n) return `${most}, but no limit is specified or limit is 0`;
	const ratio = Number(values.limit) / Number(values.request);
	const milli = scaledQuantity(parseQuantity(enforced), MILLI);
	return ratio * 1000 > Number(milli) ? `${most}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
};

const MILLI = -3;
const MAX_MILLI_VALUE = (2n ** 63n - 1n) / 1000n;

/** The amounts in thousandths, or whole numbers if one is too large for that, each rounded up as upstream does. */
function comparable(enforced: string, request = '0', limit = '0') {
	const quantities = [enforced, request, limit].map(parseQuantity);
	const fits = quantities.every((quantity) => scaledQuantity(quantity, 0) <= MAX_MILLI_VALUE);
	const [first = 0n, second = 0n, third = 0n] = quantities.map((one) => scaledQuantity(one, fits ? MILLI : 0));
	return { enforced: first, request: second, limit: third };
}
