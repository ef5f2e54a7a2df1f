import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import type { Lease, Node } from '../../lib/kube/types.ts';
import { beat, registerNode, renewLease, reportStatus, STATUS_INTERVAL_MS } from './heartbeat.ts';
import { nodeObject, readyConditions } from './node-object.ts';

const now = Date.UTC(2026, 0, 1);
const named = { resource: 'nodes', group: '', name: 'n' };

/** One object of the API. Writing an old version is a conflict. */
function fakeResource<T extends Node | Lease>(present?: T) {
	let stored = present;
	let version = 1;
	let conflicts = 0;
	let reads = 0;
	const writes: string[] = [];
	const versioned = (object: T): T => ({
		...object,
		metadata: { ...object.metadata, uid: 'u', resourceVersion: String(version) },
	});
	const write = (verb: string) => async (object: T) => {
		// The API server creates a Lease by an update, and so compares the uid first.
		if (stored === undefined) throw new KubejoinError(verb === 'renew' ? 'API_CONFLICT' : 'API_NOT_FOUND', named);
		if (conflicts > 0) {
			conflicts--;
			version++;
		}
		if (object.metadata.resourceVersion !== String(version)) throw new KubejoinError('API_CONFLICT', named);
		version++;
		stored = object;
		writes.push(verb);
		return versioned(object);
	};
	return {
		writes,
		reads: () => reads,
		stored: () => stored,
		remove: () => {
			stored = undefined;
		},
		disturb: (times: number) => {
			conflicts = times;
		},
		api: {
			async create(object: T) {
				if (stored !== undefined) throw new KubejoinError('API_ALREADY_EXISTS', named);
				stored = object;
				writes.push('create');
				return versioned(object);
			},
			async get() {
				reads++;
				if (stored === undefined) throw new KubejoinError('API_NOT_FOUND', named);
				return versioned(stored);
			},
			update: write('update'),
			updateStatus: write('updateStatus'),
			renew: write('renew'),
		} as never,
	};
}
const typed = (object: object) => ({ apiVersion: 'v1', kind: 'Node', ...object }) as Node;
const wanted = () => nodeObject('n', now, { kubeletVersion: 'v1.37.2' });

