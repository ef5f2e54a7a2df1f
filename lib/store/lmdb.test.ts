import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { open as openDatabase } from 'lmdb';
import { startStoreWriter } from '../../test/store-writer.ts';
import { hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { durability } from './lmdb.ts';
import { openStore } from './open.ts';
import { describeStoreContract } from './store.contract.ts';

describeStoreContract('LMDB', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'kubejoin-store-'));
	return {
		open: (historyLength) =>
			openStore({
				url: `lmdb:${directory}`,
				keyspace: 'test',
				historyLength,
			}),
		remove: () => rm(directory, { recursive: true }),
	};
});

describe('the LMDB store', () => {
	let directory: string;
	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), 'kubejoin-store-'));
	});
	afterEach(() => rm(directory, { recursive: true }));

	it('makes a directory and files that only the owner can read', async () => {
		const made = join(directory, 'deep', 'state');
		const store = await openStore({ url: `lmdb:${made}`, keyspace: 'test' });
		const modes = await Promise.all(
			[made, ...(await readdir(made)).map((file) => join(made, file))].map(
				async (path) => (await stat(path)).mode & 0o777,
			),
		);
		assert.deepEqual(modes, [0o700, 0o600, 0o600]);
		await store.close();
	});

	it('acknowledges a write after LMDB flushed it to disk', () => {
		const { overlappingSync, noSync, noMetaSync } = durability;
		assert.deepEqual([overlappingSync, noSync, noMetaSync], [false, false, false]);
	});

	it('gives a watcher large changes of the past in parts, and other work runs in between', async () => {
		const store = await openStore({ url: `lmdb:${directory}`, keyspace: 'test' });
		const count = 30;
		const value = { text: 'a'.repeat(limits.listPageBytes.value / 4) };
		for (let at = 0; at < count; at++) await store.create(`key-${at}`, value);
		let turns = 0;
		const counting = setInterval(() => turns++, 0);
		let seen = 0;
		for await (const { revision } of store.watch('', 0, new AbortController().signal)) {
			seen = revision;
			if (revision === count) break;
		}
		clearInterval(counting);
		assert.equal(seen, count);
		assert.ok(turns >= 3, `${turns}`);
		await store.close();
	});

	it('shares commits among many changes', async () => {
		const path = join(directory, 'test.mdb');
		const lastCommit = async (): Promise<number> => {
			const database = openDatabase({ path, noSubdir: true, readOnly: true });
			const { lastTxnId } = database.getStats() as { readonly lastTxnId: number };
			await database.close();
			return lastTxnId;
		};
		const open = () => openStore({ url: `lmdb:${directory}`, keyspace: 'test' });
		await (await open()).close();
		const before = await lastCommit();
		const store = await open();
		const startedMs = performance.now();
		const created: Promise<unknown>[] = [];
		for (let index = 0; index < 200; index++) {
			created.push(store.create(`key-${index}`, {}));
			await delay(1);
		}
		await Promise.all(created);
		const elapsedMs = performance.now() - startedMs;
		await store.close();
		const commits = (await lastCommit()) - before;
		// That of the start, 25 and 250 a second that do not wait, and one in 10 ms.
		const most = 27 + elapsedMs / 4 + elapsedMs / 10;
		assert.ok(commits > 1 && commits <= most, `${commits} commits, at most ${most}`);
	});

	it('keeps keyspaces apart', async () => {
		const [a, b] = await Promise.all(['a', 'b'].map((keyspace) => openStore({ url: `lmdb:${directory}`, keyspace })));
		await a?.create('key', {});
		assert.deepEqual((await b?.list(''))?.items, []);
		await Promise.all([a?.close(), b?.close()]);
	});

	it('STORE_UNAVAILABLE: the directory is a file; STORE_DAMAGED: the file is not a store', async () => {
		const open = (path: string) => openStore({ url: `lmdb:${path}`, keyspace: 'test' });
		await writeFile(join(directory, 'file'), 'text');
		await assert.rejects(open(join(directory, 'file')), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
		await writeFile(join(directory, 'test.mdb'), 'x'.repeat(100_000));
		await assert.rejects(open(directory), (error) => hasCode(error, 'STORE_DAMAGED'));
		for (const file of ['test.mdb', 'test.mdb-lock']) {
			for (const old of await readdir(directory)) await rm(join(directory, old));
			spawnSync('mkfifo', [join(directory, file)]);
			await assert.rejects(
				open(directory),
				(error) => hasCode(error, 'STORE_DAMAGED') && error.details.problem === 'is a FIFO, not a regular file',
			);
		}
	});

	it('STORE_DAMAGED: the file is the store of another keyspace, which stays as it was', async () => {
		const open = (keyspace: string) => openStore({ url: `lmdb:${directory}`, keyspace });
		const tokens = await open('tokens');
		await tokens.create('key', {});
		await tokens.close();
		const [from, to] = ['tokens', 'registry'].map((keyspace) => join(directory, `${keyspace}.mdb`)) as [string, string];
		await rename(from, to);
		await assert.rejects(
			open('registry'),
			(error) => hasCode(error, 'STORE_DAMAGED') && error.details.problem === 'it is the store of tokens',
		);
		await rename(to, from);
		const again = await open('tokens');
		assert.equal((await again.list('')).items.length, 1);
		await again.close();
	});

	it('keeps every acknowledged write when the process is killed', async () => {
		const options = { url: `lmdb:${directory}`, keyspace: 'test' };
		const writer = startStoreWriter(options);
		await writer.acknowledged(500);
		const acknowledged = await writer.kill9();
		const store = await openStore(options);
		const { items, revision } = await store.list('');
		const found = new Map(items.map((item) => [item.key, item.revision]));
		for (const write of acknowledged) assert.equal(found.get(write.key), write.revision);
		assert.ok(acknowledged.length >= 500 && revision >= acknowledged.length);
		await store.close();
	});
});
