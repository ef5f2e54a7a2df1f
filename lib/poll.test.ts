import assert from 'node:assert/strict';
import { pollUntil, type RepeatOptions, repeatWatch } from './poll.ts';

describe('pollUntil', () => {
	const counter = () => {
		let count = 0;
		return async () => ++count;
	};

	it('returns the first result that is done', async () => {
		assert.equal(await pollUntil(counter(), (count) => count === 3, { retryMs: 0, timeoutMs: 60_000 }), 3);
	});

	it('looks once without time, and returns the last result when the time is over', async () => {
		assert.equal(await pollUntil(counter(), () => false, { retryMs: 0, timeoutMs: 0 }), 1);
	});

	it('throws a failure at once', async () => {
		const failure = new Error('no');
		const look = async () => {
			throw failure;
		};
		await assert.rejects(
			pollUntil(look, () => true, { retryMs: 0, timeoutMs: 60_000 }),
			failure,
		);
	});

	it('throws the reason of an abort', async () => {
		const controller = new AbortController();
		const reason = new Error('stopped');
		const look = async () => controller.abort(reason);
		const options = { retryMs: 60_000, timeoutMs: 60_000, signal: controller.signal };
		await assert.rejects(
			pollUntil(look, () => false, options),
			reason,
		);
	});
});

describe('repeatWatch', () => {
	const failure = new Error('the server ended');
	const fails = async () => {
		throw failure;
	};
	/** Aborts after this many pauses. */
	function options(pauses: number): RepeatOptions & { readonly paused: number[]; readonly failures: unknown[] } {
		const stop = new AbortController();
		const paused: number[] = [];
		const failures: unknown[] = [];
		return {
			...{ paused, failures, signal: stop.signal },
			onEnded: (error) => failures.push(error),
			async pause(ms) {
				if (paused.push(ms) === pauses) stop.abort();
			},
		};
	}

	it('doubles its pauses up to the longest', async () => {
		const repeated = options(7);
		assert.equal(await repeatWatch(fails, repeated), undefined);
		assert.deepEqual(repeated.paused, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
		assert.deepEqual(new Set(repeated.failures), new Set([failure]));
	});

	it('begins with the shortest pause again after a sign of life', async () => {
		const repeated = options(4);
		let count = 0;
		await repeatWatch(async (markAlive) => {
			if (++count === 3) markAlive();
			return undefined;
		}, repeated);
		assert.deepEqual(repeated.paused, [200, 400, 200, 400]);
	});

	it('ends with a result, and with an error that onEnded throws', async () => {
		const once = options(1);
		assert.equal(await repeatWatch(async () => 'issued', once), 'issued');
		assert.deepEqual(once.paused, []);
		const onEnded = (error: unknown) => {
			throw error;
		};
		await assert.rejects(repeatWatch(fails, { ...options(1), onEnded }), failure);
	});

	it('reports no failure after the abort', async () => {
		const stop = new AbortController();
		const watch = async () => {
			stop.abort();
			throw failure;
		};
		const repeated = { ...options(1), signal: stop.signal };
		assert.equal(await repeatWatch(watch, repeated), undefined);
		assert.deepEqual(repeated.failures, []);
	});
});
