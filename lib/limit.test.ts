import assert from 'node:assert/strict';
import { atMost } from './limit.ts';

describe('work in turn', () => {
	it('never more at once than it may, in order, and one that fails gives its place up', async () => {
		const inTurn = atMost(2);
		const ends: (() => void)[] = [];
		const begun: number[] = [];
		let running = 0;
		let most = 0;
		const works = Array.from({ length: 6 }, (_, index) =>
			inTurn(async () => {
				begun.push(index);
				most = Math.max(most, ++running);
				await new Promise<void>((resolve) => ends.push(resolve));
				running--;
				if (index % 2 === 0) throw new Error(String(index));
				return index;
			}),
		);
		const results = Promise.allSettled(works);
		while (begun.length < 6 || ends.length > 0) {
			ends.shift()?.();
			await new Promise((resolve) => setImmediate(resolve));
		}
		assert.deepEqual([begun, most], [[0, 1, 2, 3, 4, 5], 2]);
		assert.deepEqual(
			(await results).map(({ status }) => status),
			['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
		);
		assert.equal(await inTurn(async () => 'free again'), 'free again');
	});
});
