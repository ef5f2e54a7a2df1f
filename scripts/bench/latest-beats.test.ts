import assert from 'node:assert/strict';
import { LatestBeats } from './latest-beats.ts';

describe('the latest heartbeat of many nodes', () => {
	const at = (seconds: number) => new Date(Date.UTC(2026, 5, 1) + seconds * 1000).toISOString();

	it('is the longest time between two renewals of a Lease, beyond the planned one', () => {
		const beats = new LatestBeats();
		beats.seen('a', at(0));
		beats.seen('b', at(5));
		beats.seen('a', at(0));
		beats.seen('a', at(10.2));
		beats.seen('b', at(16.9));
		assert.equal(beats.count, 2);
		assert.equal(beats.latestMs, 1_500);
		assert.equal(beats.takeLatestMs(), 1_500);
		assert.equal(beats.takeLatestMs(), 0);
	});

	it('has no heartbeat in a first look', () => {
		const beats = new LatestBeats();
		beats.seen('a', at(0));
		beats.seen('b', '');
		assert.equal(beats.count, 0);
	});
});
