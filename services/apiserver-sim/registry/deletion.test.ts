import assert from 'node:assert/strict';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { RequestOptions } from '../request/api-request.ts';
import { deletionOf, isRemovable } from './deletion.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const [now, later] = ['2026-01-31T12:00:00Z', '2026-01-31T12:00:30Z'];
const object = (metadata: ObjectMeta = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata });
const graceful = { gracePeriodSeconds: (_object: KubeObject, requested = 30) => requested };
type Options = Partial<RequestOptions>;

describe('a deletion', () => {
	const plain = (metadata: ObjectMeta, options: Options = {}) => deletionOf({}, object(metadata), options, nowMs);
	const pod = (metadata: ObjectMeta, options: Options = {}) => deletionOf(graceful, object(metadata), options, nowMs);
	const marked = { deletionTimestamp: now, deletionGracePeriodSeconds: 0 };

	it('removes an object without finalizers at once', () => {
		assert.deepEqual(plain({}), { next: undefined, isRemoved: true });
		assert.deepEqual(plain({}, { propagationPolicy: 'Background' }), { next: undefined, isRemoved: true });
	});

	it('marks an object with finalizers and keeps it', () => {
		const { next, isRemoved } = plain({ finalizers: ['example.com/f'], generation: 3 });
		assert.deepEqual(next?.metadata, { ...marked, finalizers: ['example.com/f'], generation: 4 });
		assert.equal(isRemoved, false);
		const again = deletionOf({}, next ?? object(), {}, nowMs + 5000);
		assert.deepEqual(again, { next, isRemoved: false });
	});

	it('adds and removes the finalizers of the garbage collector by the policy of the request', () => {
		const finalizers = (metadata: ObjectMeta, policy?: Options['propagationPolicy']) =>
			plain(metadata, { propagationPolicy: policy }).next?.metadata.finalizers;
		const own = ['example.com/f', 'orphan'];
		assert.deepEqual(finalizers({}, 'Orphan'), ['orphan']);
		assert.deepEqual(finalizers({}, 'Foreground'), ['foregroundDeletion']);
		assert.deepEqual(finalizers({ finalizers: own }), own);
		assert.deepEqual(finalizers({ finalizers: own }, 'Background'), ['example.com/f']);
		assert.deepEqual(finalizers({ finalizers: own }, 'Foreground'), ['example.com/f', 'foregroundDeletion']);
		const event = deletionOf({ isIgnoredByGarbageCollection: true }, object(), { propagationPolicy: 'Orphan' }, nowMs);
		assert.deepEqual(event, { next: undefined, isRemoved: true });
	});

	it('gives an object of a graceful kind its grace period', () => {
		const { next, isRemoved } = pod({ generation: 1 });
		assert.deepEqual(next?.metadata, { deletionTimestamp: later, deletionGracePeriodSeconds: 30, generation: 2 });
		assert.equal(isRemoved, false);
		assert.equal(pod({}, { gracePeriodSeconds: 0 }).isRemoved, true);
		assert.equal(pod({}, { gracePeriodSeconds: -5 }).next?.metadata.deletionGracePeriodSeconds, 1);
		assert.equal(pod({ finalizers: ['example.com/f'] }, { gracePeriodSeconds: 0 }).isRemoved, false);
	});

	it('only shortens a grace period', () => {
		const running = { deletionTimestamp: later, deletionGracePeriodSeconds: 30 };
		const pending = { next: undefined, isRemoved: false };
		assert.deepEqual(pod(running), pending);
		assert.deepEqual(pod(running, { gracePeriodSeconds: 30 }), pending);
		const shorter = pod(running, { gracePeriodSeconds: 10 }).next?.metadata;
		assert.deepEqual(shorter, { deletionTimestamp: '2026-01-31T12:00:10Z', deletionGracePeriodSeconds: 10 });
		const forced = pod(running, { gracePeriodSeconds: 0 });
		assert.deepEqual([forced.isRemoved, forced.next?.metadata.deletionGracePeriodSeconds], [true, 0]);
		assert.deepEqual(pod({ deletionTimestamp: now, deletionGracePeriodSeconds: 0 }), {
			next: undefined,
			isRemoved: true,
		});
	});

	it('marks an object as its kind demands, once', () => {
		const rules = {
			markDeleted: (one: KubeObject) => ({ ...one, kind: 'Marked' }),
			isFinalizing: () => true,
		};
		const { next, isRemoved } = deletionOf(rules, object(), {}, nowMs);
		assert.deepEqual([next?.kind, isRemoved], ['Marked', false]);
		assert.deepEqual(deletionOf(rules, object(marked), {}, nowMs), { next: undefined, isRemoved: false });
	});
});

describe('an update of a deleted object', () => {
	const removable = (next: ObjectMeta, previous: ObjectMeta, isFinalizing = false) =>
		isRemovable({ isFinalizing: () => isFinalizing }, object(next), object(previous));
	it('removes it with its last finalizer', () => {
		const deleted = { deletionTimestamp: now, deletionGracePeriodSeconds: 0 };
		assert.equal(removable({}, deleted), true);
		assert.equal(removable({ finalizers: ['f'] }, deleted), false);
		assert.equal(removable({}, {}), false);
		assert.equal(removable({}, { ...deleted, deletionGracePeriodSeconds: 30 }), false);
		assert.equal(removable({}, deleted, true), false);
	});
});
