import assert from 'node:assert/strict';
import type { CachedObject } from './cached-objects.ts';
import { CacheEvent } from './event-log.ts';
import { Subscription } from './subscription.ts';

describe('the changes that a watcher has yet to read', () => {
	const changes = (from: number, count: number, bytes: number): CacheEvent[] =>
		Array.from({ length: count }, (_, index) => {
			const current = { bytes } as CachedObject;
			const event = { revision: from + index, key: 'configmaps/a/a', current, previous: undefined };
			return new CacheEvent(event, { isPreviousKnown: true });
		});
	let ended = 0;
	const subscribe = () => {
		ended = 0;
		return new Subscription({ changes: 10, bytes: 1_000 }, new AbortController().signal, () => {
			ended += 1;
		});
	};

	it('come in batches, at the limits of their number and of their bytes', async () => {
		const subscription = subscribe();
		for (const [count, bytes] of [
			[10, 1],
			[10, 100],
			[2, 500],
			[1, 1_000],
		] as const) {
			subscription.offer(changes(1, count, bytes));
			assert.equal((await subscription.next())?.length, count);
		}
		assert.equal(ended, 0);
	});

	for (const [what, count, bytes] of [
		['watchBacklog: more changes', 11, 1],
		['watchBacklogBytes: larger objects', 2, 501],
	] as const)
		it(`STORE_COMPACTED: ${what}`, async () => {
			const subscription = subscribe();
			for (const change of changes(5, count, bytes)) subscription.offer([change]);
			await assert.rejects(subscription.next(), {
				code: 'STORE_COMPACTED',
				details: { requested: 4, oldest: 4 + count },
			});
			assert.equal(ended, 1);
			subscription.offer(changes(50, 1, 1));
			await assert.rejects(subscription.next(), { code: 'STORE_COMPACTED' });
		});
});
