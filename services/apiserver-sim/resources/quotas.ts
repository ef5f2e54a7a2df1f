/**
 * Resource quotas and limit ranges: the objects. Admission applies them.
 *
 * @source pkg/apis/core/validation ValidateResourceQuota, ValidateLimitRange, pkg/apis/core/helper, release 1.37
 */
import { randomUUID } from 'node:crypto';
import { parseQuantity, scaledQuantity } from '../../../lib/codec/quantity.ts';
import type { FieldProblem } from '../../../lib/errors.ts';
import { qualifiedNameProblems } from '../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, required } from '../../../lib/kube/object-meta.ts';
import { compareAmounts, type ResourceList } from '../../../lib/kube/resource-list.ts';
import { isNative, isWhole } from '../../../lib/kube/resource-quota.ts';
import { resources } from '../../../lib/kube/resources.ts';
import {
	type LimitRange,
	type LimitRangeItem,
	type ResourceQuota,
	type ScopeRequirement,
	wellKnown,
} from '../../../lib/kube/types.ts';
import type { Strategy } from '../registry.ts';
import { type ApiRequest, defaultOptions } from '../request/api-request.ts';
import { kindStrategy } from './kind.ts';

const compute = ['cpu', 'memory', 'ephemeral-storage'];
const counted = [
	...['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps'],
	...['persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
];
const ofQuotas: ReadonlySet<string> = new Set([
	...compute.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
	...counted,
	'requests.storage',
]);
const HUGE_PAGES = 'hugepages-';
export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);
const isQuotaHugePages = (name: string): boolean => isHugePages(name.replace(/^requests\./, ''));
const isStandard = (name: string): boolean => ofQuotas.has(name) || name === 'storage' || isQuotaHugePages(name);

const REQUESTS = 'requests.';
export const isExtended = (name: string): boolean =>
	!isNative(name) && !name.startsWith(REQUESTS) && qualifiedNameProblems(`${REQUESTS}${name}`).length === 0;

export const resourceNameProblems = (name: string, at: string): FieldProblem[] => {
	const problems = qualifiedNameProblems(name).map((detail) => invalid(at, name, detail));
	if (problems.length > 0 || name.includes('/') || isStandard(name)) return problems;
	return [invalid(at, name, 'must be a standard resource type or fully qualified')];
};

function quotaProblems(list: ResourceList, field: string): FieldProblem[] {
	return Object.entries(list).flatMap(([name, amount]) => {
		const at = `${field}[${name}]`;
		const isKnown = name.includes('/') || ofQuotas.has(name) || isQuotaHugePages(name);
		const { value } = parseQuantity(amount);
		return [
			...resourceNameProblems(name, at),
			...(isKnown ? [] : [invalid(at, name, 'must be a standard resource for quota')]),
			...(value < 0n ? [invalid(at, amount, 'must be greater than or equal to 0')] : []),
			...((counted.includes(name) || isExtended(name)) && !isWhole(amount)
				? [invalid(at, amount, 'must be an integer')]
				: []),
		];
	});
}

