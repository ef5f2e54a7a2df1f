/** The tests that every store must pass. It never names a backend. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ErrorCode, hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Listed, PageOptions, Store, StoredItem, StoredValue, StoreEvent } from './store.ts';

/** A place for a store. A store that is opened there again finds the data of the one before. */
export interface StorePlace {
	readonly open: (historyLength?: number) => Promise<Store>;
	readonly remove: () => Promise<void>;
}

const rejectsWith = (code: ErrorCode, work: Promise<unknown>) => assert.rejects(work, (error) => hasCode(error, code));

/** Watch until an event fits; the watch is aborted then and must end without an error. */
async function watchUntil(
	store: Store,
	prefix: string,
	afterRevision: number,
	isLast: (event: StoreEvent) => boolean,
): Promise<StoreEvent[]> {
	const abort = new AbortController();
	const events: StoreEvent[] = [];
	for await (const event of store.watch(prefix, afterRevision, abort.signal)) {
		events.push(event);
		if (isLast(event)) abort.abort();
	}
	return events;
}

const watchUpTo = (store: Store, prefix: string, afterRevision: number, revision: number) =>
	watchUntil(store, prefix, afterRevision, (event) => event.revision >= revision);

const createMany = (store: Store, prefix: string, count: number) =>
	Promise.all(Array.from({ length: count }, (_, i) => store.create(`${prefix}${i}`, { i })));

/** All items and the revision. */
async function listAll(store: Store, prefix: string): Promise<Pick<Listed, 'items' | 'revision'>> {
	const { items, revision } = await store.list(prefix);
	return { items, revision };
}

const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Describe the contract for one backend. */
export function describeStoreContract(name: string, newPlace: () => Promise<StorePlace>): void {
	describe(`the store contract on ${name}`, function () {
		this.timeout(30_000);
		let place: StorePlace;
		let store: Store;

		beforeEach(async () => {
			place = await newPlace();
			store = await place.open();
		});
		afterEach(async () => {
			await store.close();
			await place.remove();
		});
		const reopen = async (historyLength?: number) => {
			await store.close();
			store = await place.open(historyLength);
		};

		describeItems(() => store, reopen);
		describeConcurrency(() => store);
		describeWatch(() => store, reopen);

		it('behaves like a simple model for any sequence of commands', async () => {
			await fc.assert(
				fc.asyncProperty(commands, async (sequence) => {
					await compareWithModel(store, sequence);
				}),
				{ numRuns: 40 },
			);
		});
	});
}

