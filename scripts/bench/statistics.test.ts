import assert from 'node:assert/strict';
import { median, quantile, summarize, summaryText } from './statistics.ts';

describe('statistics of the benchmarks', () => {
	it('takes the middle of an odd number of values and the mean of two of an even number', () => {
		assert.equal(median([3, 1, 2]), 2);
		assert.equal(median([4, 1, 2, 3]), 2.5);
	});
	it('takes a value that was measured as a quantile', () => {
		const values = Array.from({ length: 100 }, (_, index) => 100 - index);
		assert.deepEqual([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [50, 99, 100]);
		assert.equal(quantile([7], 0.99), 7);
	});
	it('prints the range of rounds that differ', () => {
		assert.equal(summaryText(summarize([1, 2, 4])), '2.0 (1.0-4.0)');
		assert.equal(summaryText(summarize([2, 2])), '2.0');
	});
});
