import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Join } from './api.ts';
import { createStormCounter } from './storm.ts';

const join = (fields: Partial<Join> = {}): Join => ({
	...{ id: '1', node: 'n', startedMs: 1_000, durationMs: 100, state: 'joined', phase: '', nextPhase: '' },
	...{ steps: 0, isForgotten: false },
	...fields,
});
const failure = (code: string) => ({ code, sentence: '', remedy: '' });

describe('the counter of a storm', () => {
	it('counts joins and errors, the most frequent error first', () => {
		const storm = createStormCounter();
		for (let number = 0; number < 3; number++) storm.count(join(), []);
		for (const code of ['A', 'B', 'B']) storm.count(join({ state: 'refused', failure: failure(code) }), []);
		const { joined, refused, joining, failures } = storm.read(() => 7, 0);
		assert.deepEqual([joined, refused, joining], [3, 3, 7]);
		assert.deepEqual(failures, [
			{ code: 'B', count: 2 },
			{ code: 'A', count: 1 },
		]);
	});

	it('has the rate of the last ten seconds', () => {
		const storm = createStormCounter();
		for (const endMs of [1_000, 15_000, 16_000, 20_000]) storm.count(join({ startedMs: endMs - 100 }), []);
		assert.equal(storm.read(() => 0, 20_000).perSecond, 0.3);
	});

	it('has quantiles of the joins that joined, not of the refused ones', () => {
		const storm = createStormCounter();
		for (let ms = 1; ms <= 100; ms++) storm.count(join({ durationMs: ms }), []);
		storm.count(join({ durationMs: 1e9, state: 'refused', failure: failure('A') }), []);
		const { p50Ms, p99Ms } = storm.read(() => 0, 0);
		assert.deepEqual([p50Ms, p99Ms], [50, 99]);
	});

	it('puts each duration of a phase into one bucket, the last one for those above every bound', () => {
		const durations = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
		fc.assert(
			fc.property(durations, (times) => {
				const storm = createStormCounter();
				for (const ms of times) storm.count(join(), [{ phase: 'p', ms }]);
				const { phases, bucketsMs } = storm.read(() => 0, 0);
				const counts = phases[0]?.counts ?? [];
				assert.equal(
					counts.reduce((sum, count) => sum + count, 0),
					times.length,
				);
				assert.equal(counts.at(-1), times.filter((ms) => ms > Number(bucketsMs.at(-1))).length);
				assert.equal(counts[0], times.filter((ms) => ms <= 1).length);
			}),
		);
	});

	it('keeps the newest durations, and a bounded number of names of phases and errors', () => {
		const storm = createStormCounter();
		for (let number = 0; number < 6_000; number++) {
			const code = `E${number}`;
			storm.count(join({ durationMs: number, state: 'joined', failure: failure(code) }), [{ phase: code, ms: 1 }]);
		}
		const { phases, failures, p50Ms, joined } = storm.read(() => 0, 0);
		assert.deepEqual([phases.length, failures.length, joined], [32, 32, 6_000]);
		assert.ok(p50Ms > 3_000, `${p50Ms}`);
	});

	it('is computed once a second, for any number of pages', () => {
		const storm = createStormCounter();
		let asked = 0;
		const joining = () => ++asked;
		const first = storm.read(joining, 1_000);
		storm.count(join(), []);
		assert.equal(storm.read(joining, 1_899), first);
		assert.equal(storm.read(joining, 1_900).joined, 1);
		assert.equal(asked, 2);
	});
});