function describeItems(store: () => Store, reopen: (historyLength?: number) => Promise<void>): void {
	it('starts empty, at revision 0', async () => {
		assert.deepEqual(await listAll(store(), ''), { items: [], revision: 0 });
		assert.equal(await store().get('a'), undefined);
		await store().ping();
	});

	it('counts one revision over all keys', async () => {
		const a = await store().create('a', { n: 1 });
		const b = await store().create('b', { n: 2 });
		const updated = await store().update('a', { n: 3 }, a.revision);
		const deleted = await store().delete('b', b.revision);
		assert.deepEqual([a.revision, b.revision, updated.revision, deleted.revision], [1, 2, 3, 4]);
		assert.deepEqual(deleted, { key: 'b', value: { n: 2 }, revision: 4 });
		assert.deepEqual(await store().get('a'), { key: 'a', value: { n: 3 }, revision: 3 });
		assert.deepEqual(await listAll(store(), ''), { items: [{ key: 'a', value: { n: 3 }, revision: 3 }], revision: 4 });
	});

	it('returns a known item while it is the current one, and reads the value otherwise', async () => {
		const known = await store().create('known', { n: 1 });
		assert.equal(await store().get('known', known), known);
		const older = { ...known, revision: Math.floor(known.revision / 10) };
		assert.deepEqual(await store().get('known', older), known);
		const updated = await store().update('known', { n: 2 }, known.revision);
		assert.deepEqual(await store().get('known', known), updated);
		await store().delete('known');
		assert.equal(await store().get('known', updated), undefined);
	});

	it('STORE_KEY_EXISTS: create does not replace', async () => {
		await store().create('a', { n: 1 });
		await rejectsWith('STORE_KEY_EXISTS', store().create('a', { n: 2 }));
		assert.deepEqual(await listAll(store(), ''), { items: [{ key: 'a', value: { n: 1 }, revision: 1 }], revision: 1 });
	});

	it('STORE_KEY_MISSING: update and delete need the key', async () => {
		await rejectsWith('STORE_KEY_MISSING', store().update('a', {}, 1));
		await rejectsWith('STORE_KEY_MISSING', store().delete('a'));
		await rejectsWith('STORE_KEY_MISSING', store().delete('a', 1));
	});

	it('STORE_CONFLICT: update and delete name both revisions', async () => {
		await store().create('a', {});
		const conflict = (error: unknown) =>
			hasCode(error, 'STORE_CONFLICT') &&
			assert.deepEqual(error.details, { key: 'a', expectedRevision: 7, foundRevision: 1 }) === undefined;
		await assert.rejects(store().update('a', {}, 7), conflict);
		await assert.rejects(store().delete('a', 7), conflict);
		assert.equal((await store().delete('a')).revision, 2);
	});

	it('STORE_KEY_INVALID: a key that cannot be stored is refused by create and missing for the others', async () => {
		for (const key of ['', 'x'.repeat(1025), '\ud800']) {
			await rejectsWith('STORE_KEY_INVALID', store().create(key, {}));
			assert.equal(await store().get(key), undefined);
			await rejectsWith('STORE_KEY_MISSING', store().update(key, {}, 1));
			await rejectsWith('STORE_KEY_MISSING', store().delete(key));
		}
		await store().create('ü'.repeat(512), {});
	});

	it('STORE_VALUE_TOO_LARGE: a value of more than 1.5 MiB as JSON', async () => {
		const { value: max } = limits.objectBytes;
		const ofBytes = (bytes: number) => ({ v: 'x'.repeat(bytes - '{"v":""}'.length) });
		await rejectsWith('STORE_VALUE_TOO_LARGE', store().create('a', ofBytes(max + 1)));
		const { revision } = await store().create('a', ofBytes(max));
		await rejectsWith('STORE_VALUE_TOO_LARGE', store().update('a', ofBytes(max + 1), revision));
		assert.deepEqual(await store().get('a'), { key: 'a', value: ofBytes(max), revision });
	});

	it('lists a prefix in the order of the bytes', async () => {
		const keys = ['a', 'a/', 'a/b', 'a/ü', 'a/\u{10ffff}', 'a/\u{1f600}x', 'a/\uffff', 'a/z', 'a0', 'b'];
		await Promise.all(keys.map((key) => store().create(key, {})));
		const listed = async (prefix: string) => (await store().list(prefix)).items.map((item) => item.key);
		const expected = (prefix: string) => keys.filter((key) => key.startsWith(prefix)).sort(byUtf8);
		for (const prefix of ['', 'a', 'a/', 'a/\u{10ffff}', 'a/\u{1f600}', 'a/\uffff', 'b', 'c'])
			assert.deepEqual(await listed(prefix), expected(prefix), prefix);
	});

	describe('a page', () => {
		const page = async (prefix: string, options: PageOptions) => {
			const { items, revision, remaining } = await store().list(prefix, options);
			return [items.map(({ key }) => key).join(' '), revision, remaining];
		};

		it('holds at most the limit, begins after a key, and says how many follow', async () => {
			for (const key of ['a/1', 'a/2', 'a/3', 'a/\u{10ffff}', 'b/1']) await store().create(key, {});
			assert.deepEqual(await page('a/', { limit: 2 }), ['a/1 a/2', 5, 2]);
			assert.deepEqual(await page('a/', { limit: 2, after: 'a/2', revision: 5 }), ['a/3 a/\u{10ffff}', 5, 0]);
			assert.deepEqual(await page('a/', { limit: 4 }), ['a/1 a/2 a/3 a/\u{10ffff}', 5, 0]);
			assert.deepEqual(await page('a/', { limit: 1, after: 'a/2x' }), ['a/3', 5, 1]);
			assert.deepEqual(await page('', { limit: 2, after: 'a/3' }), ['a/\u{10ffff} b/1', 5, 0]);
			assert.deepEqual(await page('c', { limit: 2 }), ['', 5, 0]);
			assert.deepEqual(await page('a/', { limit: 2, after: 'a/\u{10ffff}' }), ['', 5, 0]);
		});

		it('of large values is shorter than the limit, and never empty', async () => {
			const large = { v: 'x'.repeat(limits.listPageBytes.value / 2 - 100) };
			for (const key of ['a', 'b', 'c', 'd']) await store().create(key, large);
			await store().create('e', { v: 'x'.repeat(limits.objectBytes.value - 100) });
			assert.deepEqual(await page('', { limit: 500 }), ['a b', 5, 3]);
			assert.deepEqual(await page('', { limit: 500, after: 'd' }), ['e', 5, 0]);
		});

		it('returns all items in pages, with the revision of the first page', async () => {
			await createMany(store(), 'k/', 25);
			const keys: string[] = [];
			for await (const { items, revision } of store().pages('k/', 10)) {
				keys.push(...items.map(({ key }) => key));
				assert.equal(revision, 25);
				await store().create(`other/${keys.length}`, {});
			}
			assert.deepEqual(
				keys,
				(await store().list('k/')).items.map(({ key }) => key),
			);
			assert.equal(keys.length, 25);
		});

		it('STORE_COMPACTED: the history does not reach back to the first page', async () => {
			await reopen(10);
			await createMany(store(), 'k/', 12);
			assert.equal((await store().list('k/', { limit: 1, after: 'k/1', revision: 2 })).items.length, 1);
			await rejectsWith('STORE_COMPACTED', store().list('k/', { limit: 1, after: 'k/1', revision: 1 }));
			await rejectsWith('STORE_COMPACTED', store().list('k/', { limit: 1, after: 'k/1', revision: 99 }));
		});
	});

	it('returns the revision of the last change', async () => {
		assert.equal(await store().revision(), 0);
		await store().create('a', {});
		await store().delete('a');
		assert.equal(await store().revision(), 2);
		await store().close();
		await rejectsWith('STORE_UNAVAILABLE', store().revision());
	});

	it('lists more than a thousand keys', async () => {
		await createMany(store(), 'k/', 2500);
		const { items, revision } = await store().list('k/');
		assert.deepEqual([items.length, new Set(items.map((item) => item.key)).size, revision], [2500, 2500, 2500]);
	});

	it('returns stored values unchanged', async () => {
		const values: StoredValue[] = [
			{
				empty: '',
				list: [],
				nothing: null,
				nested: { list: [[], {}] },
				float: 0.1,
				large: 9007199254740991,
				small: 1e-300,
				negative: -1,
			},
			JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
			{ text: 'ü \u{1f600} \u2028 \u0000 "quoted" \\ \n }', '': '', '\ud83d\ude00': 1, lone: '\ud800' },
			[1, 2],
			{ big: 'x'.repeat(300_000) },
		];
		for (const [i, value] of values.entries()) {
			const { revision } = await store().create(`v${i}`, value);
			assert.deepEqual((await store().get(`v${i}`))?.value, value);
			assert.deepEqual((await store().delete(`v${i}`, revision)).value, value);
		}
		assert.equal('polluted' in {}, false);
	});

	it('takes __proto__ and the like as keys', async () => {
		for (const key of ['__proto__', 'constructor', 'a b\n{}"\\', '\u0000', '\u{1f600}']) {
			await store().create(key, { key });
			assert.deepEqual((await store().get(key))?.value, { key });
		}
	});

	it('keeps data and revision when it is opened again', async () => {
		await store().create('a', { n: 1 });
		await store().create('b', {});
		await store().delete('b');
		await reopen();
		assert.deepEqual(await listAll(store(), ''), { items: [{ key: 'a', value: { n: 1 }, revision: 1 }], revision: 3 });
		assert.equal((await store().create('b', {})).revision, 4);
		assert.deepEqual(
			(await watchUpTo(store(), '', 1, 4)).map((event) => [event.type, event.revision]),
			[
				['created', 2],
				['deleted', 3],
				['created', 4],
			],
		);
	});

	it('STORE_UNAVAILABLE: nothing works after it was closed', async () => {
		await store().close();
		await rejectsWith('STORE_UNAVAILABLE', store().get('a'));
		await rejectsWith('STORE_UNAVAILABLE', store().create('a', {}));
		await rejectsWith('STORE_UNAVAILABLE', store().list(''));
		await rejectsWith('STORE_UNAVAILABLE', store().ping());
		await rejectsWith('STORE_UNAVAILABLE', watchUpTo(store(), '', 0, 1));
	});
}

