import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../errors.ts';
import type { StoreEvent } from './store.ts';
import { createWatchers } from './watchers.ts';

const LIMIT = 5;
const event = (revision: number, key = 'a/x'): StoreEvent => ({ type: 'updated', key, value: {}, revision });

describe('a watcher that reads more slowly than the store changes', () => {
	/** A watcher that has read the history, so its events are live. */
	async function live(prefix = 'a/') {
		let position = 1;
		const watchers = createWatchers(
			{ position: () => position, readAfter: async (revision) => (revision < 1 ? [event(1, `${prefix}first`)] : []) },
			LIMIT,
		);
		const iterator = watchers.watch(prefix, 0, new AbortController().signal)[Symbol.asyncIterator]();
		assert.equal((await iterator.next()).value?.revision, 1);
		const waiting = iterator.next();
		await new Promise((resolve) => setImmediate(resolve));
		const publish = (...revisions: number[]) => {
			position = revisions.at(-1) ?? position;
			watchers.publish(revisions.map((revision) => event(revision)));
		};
		publish(2);
		assert.equal((await waiting).value?.revision, 2);
		return { iterator, publish, watchers };
	}
	async function rest(iterator: AsyncIterator<StoreEvent>): Promise<number[]> {
		const revisions: number[] = [];
		for (;;) {
			const { done, value } = await iterator.next();
			if (done) return revisions;
			revisions.push(value.revision);
			if (revisions.length > 100) assert.fail('it does not end');
		}
	}

	it('gets every change as long as it is no more behind than the limit', async () => {
		const { iterator, publish, watchers } = await live();
		publish(3, 4, 5);
		publish(6, 7);
		for (const revision of [3, 4, 5, 6, 7]) assert.equal((await iterator.next()).value?.revision, revision);
		watchers.fail(hasCodeError());
		await assert.rejects(rest(iterator));
	});

	it('STORE_COMPACTED: when its live queue overflows it gets no change after the gap', async () => {
		const { iterator, publish } = await live();
		publish(3, 4, 5, 6, 7);
		publish(8);
		publish(9);
		await assert.rejects(rest(iterator), (error) => {
			assert.ok(hasCode(error, 'STORE_COMPACTED'));
			assert.deepEqual(error.details, { requested: 2, oldest: 8 });
			return true;
		});
	});

	it('changes of other prefixes do not count', async () => {
		const { iterator, watchers } = await live();
		watchers.publish(Array.from({ length: 50 }, (_, index) => event(3 + index, 'b/y')));
		watchers.publish([event(53)]);
		assert.equal((await iterator.next()).value?.revision, 53);
	});
});

const hasCodeError = () => new KubejoinError('STORE_UNAVAILABLE', { store: 's', problem: 'p' });