describe('the registration of a node', () => {
	it('creates the Node', async () => {
		const { api, writes } = fakeResource<Node>();
		assert.deepEqual(await registerNode(api, wanted()), { nodeUid: 'u', becameReady: true });
		assert.deepEqual(await registerNode(api, wanted()), { nodeUid: 'u', becameReady: false });
		assert.deepEqual(writes, ['create', 'update', 'updateStatus']);
	});

	it('updates the labels and the status of an existing Node, and keeps other labels', async () => {
		const present = typed({
			metadata: { name: 'n', labels: { mine: 'yes', 'kubernetes.io/hostname': 'old' } },
			status: {},
		});
		const { api, writes, stored } = fakeResource<Node>(present);
		await registerNode(api, wanted());
		assert.deepEqual(writes, ['update', 'updateStatus']);
		assert.deepEqual(
			[stored()?.metadata.labels?.mine, stored()?.metadata.labels?.['kubernetes.io/hostname']],
			['yes', 'n'],
		);
		assert.equal(stored()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
	});

	it('fails after too many conflicts', async () => {
		const { api, disturb } = fakeResource<Node>(typed({ metadata: { name: 'n' } }));
		disturb(100);
		await assert.rejects(registerNode(api, wanted()), { name: 'API_CONFLICT' });
	});
});

describe('a heartbeat', () => {
	const leaseNow = () => now;
	const registration = { nodeUid: 'u', becameReady: true };
	const written = (writes: readonly string[]) => writes.join(' ');

	it('creates the Lease, which the Node owns, then renews it with one write', async () => {
		const { api, writes, reads, stored } = fakeResource<Lease>();
		const first = await beat(api, 'n', registration, leaseNow);
		assert.deepEqual([first.nodeUid, first.becameReady], ['u', true]);
		assert.deepEqual(stored()?.spec, {
			holderIdentity: 'n',
			leaseDurationSeconds: 40,
			renewTime: '2026-01-01T00:00:00.000000Z',
		});
		assert.deepEqual(stored()?.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }]);
		const second = await beat(api, 'n', first, () => now + 10_000);
		await beat(api, 'n', second, () => now + 20_000);
		assert.equal(stored()?.spec?.renewTime, '2026-01-01T00:00:20.000000Z');
		assert.deepEqual([written(writes), reads()], ['create renew renew', 0]);
	});

	it('takes over an existing Lease', async () => {
		const { api, stored } = fakeResource<Lease>(typed({ metadata: { name: 'n', labels: { mine: 'yes' } } }) as never);
		await beat(api, 'n', registration, leaseNow);
		assert.deepEqual(
			[stored()?.metadata.labels, stored()?.metadata.ownerReferences?.[0]?.uid, stored()?.spec?.holderIdentity],
			[{ mine: 'yes' }, 'u', 'n'],
		);
	});

	it('renews the Lease from its present state after a conflict, and fails after too many', async () => {
		const { api, reads, disturb } = fakeResource<Lease>();
		const { lease } = await beat(api, 'n', registration, leaseNow);
		disturb(1);
		await renewLease(api, lease, () => now + 10_000);
		assert.equal(reads(), 1);
		disturb(100);
		await assert.rejects(renewLease(api, lease, leaseNow), { name: 'API_CONFLICT' });
	});

	it('fails when the Lease was deleted, so that the node registers again', async () => {
		const { api, remove } = fakeResource<Lease>();
		const { lease } = await beat(api, 'n', registration, leaseNow);
		remove();
		await assert.rejects(renewLease(api, lease, leaseNow), { name: 'API_NOT_FOUND' });
	});

	it('reports the status every five minutes, and at once when the Node is not Ready', async () => {
		const { api, writes } = fakeResource<Node>(
			typed({ metadata: { name: 'n' }, status: { conditions: readyConditions(now) } }),
		);
		assert.equal(await reportStatus(api, 'n', now + STATUS_INTERVAL_MS - 1), false);
		assert.deepEqual(writes, []);
		await reportStatus(api, 'n', now + STATUS_INTERVAL_MS);
		assert.deepEqual(writes, ['updateStatus']);
		const unknown = readyConditions(now).map((condition) => ({ ...condition, status: 'Unknown' }));
		const silent = fakeResource<Node>(typed({ metadata: { name: 'n' }, status: { conditions: unknown } }));
		assert.equal(await reportStatus(silent.api, 'n', now + 1), true);
		assert.deepEqual(silent.writes, ['updateStatus']);
	});

	it('keeps the transition time of a condition until the condition changes', () => {
		const later = readyConditions(now + 1_000, readyConditions(now));
		assert.ok(later.every(({ lastTransitionTime }) => lastTransitionTime === '2026-01-01T00:00:00Z'));
		const changed = readyConditions(now + 1_000, [
			{ type: 'Ready', status: 'Unknown', lastTransitionTime: '2026-01-01T00:00:00Z' },
		]);
		assert.equal(changed.find(({ type }) => type === 'Ready')?.lastTransitionTime, '2026-01-01T00:00:01Z');
	});
});

describe('a renewed Lease', () => {
	it('keeps the unchanged parts of the last one once, and has the new version and time', async () => {
		const owners = () => [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }];
		const leaseOf = (resourceVersion: string, renewTime: string): Lease => ({
			apiVersion: 'coordination.k8s.io/v1',
			kind: 'Lease',
			metadata: { name: 'n', namespace: 'kube-node-lease', resourceVersion, ownerReferences: owners() },
			spec: { holderIdentity: 'n', renewTime },
		});
		const last = leaseOf('1', '2026-01-31T12:00:00.000000Z');
		const answer = leaseOf('2', '2026-01-31T12:00:10.000000Z');
		const leases = { get: () => Promise.reject(new Error('read')), renew: async () => answer };
		const renewed = await renewLease(leases, last, () => 0);
		assert.equal(renewed.metadata.ownerReferences, last.metadata.ownerReferences);
		assert.deepEqual(renewed, leaseOf('2', '2026-01-31T12:00:10.000000Z'));
	});
});