function describeConcurrency(store: () => Store): void {
	it('lets one of a hundred updates of the same revision win', async () => {
		const { revision } = await store().create('a', { by: -1 });
		const results = await Promise.allSettled(
			Array.from({ length: 100 }, (_, by) => store().update('a', { by }, revision)),
		);
		const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
		const lost = results.filter((result) => result.status === 'rejected' && hasCode(result.reason, 'STORE_CONFLICT'));
		assert.deepEqual([won.length, lost.length], [1, 99]);
		assert.deepEqual(await store().get('a'), won[0]);
		assert.equal((await store().list('')).revision, 2);
	});

	it('lets one of a hundred creates of the same key win', async () => {
		const results = await Promise.allSettled(Array.from({ length: 100 }, (_, by) => store().create('a', { by })));
		assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
		assert.equal((await store().list('')).revision, 1);
	});

	it('gives every concurrent write a revision of its own', async () => {
		const items = await createMany(store(), 'k', 1000);
		assert.deepEqual(
			items.map((item) => item.revision).sort((a, b) => a - b),
			Array.from({ length: 1000 }, (_, i) => i + 1),
		);
	});
}

function describeWatch(store: () => Store, reopen: (historyLength?: number) => Promise<void>): void {
	it('reports every kind of change, a deletion with the last value', async () => {
		const watched = watchUpTo(store(), '', 0, 3);
		const { revision } = await store().create('a', { n: 1 });
		await store().update('a', { n: 2 }, revision);
		await store().delete('a');
		assert.deepEqual(await watched, [
			{ type: 'created', key: 'a', value: { n: 1 }, revision: 1 },
			{ type: 'updated', key: 'a', value: { n: 2 }, revision: 2 },
			{ type: 'deleted', key: 'a', value: { n: 2 }, revision: 3 },
		]);
	});

	it('misses and repeats no change during writes, for several watchers from several revisions', async () => {
		const last = 3000;
		await createMany(store(), 'k', 1500);
		const watches = [0, 1, 700, 1499, 1500].map(async (after) => ({
			after,
			events: await watchUpTo(store(), 'k', after, last),
		}));
		const writes = Array.from({ length: 15 }, async (_, writer) => {
			for (let i = 0; i < 100; i++) await store().create(`k-${writer}-${i}`, {});
		});
		await Promise.all(writes);
		for (const { after, events } of await Promise.all(watches)) {
			assert.deepEqual(
				events.map((event) => event.revision),
				Array.from({ length: last - after }, (_, i) => after + 1 + i),
			);
		}
	});

	it('reports only keys with the prefix', async () => {
		const watched = watchUntil(store(), 'b/', 0, (event) => event.key === 'b/2');
		for (const key of ['a/1', 'b/1', 'b', 'ab/', 'b/2']) await store().create(key, {});
		assert.deepEqual(
			(await watched).map((event) => event.key),
			['b/1', 'b/2'],
		);
	});

	it('continues from the revision of a list', async () => {
		await createMany(store(), 'k', 10);
		const { items, revision } = await store().list('k');
		const watched = watchUpTo(store(), 'k', revision, revision + 1);
		await store().create('k-new', {});
		assert.deepEqual([items.length, (await watched).map((event) => event.key)], [10, ['k-new']]);
	});

	it('ends without an error when it is aborted, before, while and after it waits', async () => {
		await store().create('a', {});
		const never = store().watch('', 0, AbortSignal.abort())[Symbol.asyncIterator]();
		assert.deepEqual(await never.next(), { value: undefined, done: true });
		const abort = new AbortController();
		const iterator = store().watch('', 0, abort.signal)[Symbol.asyncIterator]();
		assert.equal((await iterator.next()).value?.key, 'a');
		const waiting = iterator.next();
		abort.abort();
		assert.deepEqual(await waiting, { value: undefined, done: true });
		assert.deepEqual(await iterator.next(), { value: undefined, done: true });
		assert.deepEqual(await watchUntil(store(), '', 0, () => true).then((events) => events.length), 1);
	});

	it('STORE_COMPACTED: the history no longer reaches back, or the revision is yet to come', async () => {
		await reopen(10);
		await createMany(store(), 'k', 25);
		const oldest = (expected: number) => (error: unknown) =>
			hasCode(error, 'STORE_COMPACTED') && error.details.oldest === expected;
		await assert.rejects(watchUpTo(store(), '', 14, 25), oldest(15));
		await assert.rejects(watchUpTo(store(), '', 0, 25), oldest(15));
		await assert.rejects(watchUpTo(store(), '', 26, 27), oldest(25));
		assert.equal((await watchUpTo(store(), '', 15, 25)).length, 10);
		await reopen(3);
		await store().create('one-more', {});
		await assert.rejects(watchUpTo(store(), '', 22, 26), oldest(23));
		assert.equal((await watchUpTo(store(), '', 23, 26)).length, 3);
	});

	it('STORE_COMPACTED: a watcher that falls behind by more than the history', async () => {
		await reopen(10);
		const iterator = store().watch('', 0, new AbortController().signal)[Symbol.asyncIterator]();
		const first = iterator.next();
		const { key } = await store().create('k', {});
		assert.equal((await first).value?.key, key);
		await createMany(store(), 'k', 100);
		await watchUpTo(store(), '', 100, 101);
		const rest = (async () => {
			for (;;) if ((await iterator.next()).done === true) return;
		})();
		await rejectsWith('STORE_COMPACTED', rest);
	});

	it('STORE_UNAVAILABLE: watches end when the store is closed', async () => {
		await store().create('a', {});
		const iterator = store().watch('', 0, new AbortController().signal)[Symbol.asyncIterator]();
		await iterator.next();
		const waiting = iterator.next();
		await Promise.all([rejectsWith('STORE_UNAVAILABLE', waiting), store().close()]);
	});
}

