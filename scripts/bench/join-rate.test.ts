import assert from 'node:assert/strict';
import { JoinRate } from './join-rate.ts';

describe('the rate of joins', () => {
	it('is that of the first and of the last nodes, between the looks too', () => {
		const rate = new JoinRate(1_000);
		rate.seen(50, 2_000);
		rate.seen(50, 3_000);
		rate.seen(100, 6_000);
		assert.equal(rate.joined, 100);
		assert.equal(rate.perSecond(0, 10), 50);
		assert.equal(rate.perSecond(90, 100), 12.5);
		assert.equal(rate.perSecond(0, 100), 20);
	});
});
