/** The usage of objects. @source pkg/quota/v1/evaluator/core */
import assert from 'node:assert/strict';
import type { Pod } from './pod.ts';
import { constraintProblem, isInScopes, namesCountedBy, totalUsage, usageOf } from './resource-quota.ts';
import { type ApiResource, resources } from './resources.ts';
import type { KubeObject, ResourceQuota } from './types.ts';

const { pods, services, configMaps, leases } = resources;
const nowMs = Date.parse('2026-01-31T12:00:00Z');
const objectOf = (parts: object = {}, metadata: object = {}): KubeObject => ({
	...{ apiVersion: 'v1', kind: 'X', metadata },
	...parts,
});
const podOf = (spec: object, status: object = {}, metadata: object = {}) => objectOf({ spec, status }, metadata);
const quotaOf = (spec: object): ResourceQuota => objectOf({ spec });
const usage = (resource: ApiResource, object: KubeObject) => usageOf(resource, object, nowMs);

describe('the usage of a quota', () => {
	it('counts objects of every kind, and some under an older name too', () => {
		assert.deepEqual(usage(leases, objectOf()), { 'count/leases.coordination.k8s.io': '1' });
		assert.deepEqual(usage(configMaps, objectOf()), { 'count/configmaps': '1', configmaps: '1' });
	});

	it('counts the node ports and load balancers that a Service asks for', () => {
		const ports = [{ port: 1 }, { port: 2, nodePort: 30_000 }];
		const rows: [object, string, string][] = [
			[{ type: 'ClusterIP', ports }, '0', '0'],
			[{ type: 'NodePort', ports }, '2', '0'],
			[{ type: 'LoadBalancer', ports }, '2', '1'],
			[{ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false }, '1', '1'],
		];
		for (const [spec, nodePorts, balancers] of rows)
			assert.deepEqual(usage(services, objectOf({ spec })), {
				...{ 'count/services': '1', services: '1' },
				'services.nodeports': nodePorts,
				'services.loadbalancers': balancers,
			});
	});

	const containers = [
		{ name: 'a', resources: { requests: { cpu: '500m', 'a.example/gpu': '1' }, limits: { memory: '1Gi' } } },
		{ name: 'b', resources: { requests: { cpu: '1', 'hugepages-2Mi': '2Mi' } } },
	];
	it('sums up the requests and limits of a pod, with its overhead', () => {
		assert.deepEqual(usage(pods, podOf({ containers, overhead: { cpu: '100m', memory: '1Mi' } })), {
			...{ 'count/pods': '1', pods: '1', cpu: '1600m', 'requests.cpu': '1600m' },
			...{ memory: '1Mi', 'requests.memory': '1Mi', 'limits.memory': '1025Mi' },
			...{ 'hugepages-2Mi': '2Mi', 'requests.hugepages-2Mi': '2Mi', 'requests.a.example/gpu': '1' },
		});
	});

	it('counts only the object of a pod that has ended, or whose grace period has', () => {
		const deletion = { deletionTimestamp: '2026-01-31T11:59:00Z' };
		const ended: Pod[] = [
			podOf({ containers }, { phase: 'Succeeded' }),
			podOf({ containers }, { phase: 'Failed' }),
			podOf({ containers }, {}, { ...deletion, deletionGracePeriodSeconds: 59 }),
		];
		for (const pod of ended) assert.deepEqual(usage(pods, pod), { 'count/pods': '1' });
		const ending = podOf({ containers }, {}, { ...deletion, deletionGracePeriodSeconds: 60 });
		assert.equal(usage(pods, ending).pods, '1');
	});

	it('counts the greater amounts while a pod is resized', () => {
		const cpu = (amount: string) => ({ requests: { cpu: amount } });
		const pod = (conditions: object[]) =>
			podOf(
				{ containers: [{ name: 'c', resources: cpu('1') }] },
				{ conditions, containerStatuses: [{ name: 'c', resources: cpu('2'), allocatedResources: { cpu: '3' } }] },
			);
		assert.equal(usage(pods, pod([])).cpu, '3');
		const shrunk = podOf(
			{ containers: [{ name: 'c', resources: cpu('4') }] },
			{ conditions: [{ type: 'PodResizePending', reason: 'Infeasible' }], containerStatuses: [] },
		);
		assert.equal(usage(pods, shrunk).cpu, undefined);
	});

	it('counts only the names of the kind', () => {
		const names = ['pods', 'cpu', 'services', 'configmaps', 'count/pods', 'requests.a.example/gpu', 'requests.storage'];
		assert.deepEqual(namesCountedBy(pods, names), ['count/pods', 'cpu', 'pods', 'requests.a.example/gpu']);
		assert.deepEqual(namesCountedBy(services, names), ['services']);
		assert.deepEqual(namesCountedBy(configMaps, names), ['configmaps']);
		assert.deepEqual(namesCountedBy(leases, names), []);
	});

	it('sums up the objects in the scopes of the quota', () => {
		const quota = quotaOf({ hard: { pods: '5', cpu: '9' }, scopes: ['NotBestEffort'] });
		const all = [podOf({ containers }), podOf({ containers }), podOf({ containers: [{ name: 'x' }] })];
		assert.deepEqual(totalUsage(pods, quota, all, nowMs), { pods: '2', cpu: '3' });
		assert.deepEqual(totalUsage(pods, quota, [], nowMs), { pods: '0', cpu: '0' });
	});

	const elsewhere = { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaces: ['other'] }] };
	const scopes: [string, object, object][] = [
		['Terminating', { activeDeadlineSeconds: 0 }, {}],
		['NotTerminating', {}, { activeDeadlineSeconds: 5 }],
		['BestEffort', {}, { containers }],
		['NotBestEffort', { containers }, {}],
		['PriorityClass', { priorityClassName: 'high' }, {}],
		['CrossNamespacePodAffinity', { affinity: { podAntiAffinity: elsewhere } }, { affinity: { podAffinity: {} } }],
	];
	for (const [scope, inside, outside] of scopes)
		it(`counts the pods in the scope ${scope}`, () => {
			const isIn = (spec: object) => isInScopes(pods, quotaOf({ scopes: [scope] }), podOf(spec));
			assert.deepEqual([isIn(inside), isIn(outside)], [true, false]);
			assert.equal(isInScopes(configMaps, quotaOf({ scopes: [scope] }), objectOf()), false);
		});
	it('selects priority classes', () => {
		const isIn = (operator: string, values: string[], priorityClassName?: string) => {
			const matchExpressions = [{ scopeName: 'PriorityClass', operator, values }];
			return isInScopes(pods, quotaOf({ scopeSelector: { matchExpressions } }), podOf({ priorityClassName }));
		};
		assert.ok(isIn('In', ['high'], 'high') && !isIn('In', ['high'], 'low') && !isIn('In', ['high']));
		assert.ok(isIn('NotIn', ['high'], 'low') && isIn('NotIn', ['high']) && !isIn('NotIn', ['high'], 'high'));
		assert.ok(isIn('DoesNotExist', []) && !isIn('DoesNotExist', [], 'high'));
	});

	it('needs the amounts of each container that a quota limits', () => {
		const problem = (spec: object) => constraintProblem(pods, ['limits.cpu', 'memory', 'pods'], podOf(spec));
		const text = 'must specify limits.cpu for: a,b; memory for: a,b';
		assert.equal(problem({ containers }), text);
		const own = { requests: { memory: '1' }, limits: { cpu: '1' } };
		assert.equal(problem({ containers: [{ name: 'a', resources: own }] }), undefined);
		assert.equal(problem({ containers, resources: own }), undefined);
	});
});
