import assert from 'node:assert/strict';
import { pollUntil } from './poll.ts';

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