type Command =
	| { readonly do: 'create'; readonly key: string; readonly value: StoredValue }
	| { readonly do: 'update'; readonly key: string; readonly value: StoredValue; readonly staleBy: number }
	| { readonly do: 'delete'; readonly key: string; readonly staleBy: number | undefined }
	| { readonly do: 'list'; readonly prefix: string };

const key = fc.constantFrom('a', 'a/b', 'a/\u{1f600}', 'a/\uffff', 'b', '__proto__');
const value = fc
	.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())
	.map((object) => JSON.parse(JSON.stringify(object)) as StoredValue);
const staleBy = fc.constantFrom(0, 0, 0, 1);
const commands: fc.Arbitrary<Command[]> = fc.array(
	fc.oneof(
		fc.record({ do: fc.constant('create' as const), key, value }),
		fc.record({ do: fc.constant('update' as const), key, value, staleBy }),
		fc.record({ do: fc.constant('delete' as const), key, staleBy: fc.option(staleBy, { nil: undefined }) }),
		fc.record({ do: fc.constant('list' as const), prefix: fc.constantFrom('', 'a', 'a/', 'b', '_') }),
	),
	{ maxLength: 25 },
);

interface Model {
	readonly items: Map<string, StoredItem>;
	readonly events: StoreEvent[];
	revision: number;
}

