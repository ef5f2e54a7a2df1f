import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import type { JoinRequest } from './join/join-request.ts';
import { planNodes } from './nodes.ts';

describe('the nodes of a process', () => {
	const request = { nodeName: 'n', endpoint: 'h:6443' } as JoinRequest;

	it('are one by default, with its name and root', () => {
		const [plan, ...more] = planNodes(request, undefined);
		assert.deepEqual([plan?.request, plan?.paths.root, more], [request, resolve('.kubejoin/nodes/n'), []]);
		assert.equal(plan?.line('[kubelet] Hello'), '[kubelet] Hello');
		assert.equal(planNodes(request, '/tmp/x')[0]?.paths.root, '/tmp/x');
	});

	it('have a name and a root each', () => {
		const plans = planNodes(request, '/tmp/x', 3);
		assert.deepEqual(
			plans.map(({ request: { nodeName, endpoint }, paths }) => [nodeName, endpoint, paths.root]),
			[1, 2, 3].map((number) => [`n-${number}`, 'h:6443', `/tmp/x/n-${number}`]),
		);
		assert.equal(planNodes(request, undefined, 1)[0]?.paths.root, resolve('.kubejoin/nodes/n-1'));
	});

	it('have a port each, and are refused where the last one has none', () => {
		const ports = (count: number, port: number) =>
			planNodes(request, '/x', count, port).map((plan) => plan.kubeletPort);
		assert.deepEqual(ports(2, 65_534), [65_534, 65_535]);
		assert.deepEqual(ports(2, 0), [undefined, undefined]);
		assert.throws(() => ports(3, 65_534), {
			message: '--port=65534 cannot be used: 3 nodes need the ports up to 65536',
			remedy: 'Use --port 65533 or a smaller one',
		});
	});

	it('have their name in each line once', () => {
		const [plan] = planNodes(request, '/tmp/x', 1);
		assert.equal(
			plan?.line('[discovery/pin-ca] the node trusts the cluster CA (1 ms)'),
			'[discovery/pin-ca] n-1: the node trusts the cluster CA (1 ms)',
		);
		assert.equal(
			plan?.line('[kubelet] n-1 rotated its client certificate'),
			'[kubelet] n-1 rotated its client certificate',
		);
		assert.equal(plan?.line('no\nbracket'), 'n-1: no\nbracket');
	});
});