const ofPods = new Set(['pods', ...['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`])]);
const ofClaims = new Set(['persistentvolumeclaims', 'requests.storage']);
/** The resources that a quota of the scope can limit. */
const ofScope: ReadonlyMap<string, ReadonlySet<string>> = new Map([
	['Terminating', ofPods],
	['NotTerminating', ofPods],
	['BestEffort', new Set(['pods'])],
	['NotBestEffort', ofPods],
	['PriorityClass', ofPods],
	['CrossNamespacePodAffinity', ofPods],
	['VolumeAttributesClass', ofClaims],
]);
const contradictions = [
	['BestEffort', 'NotBestEffort'],
	['NotTerminating', 'Terminating'],
];
const areContradicting = (scopes: readonly (string | undefined)[]): number =>
	contradictions.filter((pair) => pair.every((scope) => scopes.includes(scope))).length;
const misused = (scope: string, hard: ResourceList): string[] =>
	Object.keys(hard)
		.toSorted()
		.filter((name) => (ofQuotas.has(name) || isQuotaHugePages(name)) && ofScope.get(scope)?.has(name) === false);

function scopeProblems({ spec }: ResourceQuota): FieldProblem[] {
	const { hard = {}, scopes = [] } = spec ?? {};
	const problem = (detail: string) => invalid('spec.scopes', scopes, detail);
	return [
		...scopes.flatMap((scope) => [
			...(ofScope.has(scope) ? [] : [problem('unsupported scope')]),
			...misused(scope, hard).map(() => problem('unsupported scope applied to resource')),
		]),
		...Array.from({ length: areContradicting(scopes) }, () => problem('conflicting scopes')),
	];
}

const alwaysExists = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const operators = { In: true, NotIn: true, Exists: false, DoesNotExist: false } as const;

function selectorProblems({ spec }: ResourceQuota): FieldProblem[] {
	const { hard = {}, scopes = [], scopeSelector } = spec ?? {};
	if (!scopeSelector) return [];
	const at = 'spec.scopeSelector.matchExpressions';
	const requirements = scopeSelector.matchExpressions ?? [];
	const ofOne = ({ scopeName = '', operator = '', values = [] }: ScopeRequirement): FieldProblem[] => {
		const hasValues = Object.hasOwn(operators, operator) ? operators[operator as keyof typeof operators] : undefined;
		return [
			...(ofScope.has(scopeName) ? [] : [invalid(`${at}.scopeName`, scopeName, 'unsupported scope')]),
			...misused(scopeName, hard).map(() => invalid(at, scopeSelector, 'unsupported scope applied to resource')),
			...(alwaysExists.includes(scopeName) && operator !== 'Exists'
				? [invalid(`${at}.operator`, operator, mustExist)]
				: []),
			...(hasValues === undefined ? [invalid(`${at}.operator`, operator, 'not a valid selector operator')] : []),
			...(hasValues === true && values.length === 0 ? [required(`${at}.values`, needsValues)] : []),
			...(hasValues === false && values.length > 0 ? [invalid(`${at}.values`, values, takesNoValues)] : []),
		];
	};
	const names = requirements.map(({ scopeName }) => scopeName);
	const conflicts = Array.from({ length: areContradicting(names) }, () => invalid(at, scopes, 'conflicting scopes'));
	return [...requirements.flatMap(ofOne), ...conflicts];
}
const mustExist =
	"must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
	'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
const needsValues = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
const takesNoValues = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";

/** @source pkg/registry/core/resourcequota/strategy.go WarningsOnCreate */
function* quotaWarnings(hard: ResourceList): Generator<string> {
	for (const name of ['cpu', 'memory', 'storage', 'ephemeral-storage']) {
		const isBare = hard[`${REQUESTS}${name}`] === undefined && (name === 'cpu' || name === 'memory');
		const requests = isBare ? name : `${REQUESTS}${name}`;
		const [request, limit] = [hard[requests], hard[`limits.${name}`]];
		if (request !== undefined && limit !== undefined && compareAmounts(request, limit) > 0)
			yield `ResourceQuota ${requests} (${request}) should be less than limits.${name} (${limit})`;
	}
}

const sorted = (list: readonly string[] = []): string => [...new Set(list)].toSorted().join(' ');

export const resourceQuotas = kindStrategy<ResourceQuota>(resources.resourceQuotas, {
	validate: (quota) => [
		...quotaProblems(quota.spec?.hard ?? {}, 'spec.hard'),
		...scopeProblems(quota),
		...selectorProblems(quota),
		...quotaProblems(quota.status?.hard ?? {}, 'status.hard'),
		...quotaProblems(quota.status?.used ?? {}, 'status.used'),
	],
	warningsOf: (quota, previous) => (previous === undefined ? quotaWarnings(quota.spec?.hard ?? {}) : []),
	validateUpdate: ({ spec: next }, { spec: previous }) =>
		sorted(next?.scopes) === sorted(previous?.scopes)
			? []
			: [invalid('spec.scopes', next?.scopes ?? null, 'field is immutable')],
});

/** Limits that are absent become the maximum, and requests the limits. @source SetDefaults_LimitRangeItem */
function withDefaults(item: LimitRangeItem): LimitRangeItem {
	if (item.type !== 'Container') return item;
	const limits = { ...item.max, ...item.default };
	const requests = { ...item.min, ...limits, ...item.defaultRequest };
	return {
		...item,
		...(Object.keys(limits).length === 0 ? {} : { default: limits }),
		...(Object.keys(requests).length === 0 ? {} : { defaultRequest: requests }),
	};
}

const limitRangeRules = kindStrategy<LimitRange>(resources.limitRanges, {
	allowsCreateOnUpdate: true,
	setDefaults: ({ spec, ...range }) =>
		spec?.limits === undefined
			? { ...range, ...(spec && { spec }) }
			: { ...range, spec: { ...spec, limits: spec.limits.map(withDefaults) } },
	validate({ spec }) {
		const seen = new Set<string>();
		return (spec?.limits ?? []).flatMap((item, index) => {
			const at = `spec.limits[${index}]`;
			const { type = '' } = item;
			const problems = [
				...typeProblems(type, `${at}.type`),
				...(seen.has(type) ? [duplicate(`${at}.type`, type)] : []),
				...itemProblems(item, at),
			];
			seen.add(type);
			return problems;
		});
	},
});

/** A LimitRange without a name gets one. @source pkg/registry/core/limitrange/strategy.go PrepareForCreate */
export const limitRanges: Strategy<LimitRange> = {
	...limitRangeRules,
	prepareForCreate(range) {
		const { name, generateName } = range.metadata;
		return name || generateName ? range : { ...range, metadata: { ...range.metadata, name: randomUUID() } };
	},
};

function typeProblems(type: string, at: string): FieldProblem[] {
	const problems = qualifiedNameProblems(type).map((detail) => invalid(at, type, detail));
	if (problems.length > 0 || type.includes('/')) return problems;
	if (['Pod', 'Container', 'PersistentVolumeClaim'].includes(type)) return [];
	return [invalid(at, type, 'must be a standard limit type or fully qualified')];
}

export function limitNameProblems(type: string, name: string, at: string): FieldProblem[] {
	const problems = resourceNameProblems(name, at);
	if (type !== 'Pod' && type !== 'Container') return problems;
	if (!name.includes('/')) {
		if (compute.includes(name) || isHugePages(name)) return problems;
		return [...problems, invalid(at, name, 'must be a standard resource for containers')];
	}
	if (isNative(name) || isExtended(name)) return problems;
	return [...problems, invalid(at, name, "doesn't follow extended resource name standard")];
}

function itemProblems(item: LimitRangeItem, at: string): FieldProblem[] {
	const { type = '', max = {}, min = {}, maxLimitRequestRatio: ratio = {} } = item;
	const isPod = type === 'Pod';
	const notForPods = "may not be specified when `type` is 'Pod'";
	const lists = { max, min, ...(isPod ? {} : { default: item.default, defaultRequest: item.defaultRequest }) };
	const named = Object.entries({ ...lists, maxLimitRequestRatio: ratio });
	const names = new Set(named.flatMap(([, list]) => Object.keys(list ?? {})));
	const hasStorage = Object.hasOwn(min, 'storage') || Object.hasOwn(max, 'storage');
	const needsStorage = 'either minimum or maximum storage value is required, but neither was provided';
	return [
		...named.flatMap(([field, list]) =>
			Object.keys(list ?? {}).flatMap((name) => limitNameProblems(type, name, `${at}.${field}[${name}]`)),
		),
		...(isPod && Object.keys(item.default ?? {}).length > 0 ? [forbiddenField(`${at}.default`, notForPods)] : []),
		...(isPod && Object.keys(item.defaultRequest ?? {}).length > 0
			? [forbiddenField(`${at}.defaultRequest`, notForPods)]
			: []),
		...(type === 'PersistentVolumeClaim' && !hasStorage ? [required(`${at}.limits`, needsStorage)] : []),
		...[...names].flatMap((name) =>
			amountProblems(isPod ? { ...item, default: {}, defaultRequest: {} } : item, name, at),
		),
	];
}

/** The amounts of one resource, which must be in order. */
function amountProblems(item: LimitRangeItem, name: string, at: string): FieldProblem[] {
	const of = (list: ResourceList | undefined) => (Object.hasOwn(list ?? {}, name) ? list?.[name] : undefined);
	const [min, max, limit, request, ratio] = [
		...[of(item.min), of(item.max), of(item.default), of(item.defaultRequest), of(item.maxLimitRequestRatio)],
	];
	const problems: FieldProblem[] = [];
	const inOrder = (
		low: string | undefined,
		high: string | undefined,
		field: string,
		value: unknown,
		detail: string,
	) => {
		if (low !== undefined && high !== undefined && compareAmounts(low, high) > 0)
			problems.push(invalid(`${at}.${field}[${name}]`, value, detail));
	};
	inOrder(min, max, 'min', min, `min value ${min} is greater than max value ${max}`);
	inOrder(min, request, 'defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
	inOrder(request, max, 'defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
	const aboveLimit = `default request value ${request} is greater than default limit value ${limit}`;
	inOrder(request, limit, 'defaultRequest', request, aboveLimit);
	inOrder(min, limit, 'default', min, `min value ${min} is greater than default value ${limit}`);
	inOrder(limit, max, 'default', max, `default value ${limit} is greater than max value ${max}`);
	inOrder('1', ratio, 'maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
	problems.push(...ratioProblems(ratio, min, max, `${at}.maxLimitRequestRatio[${name}]`));
	const isOvercommitted = isNative(name) && !isHugePages(name);
	if (!isOvercommitted && limit !== undefined && request !== undefined && compareAmounts(limit, request) !== 0) {
		const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
		problems.push(invalid(`${at}.defaultRequest[${name}]`, request, detail));
	}
	return problems;
}

function ratioProblems(ratio: string | undefined, min: string | undefined, max: string | undefined, at: string) {
	if (ratio === undefined || min === undefined || max === undefined) return [];
	const [wanted = 0, least = 0, most = 0] = [ratio, min, max].map((one) =>
		Number(scaledQuantity(parseQuantity(one), -3)),
	);
	const possible = most / least;
	if (wanted / 1000 <= possible) return [];
	return [invalid(at, ratio, `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`)];
}

/** The request with which the API server charges a quota, while it admits another request. */
export const statusUpdate = (object: ResourceQuota, { lifetime, parts, warn }: ApiRequest): ApiRequest => ({
	...defaultOptions,
	user: { username: 'system:apiserver', groups: [wellKnown.groups.masters] },
	verb: 'update',
	resource: resources.resourceQuotas,
	subresource: 'status',
	namespace: object.metadata.namespace ?? '',
	name: object.metadata.name ?? '',
	object,
	userAgent: 'kube-apiserver',
	warn,
	created: () => undefined,
	parts,
	lifetime,
});
