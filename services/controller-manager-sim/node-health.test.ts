import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Lease, Node, NodeCondition, Taint } from '../../lib/kube/types.ts';
import { now } from './fakes.test.ts';
import { isSilent, observe, statusAfterSilence, taintsFor } from './node-health.ts';

const grace = { monitorMs: 50_000, startupMs: 60_000 };
const heartbeat = '2026-01-31T11:59:00Z';
const ready = (status = 'True', lastHeartbeatTime = heartbeat): NodeCondition => ({
	type: 'Ready',
	status,
	lastHeartbeatTime,
	reason: 'KubeletReady',
});
const node = (conditions?: NodeCondition[], taints?: Taint[]): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name: 'worker-1', uid: 'uid-1', creationTimestamp: '2026-01-31T11:00:00Z' },
	spec: { taints },
	status: { conditions },
});
const lease = (renewTime: string): Lease => ({
	apiVersion: '',
	kind: '',
	metadata: { name: 'worker-1' },
	spec: { renewTime },
});
const fatal = (key: string) =>
	['NoSchedule', 'NoExecute'].map((effect) => ({
		key: `node.kubernetes.io/${key}`,
		effect,
		timeAdded: '2026-01-31T12:00:00Z',
	}));

describe('heartbeats', () => {
	const first = observe(undefined, node([ready()]), lease('a'), 5000);

	it('a node is silent after its grace period without anything new', () => {
		assert.equal(first.silentMs, 0);
		const at = observe(first, node([ready()]), lease('a'), 50_000);
		assert.equal(isSilent(node([ready()]), at, grace), false);
		const after = observe(at, node([ready()]), lease('a'), 1);
		assert.equal(isSilent(node([ready()]), after, grace), true);
	});

	it('takes a renewed lease or a new status as a heartbeat, with any time in it', () => {
		const silent = observe(first, node([ready()]), lease('a'), 60_000);
		assert.equal(observe(silent, node([ready()]), lease('1970'), 5000).silentMs, 0);
		assert.equal(observe(silent, node([ready('True', '1970-01-01T00:00:00Z')]), lease('a'), 5000).silentMs, 0);
		assert.equal(isSilent(node([ready('True', '2026-01-31T12:00:00Z')]), silent, grace), false);
	});

	it('counts a status that a client sets and whose reason it leaves as it was written on its behalf', () => {
		const unknown = statusAfterSilence(node(), now);
		const silent = observe(observe(undefined, unknown ?? node(), undefined, 0), unknown ?? node(), undefined, 60_000);
		assert.equal(silent.silentMs, 60_000);
		const set = node([{ ...ready(), reason: 'NodeStatusNeverUpdated' }]);
		assert.equal(isSilent(set, silent, grace), false);
		assert.equal(observe(silent, set, undefined, 5000).silentMs, 0);
	});

	it('a node of the same name is another node', () => {
		const other: Node = { ...node([ready()]), metadata: { name: 'worker-1', uid: 'uid-2' } };
		const silent = observe(first, node([ready()]), lease('a'), 60_000);
		assert.equal(observe(silent, other, lease('a'), 5000).silentMs, 0);
		assert.equal(isSilent(other, silent, grace), false);
	});

	it('gives the startup grace to a node without a status, and does not count writes on its behalf', () => {
		const start = observe(undefined, node(), undefined, 0);
		assert.equal(isSilent(node(), observe(start, node(), undefined, 60_000), grace), false);
		const silent = observe(start, node(), undefined, 60_001);
		assert.equal(isSilent(node(), silent, grace), true);
		const unknown = statusAfterSilence(node(), now);
		assert.ok(unknown);
		assert.equal(observe(silent, unknown, undefined, 1).silentMs, 60_002);
	});

	it("no node's clock, right or wrong, makes a living node silent", () => {
		fc.assert(
			fc.property(fc.array(fc.date({ noInvalidDate: true }), { minLength: 2 }), (dates) => {
				const different = dates.map((date, i) => lease(`${date.toISOString()} ${i}`));
				let observation = first;
				for (const renewed of different) {
					observation = observe(observation, node([ready()]), renewed, 40_000);
					assert.equal(isSilent(node([ready()]), observation, grace), false);
				}
			}),
		);
	});
});

describe('the status of a silent node', () => {
	it('NodeStatusUnknown for a posted condition, NodeStatusNeverUpdated for others; other conditions stay', () => {
		const other = { type: 'NetworkUnavailable', status: 'False' };
		const conditions = statusAfterSilence(
			node([other, ready(), { type: 'DiskPressure', status: 'Unknown', reason: 'x' }]),
			now,
		)?.status?.conditions;
		const lastTransitionTime = '2026-01-31T12:00:00Z';
		const stopped = {
			status: 'Unknown',
			reason: 'NodeStatusUnknown',
			message: 'Kubelet stopped posting node status.',
			lastTransitionTime,
		};
		const never = {
			status: 'Unknown',
			reason: 'NodeStatusNeverUpdated',
			message: 'Kubelet never posted node status.',
			lastTransitionTime,
		};
		assert.deepEqual(conditions, [
			other,
			{ type: 'Ready', lastHeartbeatTime: heartbeat, ...stopped },
			{ type: 'DiskPressure', status: 'Unknown', reason: 'x' },
			...['MemoryPressure', 'PIDPressure'].map((type) => ({
				type,
				lastHeartbeatTime: '2026-01-31T11:00:00Z',
				...never,
			})),
		]);
	});
	it('is written once', () => {
		const unknown = statusAfterSilence(node([ready()]), now);
		assert.ok(unknown);
		assert.equal(statusAfterSilence(unknown, now + 5000), undefined);
	});
});

describe('taints', () => {
	const own: Taint = { key: 'dedicated', effect: 'NoSchedule' };

	it('unreachable when Unknown, not-ready when False, none when True; those of others stay', () => {
		assert.deepEqual(taintsFor(node([ready('Unknown')], [own]), now), [own, ...fatal('unreachable')]);
		assert.deepEqual(taintsFor(node([ready('False')], [own, ...fatal('unreachable')]), now), [
			own,
			...fatal('not-ready'),
		]);
		assert.deepEqual(taintsFor(node([ready('True')], [...fatal('not-ready'), own]), now), [own]);
	});
	it('are left alone when they are right, or nothing is known', () => {
		assert.equal(taintsFor(node([ready('Unknown')], fatal('unreachable')), now), undefined);
		assert.equal(taintsFor(node([ready('True')], [own]), now), undefined);
		assert.equal(taintsFor(node([ready('True')]), now), undefined);
		assert.equal(taintsFor(node(undefined, fatal('not-ready')), now), undefined);
	});
	it('a taint that the kubelet set is completed, and keeps its time', () => {
		const [first] = fatal('not-ready');
		assert.ok(first);
		const old = { ...first, timeAdded: '2020-01-01T00:00:00Z' };
		assert.deepEqual(taintsFor(node([ready('False')], [old]), now), [old, fatal('not-ready')[1]]);
	});
});
