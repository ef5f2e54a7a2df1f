import assert from 'node:assert/strict';
import { LatestBeats } from './latest-beats.ts';

describe('the latest heartbeat of many nodes', () => {
	it('is the longest time between two renewals of a Lease, beyond the planned one', () => {
		const beats = new LatestBeats();
		beats.seen('a', '1', 0);
		beats.seen('b', '1', 5_000);
		beats.seen('a', '1', 9_000);
		beats.seen('a', '2', 10_200);
		beats.seen('b', '2', 16_900);
		assert.equal(beats.count, 2);
		assert.equal(beats.latestMs, 1_500);
		assert.equal(beats.takeLatestMs(), 1_500);
		assert.equal(beats.takeLatestMs(), 0);
	});

	it('has no heartbeat in a first look', () => {
		const beats = new LatestBeats();
		beats.seen('a', '1', 0);
		beats.seen('b', '', 0);
		assert.equal(beats.count, 0);
	});
});
