import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { storeOfEachTest } from '../fixtures.test.ts';
import { storeKey } from '../registry.ts';
import { EventExpiry } from './event-expiry.ts';

const ttlMs = 3_600_000;
const bornMs = Date.parse('2026-01-31T12:00:00Z');
const key = (name: string) => storeKey(resources.events, 'default', name);
const { signal } = new AbortController();

describe('the expiry of events', () => {
	const store = storeOfEachTest();
	let nowMs: number;
	let expiry: EventExpiry;
	beforeEach(() => {
		nowMs = bornMs;
		expiry = new EventExpiry({ store: store(), ttlMs, clock: () => nowMs });
	});

	const event = (name: string, times: readonly string[] = [], creationTimestamp = '2026-01-31T12:00:00Z') =>
		({
			apiVersion: 'v1',
			kind: 'Event',
			metadata: { name, namespace: 'default', creationTimestamp, managedFields: times.map((time) => ({ time })) },
		}) as KubeObject;
	const add = async (name: string, ...more: [times?: readonly string[], creationTimestamp?: string]) => {
		const object = event(name, ...more);
		await store().create(key(name), object);
		expiry.set(key(name), object);
	};
	const names = async () => (await store().list<KubeObject>('events/')).items.map(({ value }) => value.metadata.name);

	it('removes an event an hour after its last write', async () => {
		await add('old');
		nowMs = bornMs + 40 * 60_000;
		await add('counted', ['2026-01-31T12:00:00Z', '2026-01-31T12:30:00Z']);
		nowMs = bornMs + ttlMs - 1;
		assert.equal(await expiry.removeExpired(signal), 1);
		assert.deepEqual(await names(), ['counted', 'old']);
		nowMs += 1;
		assert.equal(await expiry.removeExpired(signal), 30 * 60_000);
		assert.deepEqual(await names(), ['counted']);
		nowMs += 30 * 60_000;
		await expiry.removeExpired(signal);
		assert.deepEqual(await names(), []);
	});

	it('keeps an event that another writer has renewed', async () => {
		await add('renewed');
		const found = await store().get(key('renewed'));
		await store().update(key('renewed'), event('renewed', ['2026-01-31T12:59:00Z']), found?.revision ?? 0);
		nowMs += ttlMs;
		await expiry.removeExpired(signal);
		assert.deepEqual(await names(), ['renewed']);
	});

	it('ignores an event that is gone already', async () => {
		await add('gone');
		await store().delete(key('gone'));
		nowMs += ttlMs;
		await expiry.removeExpired(signal);
		expiry.delete(key('gone'));
		assert.equal(await expiry.removeExpired(signal), undefined);
	});

	it('counts a time in the future, or none, as a limit and not as eternity', async () => {
		await add('future', ['2126-01-31T12:00:00Z']);
		await add('timeless', [], 'never');
		await expiry.removeExpired(signal);
		assert.deepEqual(await names(), ['future']);
	});
});
