import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { microClock, rfc3339, rfc3339Micro, systemClock, waitBy } from './clock.ts';

describe('the clock', () => {
	it('formats microseconds, with three zeros if the clock has only milliseconds', () => {
		const ms = Date.UTC(2026, 0, 31, 12, 0, 0, 7);
		assert.equal(rfc3339Micro(ms), '2026-01-31T12:00:00.007000Z');
		assert.equal(rfc3339Micro(ms + 0.25), '2026-01-31T12:00:00.007250Z');
		assert.equal(rfc3339Micro(ms + 0.9995), '2026-01-31T12:00:00.007999Z');
	});

	it('formats seconds as toISOString does, and refuses any other text', () => {
		const anyMs = fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
		const nearMs = fc.integer({ min: Date.UTC(990, 0), max: Date.UTC(10_010, 0) });
		fc.assert(
			fc.property(fc.oneof(anyMs, nearMs), (ms) =>
				assert.equal(rfc3339(ms), new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')),
			),
			{ numRuns: 1_000 },
		);
		assert.equal(rfc3339(Date.UTC(2026, 0, 31, 1, 2, 3, 999)), '2026-01-31T01:02:03Z');
		assert.throws(() => rfc3339(Number.NaN), RangeError);
	});

	it('agrees with the clock of the system to the microsecond', () => {
		// The process can be suspended between two readings, so each is compared with those before and after it.
		const readings = Array.from({ length: 100 }, () => [systemClock(), microClock(), systemClock()] as const);
		for (const [before, micro, after] of readings)
			assert.ok(micro > before - 5 && micro < after + 5, `${micro} is not between ${before} and ${after}`);
		assert.ok(readings.some(([, micro]) => !Number.isInteger(micro)));
	});

	it('waits for a time that is past, one that comes, and one that never comes', async () => {
		const never = new AbortController();
		await waitBy(() => 2)(1, never.signal);
		let now = 0;
		await waitBy(() => (now += 0.5))(1.4, never.signal);
		assert.equal(now, 1.5);
		never.abort();
		await waitBy(() => 0)(1, never.signal);
	});

	it('ends all waits of a signal when it aborts, with one listener, and those of no other signal', async () => {
		const [one, other] = [new AbortController(), new AbortController()];
		const wait = waitBy(() => 0);
		const ended: string[] = [];
		const waiting = [1, 2].map((ms) => wait(ms * 1e9, one.signal).then(() => void ended.push('one')));
		const last = wait(1e9, other.signal).then(() => void ended.push('other'));
		assert.equal(getEventListeners(one.signal, 'abort').length, 1);
		one.abort();
		await Promise.all(waiting);
		assert.deepEqual(ended, ['one', 'one']);
		other.abort();
		await last;
	});
});
