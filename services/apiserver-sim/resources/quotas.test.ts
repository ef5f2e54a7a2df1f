/** Upstream's texts, @source pkg/apis/core/validation ValidateResourceQuota, ValidateLimitRange */
import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { LimitRangeItem, ResourceQuota } from '../../../lib/kube/types.ts';
import { limitRanges, resourceQuotas } from './quotas.ts';

const textOf = ({ field, message }: { readonly field: string; readonly message: string }) => `${field}: ${message}`;

describe('resource quotas', () => {
	const quotaOf = (spec: ResourceQuota['spec']): ResourceQuota => ({
		...{ apiVersion: 'v1', kind: resources.resourceQuotas.kind, metadata: { name: 'q' } },
		...(spec && { spec }),
	});
	const problems = (spec: ResourceQuota['spec']) => resourceQuotas.validate?.(quotaOf(spec)).map(textOf);

	it('limit every resource that upstream counts', () => {
		const names = [
			...['cpu', 'requests.memory', 'limits.ephemeral-storage', 'requests.storage', 'pods', 'services.nodeports'],
			...['hugepages-2Mi', 'requests.hugepages-2Mi', 'count/pods', 'count/leases.coordination.k8s.io'],
			...['requests.a.example/gpu', 'gold.storageclass.storage.k8s.io/requests.storage'],
		];
		assert.deepEqual(problems({ hard: Object.fromEntries(names.map((name) => [name, '1'])) }), []);
	});

	const scopes = 'spec.scopes: Invalid value: ';
	const at = 'spec.scopeSelector.matchExpressions';
	const matching = (...matchExpressions: object[]) => ({ scopeSelector: { matchExpressions } });
	const refused: [string, NonNullable<ResourceQuota['spec']>, string[]][] = [
		[
			'an unknown resource',
			{ hard: { foo: '1' } },
			[
				'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
				'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
			],
		],
		[
			'an amount below zero',
			{ hard: { cpu: '-1' } },
			['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
		],
		[
			'half an object',
			{ hard: { pods: '500m', 'count/pods': '1.5', cpu: '500m' } },
			[
				'spec.hard[pods]: Invalid value: "500m": must be an integer',
				'spec.hard[count/pods]: Invalid value: "1.5": must be an integer',
			],
		],
		['an unknown scope', { scopes: ['X'] }, [`${scopes}["X"]: unsupported scope`]],
		[
			'a scope with the name of a property of every object',
			{ hard: { pods: '1' }, scopes: ['constructor'], ...matching({ scopeName: 'toString', operator: 'Exists' }) },
			[`${scopes}["constructor"]: unsupported scope`, `${at}.scopeName: Invalid value: "toString": unsupported scope`],
		],
		[
			'a scope of other objects than huge pages',
			{ hard: { 'requests.hugepages-2Mi': '1' }, scopes: ['Terminating'] },
			[`${scopes}["Terminating"]: unsupported scope applied to resource`],
		],
		[
			'a scope of other objects',
			{ hard: { configmaps: '1', cpu: '1' }, scopes: ['BestEffort'] },
			Array.from({ length: 2 }, () => `${scopes}["BestEffort"]: unsupported scope applied to resource`),
		],
		[
			'scopes that exclude each other',
			{ scopes: ['Terminating', 'NotTerminating'] },
			[`${scopes}["Terminating","NotTerminating"]: conflicting scopes`],
		],
		[
			'a selector without values',
			matching({ scopeName: 'PriorityClass', operator: 'In' }),
			[
				`${at}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
			],
		],
		[
			'a selector with values that it does not use',
			matching({ scopeName: 'PriorityClass', operator: 'Exists', values: ['x'] }),
			[
				`${at}.values: Invalid value: ["x"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' ` +
					'for scope selector',
			],
		],
		[
			'an unknown operator',
			matching({ scopeName: 'PriorityClass', operator: 'Like' }),
			[`${at}.operator: Invalid value: "Like": not a valid selector operator`],
		],
	];
	for (const [title, spec, texts] of refused) it(`422: ${title}`, () => assert.deepEqual(problems(spec), texts));

	it('422: another scope than before', () => {
		const update = (next: string[], previous: string[]) =>
			resourceQuotas.validateUpdate?.(quotaOf({ scopes: next }), quotaOf({ scopes: previous }), '').map(textOf);
		assert.deepEqual(update(['BestEffort'], []), [`${scopes}["BestEffort"]: field is immutable`]);
		assert.deepEqual(update(['BestEffort', 'Terminating'], ['Terminating', 'BestEffort']), []);
	});
});

describe('limit ranges', () => {
	const problems = (...limits: LimitRangeItem[]) =>
		limitRanges
			.validate?.({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l' }, spec: { limits } })
			.map((problem) => textOf(problem).replaceAll('spec.limits', ''));
	const type = 'Container';
	const refused: [string, LimitRangeItem, string[]][] = [
		[
			'an unknown type',
			{ type: 'X' },
			['[0].type: Invalid value: "X": must be a standard limit type or fully qualified'],
		],
		[
			'a resource that containers do not have',
			{ type, max: { pods: '1', foo: '1' } },
			[
				'[0].max[pods]: Invalid value: "pods": must be a standard resource for containers',
				'[0].max[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
				'[0].max[foo]: Invalid value: "foo": must be a standard resource for containers',
			],
		],
		[
			'a default of a pod',
			{ type: 'Pod', default: { cpu: '1' } },
			["[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
		],
		[
			'a minimum above the maximum',
			{ type, min: { cpu: '2' }, max: { cpu: '1' } },
			['[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
		],
		[
			'defaults outside of the bounds',
			{ type, min: { cpu: '1' }, max: { cpu: '2' }, default: { cpu: '3' }, defaultRequest: { cpu: '500m' } },
			[
				'[0].defaultRequest[cpu]: Invalid value: "500m": min value 1 is greater than default request value 500m',
				'[0].default[cpu]: Invalid value: "2": default value 3 is greater than max value 2',
			],
		],
		[
			'a default request above the default limit',
			{ type, default: { cpu: '1' }, defaultRequest: { cpu: '2' } },
			['[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1'],
		],
		[
			'a ratio below one',
			{ type, maxLimitRequestRatio: { cpu: '500m' } },
			['[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
		],
		[
			'a ratio that the bounds exclude',
			{ type, min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } },
			['[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'],
		],
		[
			'different defaults of an extended resource',
			{ type, default: { 'a.example/gpu': '2' }, defaultRequest: { 'a.example/gpu': '1' } },
			[
				'[0].defaultRequest[a.example/gpu]: Invalid value: "1": ' +
					'default value 2 must equal to defaultRequest value 1 in a.example/gpu',
			],
		],
		[
			'claims without storage',
			{ type: 'PersistentVolumeClaim', max: {} },
			['[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided'],
		],
	];
	for (const [title, item, texts] of refused) it(`422: ${title}`, () => assert.deepEqual(problems(item), texts));

	it('422: two items of a type', () =>
		assert.deepEqual(problems({ type }, { type }), ['[1].type: Duplicate value: "Container"']));
});
