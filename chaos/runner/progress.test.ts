import assert from 'node:assert/strict';
import { secondsLeft } from './progress.ts';
import { runWords } from './words.ts';

describe('secondsLeft', () => {
	const estimated = (expectedSeconds?: number, actualSeconds?: number) => ({ expectedSeconds, actualSeconds });

	it('adds the recorded durations, less the time of the running experiment', () => {
		assert.equal(secondsLeft([estimated(10), estimated(20), estimated(30)], 4), 56);
	});

	it('scales by the speed of the experiments that have ended', () => {
		assert.equal(secondsLeft([estimated(10, 30), estimated(20), estimated(30)], 0), 150);
		assert.equal(secondsLeft([estimated(10, 5), estimated(20)], 0), 10);
	});

	it('uses the mean for an experiment without a record', () => {
		assert.equal(secondsLeft([estimated(10), estimated(20), estimated()], 0), 45);
		assert.equal(secondsLeft([estimated(undefined, 8), estimated(), estimated()], 0), 16);
	});

	it('counts an experiment that exceeds its record as ending now', () => {
		assert.equal(secondsLeft([estimated(10), estimated(20)], 99), 20);
	});

	it('is unknown when nothing was recorded or measured', () => {
		assert.equal(secondsLeft([estimated(), estimated()], 3), undefined);
	});
});

describe('the time that is left', () => {
	it('rounds to minutes, then to tens of seconds', () => {
		assert.deepEqual([240, 100, 89, 41, 9.9].map(runWords.en.left), [
			'about 4 min left',
			'about 2 min left',
			'about 90 s left',
			'about 50 s left',
			'a few seconds left',
		]);
	});
});
