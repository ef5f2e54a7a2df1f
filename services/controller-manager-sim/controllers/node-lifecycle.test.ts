import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { KubeList, Lease, Node } from '../../../lib/kube/types.ts';
import { DEFAULT_GRACE_SECONDS } from '../config.ts';
import { clock, fakeLog, fakeRegistry } from '../fakes.test.ts';
import { LeaseCache } from '../lease-cache.ts';
import { MONITOR_PERIOD_MS, NodeLifecycle } from './node-lifecycle.ts';

const worker: Node = {
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name: 'worker-1', uid: 'uid-1', resourceVersion: '1' },
	status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-31T11:59:00Z' }] },
};

/** An API server with one node and its lease, a cache that shows it, and a stopwatch. */
function cluster(grace = { monitorMs: 50_000, startupMs: 60_000 }) {
	const state = { elapsedMs: 0, renewTime: 'a', isDown: false, isRemoved: false };
	const nodes = fakeRegistry(worker);
	const list = async (): Promise<KubeList<Lease>> => {
		if (state.isDown) throw new KubejoinError('CONNECTION_REFUSED', { target: 'x', problem: 'x' });
		const lease: Lease = {
			apiVersion: '',
			kind: '',
			metadata: { name: 'worker-1', namespace: 'kube-node-lease' },
			spec: { renewTime: state.renewTime },
		};
		return { apiVersion: '', kind: '', metadata: { resourceVersion: '' }, items: [lease] };
	};
	const cached = () => nodes.present() ?? worker;
	const { log, messages } = fakeLog();
	const events: string[] = [];
	const lifecycle = new NodeLifecycle({
		api: { nodes },
		leases: new LeaseCache({ list }, () => undefined),
		cache: { get: cached, list: () => (state.isRemoved ? [] : [cached()]) },
		grace,
		clock,
		elapsedMs: () => state.elapsedMs,
		recordEvent: ({ name, uid }, type, reason, message) =>
			void events.push(`${type} ${name} ${uid} ${reason}: ${message}`),
		log,
	});
	/** Observes every five seconds and updates silent nodes. */
	const watchFor = async (seconds: number) => {
		for (let passed = 0; passed < seconds; passed += 5) {
			state.elapsedMs += 5000;
			for (const name of await lifecycle.monitor()) await lifecycle.reconcile(name);
		}
	};
	const status = () => nodes.present()?.status?.conditions?.[0]?.status;
	const taints = () => nodes.present()?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`);
	const remove = () => {
		state.isRemoved = true;
	};
	return { state, nodes, lifecycle, watchFor, status, taints, messages, events, remove };
}

describe('node-lifecycle', () => {
	it('a node that nothing is heard of is Unknown and unreachable, once', async () => {
		const { watchFor, status, taints, nodes, messages } = cluster();
		await watchFor(55);
		assert.equal(status(), 'True');
		await watchFor(5);
		assert.equal(status(), 'Unknown');
		assert.deepEqual(taints(), [
			'node.kubernetes.io/unreachable:NoSchedule',
			'node.kubernetes.io/unreachable:NoExecute',
		]);
		await watchFor(60);
		assert.equal(nodes.writes.length, 2);
		assert.equal(messages[0], 'node worker-1: no heartbeat for 50 s, Ready=Unknown');
	});

	it('marks a dead node Unknown after the grace period of 50 s and two observations of 5 s', async () => {
		assert.deepEqual([DEFAULT_GRACE_SECONDS, MONITOR_PERIOD_MS], [50, 5_000]);
		const { watchFor, status } = cluster({ monitorMs: DEFAULT_GRACE_SECONDS * 1000, startupMs: 60_000 });
		await watchFor(40);
		assert.equal(status(), 'True');
		// The first look begins the count, and silence must be longer than the grace period.
		await watchFor(15);
		assert.equal(status(), 'True');
		await watchFor(5);
		assert.equal(status(), 'Unknown');
	});

	it('records the events of a node that is registered, silent and removed', async () => {
		const { watchFor, events, lifecycle, remove } = cluster();
		await watchFor(65);
		remove();
		await lifecycle.monitor();
		assert.deepEqual(events, [
			'Normal worker-1 uid-1 RegisteredNode: Node worker-1 event: Registered Node worker-1 in Controller',
			'Normal worker-1 uid-1 NodeNotReady: Node worker-1 status is now: NodeNotReady',
			'Normal worker-1 uid-1 RemovingNode: Node worker-1 event: Removing Node worker-1 from Controller',
		]);
	});

	it('a node that renews its lease is left alone', async () => {
		const { state, watchFor, nodes } = cluster();
		for (const renewTime of ['b', 'c', 'd']) {
			state.renewTime = renewTime;
			await watchFor(45);
		}
		assert.deepEqual(nodes.writes, []);
	});

	it('a node that is heard of again loses the taints', async () => {
		const { watchFor, nodes, lifecycle, taints } = cluster();
		await watchFor(60);
		const { metadata, spec } = await nodes.get();
		const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-31T12:05:00Z' }];
		await nodes.updateStatus({ metadata, ...(spec === undefined ? {} : { spec }), status: { conditions } });
		await lifecycle.reconcile('worker-1');
		assert.deepEqual(taints(), []);
	});

	it('while the API cannot be read, silence does not count', async () => {
		const { state, watchFor, lifecycle, status } = cluster();
		await watchFor(10);
		state.isDown = true;
		state.elapsedMs += 600_000;
		await assert.rejects(lifecycle.monitor(), { code: 'CONNECTION_REFUSED' });
		state.isDown = false;
		await watchFor(30);
		assert.equal(status(), 'True');
		await watchFor(15);
		assert.equal(status(), 'Unknown');
	});

	it('API_CONFLICT: a heartbeat that came in between is seen', async () => {
		const { state, nodes } = cluster();
		const stale = new NodeLifecycle({
			api: { nodes },
			leases: { get: () => undefined, refresh: async () => undefined },
			cache: { get: () => worker, list: () => [worker] },
			grace: { monitorMs: 5_000, startupMs: 60_000 },
			clock,
			elapsedMs: () => state.elapsedMs,
			recordEvent: () => undefined,
			log: fakeLog().log,
		});
		await stale.monitor();
		state.elapsedMs += 6_000;
		assert.deepEqual(await stale.monitor(), ['worker-1']);
		const { metadata } = await nodes.get();
		await nodes.updateStatus({
			metadata,
			status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-31T12:00:00Z' }] },
		});
		await stale.reconcile('worker-1');
		assert.equal(nodes.writes.length, 1);
	});
});
