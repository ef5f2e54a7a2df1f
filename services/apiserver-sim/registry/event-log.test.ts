import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CachedObject } from './cached-objects.ts';
import { CacheEvent, EventLog } from './event-log.ts';

describe('the log of the last changes', () => {
	const MAX_LENGTH = 100;
	const MAX_BYTES = 1_000;
	const event = (revision: number, bytes: number): CacheEvent => {
		const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
		const current = { object, revision, bytes } as unknown as CachedObject;
		return new CacheEvent({ revision, key: 'configmaps/a/a', current, previous: undefined }, { isPreviousKnown: true });
	};
	const filled = (count: number, bytes: number): EventLog => {
		const log = new EventLog(MAX_LENGTH, MAX_BYTES);
		for (let revision = 1; revision <= count; revision++) log.push(event(revision, bytes));
		return log;
	};

	it('has a bounded number of changes and of their bytes, and says where it starts', () => {
		for (const [count, bytes, held] of [
			[100, 1, 100],
			[101, 1, 100],
			[1_000, 1, 100],
			[50, 100, 10],
			[3, 1_001, 0],
			[2, 0, 2],
		] as const) {
			const log = filled(count, bytes);
			assert.equal(log.start, count - held, `${count} changes of ${bytes} bytes`);
			const revisions = log.since(log.start).map(({ revision }) => revision);
			assert.deepEqual(
				revisions,
				Array.from({ length: held }, (_, index) => count - held + index + 1),
			);
		}
	});

	it('finds the changes after each of its revisions', () => {
		const log = filled(120, 1);
		for (let after = log.start; after <= 121; after++) assert.equal(log.since(after).length, Math.max(0, 120 - after));
		log.restart(500);
		assert.deepEqual([log.start, log.since(500)], [500, []]);
		log.push(event(501, 1));
		assert.equal(log.since(500).length, 1);
	});

	it('keeps no change in memory that it has dropped', async () => {
		setFlagsFromString('--expose_gc');
		const collect = runInNewContext('gc') as () => void;
		const log = new EventLog(MAX_LENGTH, MAX_BYTES);
		const objects: WeakRef<object>[] = [];
		const push = (revision: number): void => {
			const one = event(revision, 500);
			objects.push(new WeakRef(one.current?.object ?? {}));
			log.push(one);
		};
		for (let revision = 1; revision <= 20; revision++) push(revision);
		await delay(0);
		collect();
		assert.equal(objects.filter((one) => one.deref() !== undefined).length, 2);
		assert.equal(log.since(log.start).length, 2);
	});
});