/** The result of a command by the contract: an item, or the code of the refusal. */
function runOnModel(
	model: Model,
	command: Exclude<Command, { do: 'list' }>,
	expectedRevision: number | undefined,
): StoredItem | ErrorCode {
	const found = model.items.get(command.key);
	if (command.do === 'create' && found !== undefined) return 'STORE_KEY_EXISTS';
	if (command.do !== 'create' && found === undefined) return 'STORE_KEY_MISSING';
	if (command.do !== 'create' && expectedRevision !== undefined && found?.revision !== expectedRevision)
		return 'STORE_CONFLICT';
	model.revision++;
	const item = {
		key: command.key,
		value: command.do === 'delete' ? (found?.value ?? {}) : command.value,
		revision: model.revision,
	};
	if (command.do === 'delete') model.items.delete(command.key);
	else model.items.set(command.key, item);
	model.events.push({ type: `${command.do}d`, ...item });
	return item;
}

function runOnStore(
	store: Store,
	command: Exclude<Command, { do: 'list' }>,
	expectedRevision: number | undefined,
): Promise<StoredItem> {
	if (command.do === 'create') return store.create(command.key, command.value);
	if (command.do === 'update') return store.update(command.key, command.value, expectedRevision ?? 0);
	return store.delete(command.key, expectedRevision);
}

async function compareWithModel(store: Store, sequence: readonly Command[]): Promise<void> {
	for (const item of (await store.list('')).items) await store.delete(item.key);
	const start = (await store.list('')).revision;
	const model: Model = { items: new Map(), events: [], revision: start };
	for (const command of sequence) {
		if (command.do === 'list') {
			const items = [...model.items.values()]
				.filter((item) => item.key.startsWith(command.prefix))
				.sort((a, b) => byUtf8(a.key, b.key));
			assert.deepEqual(await listAll(store, command.prefix), { items, revision: model.revision });
			continue;
		}
		const isUnconditional = command.do === 'create' || command.staleBy === undefined;
		const expectedRevision = isUnconditional
			? undefined
			: (model.items.get(command.key)?.revision ?? 1) - command.staleBy;
		const expected = runOnModel(model, command, expectedRevision);
		const answer = runOnStore(store, command, expectedRevision);
		if (typeof expected === 'string') await rejectsWith(expected, answer);
		else assert.deepEqual(await answer, expected);
		assert.deepEqual(await store.get(command.key), model.items.get(command.key));
	}
	if (model.events.length > 0) assert.deepEqual(await watchUpTo(store, '', start, model.revision), model.events);
}
