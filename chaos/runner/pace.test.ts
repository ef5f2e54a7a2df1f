import assert from 'node:assert/strict';
import { measurePace, paceOf } from './pace.ts';

describe('measurePace', () => {
	it('takes the median of three starts, so that one slow start does not count', async () => {
		let nowMs = 0;
		const durations = [5_000, 400, 390];
		const pace = await measurePace(
			() => nowMs,
			async () => {
				nowMs += durations.shift() ?? 0;
			},
		);
		assert.equal(pace, 2);
		assert.equal(durations.length, 0);
	});

	it('starts Node', async () => {
		const pace = await measurePace(() => performance.now());
		assert.ok(pace >= 1 && pace <= 6);
	});
});

describe('paceOf', () => {
	it('is from 1 to 6, in halves', () => {
		assert.deepEqual([0, 50, 200, 260, 500, 60_000].map(paceOf), [1, 1, 1, 1.5, 2.5, 6]);
	});
});
