/**
 * Resource quotas and limit ranges: the objects. Admission applies them.
 *
 * @source pkg/apis/core/validation ValidateResourceQuota, ValidateLimitRange, release 1.37
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { duplicate, forbiddenField, invalid, required } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type LimitRange, type LimitRangeItem, type ResourceQuota, wellKnown } from '../../../lib/kube/types.ts';
import { type ApiRequest, defaultOptions } from '../request/api-request.ts';
import { kindStrategy } from './kind.ts';

const isNegative = (quantity: string): boolean => /^-[^1-9]*[1-9]/.test(quantity);

export const resourceQuotas = kindStrategy<ResourceQuota>(resources.resourceQuotas, {
	validate: ({ spec }) =>
		Object.entries(spec?.hard ?? {}).flatMap(([name, quantity]) =>
			isNegative(quantity) ? [invalid(`spec.hard[${name}]`, quantity, 'must be greater than or equal to 0')] : [],
		),
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

export const limitRanges = kindStrategy<LimitRange>(resources.limitRanges, {
	allowsCreateOnUpdate: true,
	setDefaults: ({ spec, ...range }) => ({
		...range,
		spec: { ...spec, limits: (spec?.limits ?? []).map(withDefaults) },
	}),
	validate({ spec }) {
		const seen = new Set<string>();
		return (spec?.limits ?? []).flatMap(({ type = '', default: limits, defaultRequest }, index) => {
			const at = `spec.limits[${index}]`;
			const problems: FieldProblem[] = [];
			if (type === '') problems.push(required(`${at}.type`));
			if (seen.has(type)) problems.push(duplicate(`${at}.type`, type));
			seen.add(type);
			const notForPods = "may not be specified when `type` is 'Pod'";
			if (type === 'Pod' && limits !== undefined) problems.push(forbiddenField(`${at}.default`, notForPods));
			if (type === 'Pod' && defaultRequest !== undefined)
				problems.push(forbiddenField(`${at}.defaultRequest`, notForPods));
			return problems;
		});
	},
});

/** The request with which the API server charges a quota, while it admits another request. */
export const statusUpdate = (object: ResourceQuota, { signal, parts, warn }: ApiRequest): ApiRequest => ({
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
	signal,
});
