import assert from 'node:assert/strict';
import { readyChecks } from './health.ts';

describe('a kubelet-sim is ready', () => {
	const beats = new Map<string, number | undefined>();
	const lease = () => readyChecks(beats, () => 100_000).lease?.();
	beforeEach(() => beats.clear());

	it('when each of its nodes has sent a heartbeat within the duration of a Lease', () => {
		beats.set('a', 60_000).set('b', 99_000);
		assert.doesNotThrow(lease);
	});

	it('but not while a node has not joined or sends no heartbeats, and the error names it', () => {
		beats.set('a', undefined);
		assert.throws(lease, { message: 'the node a has not joined yet' });
		beats.set('b', undefined).set('c', 99_000);
		assert.throws(lease, { message: 'the node a has not joined yet (2 of 3 have not)' });
		beats.set('a', 59_000).set('b', 99_000);
		assert.throws(lease, { message: 'the lease of a was renewed 41 s ago' });
	});
});
