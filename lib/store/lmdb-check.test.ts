import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectPath } from '../paths.ts';
import { lmdbProblem } from './lmdb-check.ts';
import { openStore } from './open.ts';

const PAGE = 4_096;
const PAGE_HEADER = 24;
const ITEMS = 120;

/** Opens each store, reads all of it and writes to it, as a service does. */
const useStores = `
	import { openStore } from ${JSON.stringify(projectPath('lib/store/open.ts'))};
	for (const directory of process.argv.slice(1)) {
		try {
			const store = await openStore({ url: 'lmdb:' + directory, keyspace: 'test' });
			await store.list('');
			for (let i = 0; i < 20; i++) await store.create('new-' + i, { text: 'x'.repeat(i * 500) });
			await store.close();
		} catch {}
		console.log(directory);
	}`;

describe('the check of an LMDB file', () => {
	let folder: string;
	let whole: string;
	let size: number;
	const directories: string[] = [];
	before(async () => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-lmdb-'));
		const store = await openStore({ url: `lmdb:${folder}`, keyspace: 'test' });
		// Values on pages of their own as well.
		for (let i = 0; i < ITEMS; i++) await store.create(`key-${i}`, { text: 'y'.repeat(i % 5 === 0 ? 9_000 : 400) });
		for (let i = 0; i < ITEMS; i += 3) await store.delete(`key-${i}`);
		await store.close();
		whole = join(folder, 'test.mdb');
		size = readFileSync(whole).length;
	});
	after(() => rmSync(folder, { recursive: true }));
	/** A copy in a directory of its own. */
	function damaged(damage: (path: string) => void): string {
		const directory = mkdtempSync(join(folder, 'damaged-'));
		directories.push(directory);
		const path = join(directory, 'test.mdb');
		copyFileSync(whole, path);
		damage(path);
		return path;
	}
	const overwrite = (path: string, at: number, bytes: Buffer) => {
		const contents = readFileSync(path);
		bytes.copy(contents, at);
		writeFileSync(path, contents);
	};

	it('finds nothing wrong with a whole file, an empty one, or none, and reads every value', () => {
		const values: unknown[] = [];
		assert.equal(
			lmdbProblem(whole, (value) => values.push(JSON.parse(value.toString()))),
			undefined,
		);
		assert.ok(values.length > ITEMS);
		assert.equal(lmdbProblem(damaged((path) => truncateSync(path))), undefined);
		assert.equal(lmdbProblem(join(folder, 'none.mdb')), undefined);
	});

	it('finds a truncated file', () => {
		for (const length of [1, 100, PAGE, 2 * PAGE, 3 * PAGE, size / 2, (size * 7) / 8]) {
			const problem = lmdbProblem(damaged((path) => truncateSync(path, Math.floor(length))));
			assert.match(problem ?? '', /it ends after|was truncated|is missing/, `${length} bytes`);
		}
	});

	it('finds a file that is foreign, of another version, or overwritten at its beginning', () => {
		const foreign = damaged((path) => writeFileSync(path, 'x'.repeat(50_000)));
		assert.match(lmdbProblem(foreign) ?? '', /does not begin with a meta page/);
		const version = damaged((path) => overwrite(path, 28, Buffer.from([9])));
		assert.match(lmdbProblem(version) ?? '', /version 9/);
		for (const page of [0, 1])
			assert.match(lmdbProblem(damaged((path) => overwrite(path, page * PAGE, randomBytes(PAGE)))) ?? '', /meta page/);
		const pageSize = damaged((path) => overwrite(path, 48, Buffer.from([1, 1, 0, 0])));
		assert.match(lmdbProblem(pageSize) ?? '', /meta page 0 is not valid/);
		const root = damaged((path) => {
			for (const page of [0, PAGE]) overwrite(path, page + 136, randomBytes(6));
		});
		assert.match(lmdbProblem(root) ?? '', /refers to page/);
	});

	it('finds a page or an entry with the flags of a form that the store does not use, which end LMDB by a signal', () => {
		const FIXED_KEYS = 0x20;
		const DUPLICATES = 0x04;
		const contents = readFileSync(whole);
		const copy = join(folder, 'flags.mdb');
		const countFound = (flags: number, at: (page: number) => number) => {
			let found = 0;
			for (let page = 2; page < size / PAGE; page++) {
				const changed = Buffer.from(contents);
				changed[at(page)] = (changed[at(page)] ?? 0) | flags;
				writeFileSync(copy, changed);
				if (lmdbProblem(copy) !== undefined) found += 1;
			}
			return found;
		};
		const pages = countFound(FIXED_KEYS, (page) => page * PAGE + 18);
		const firstEntry = (page: number) => page * PAGE + PAGE_HEADER + contents.readUInt16LE(page * PAGE + PAGE_HEADER);
		const entries = countFound(DUPLICATES, (page) => Math.min(firstEntry(page) + 4, size - 1));
		// The other pages are free, or are the later pages of a long value.
		assert.ok(pages >= 15 && entries >= 10, `${pages} pages, ${entries} entries`);
	});

	it('finds a page that is newer than the last transaction, which ends LMDB by a signal', () => {
		const contents = readFileSync(whole);
		const last = BigInt(Math.max(...[0, PAGE].map((page) => Number(contents.readBigUInt64LE(page + 152)))));
		const copy = join(folder, 'newer.mdb');
		const problems = (transaction: bigint) => {
			const found: string[] = [];
			for (let page = 2; page < size / PAGE; page++) {
				const changed = Buffer.from(contents);
				changed.writeBigUInt64LE(transaction, page * PAGE + 8);
				writeFileSync(copy, changed);
				const problem = lmdbProblem(copy);
				if (problem !== undefined) found.push(problem);
			}
			return found;
		};
		assert.deepEqual(problems(last), []);
		const found = problems(last + 1n);
		// The other pages are free, or are the later pages of a long value.
		assert.ok(found.length >= 15, `${found.length} pages`);
		assert.ok(found.every((problem) => problem.endsWith('it is newer than the last transaction')));
	});

	it('lets LMDB open only files on which it ends by no signal: random bytes and lengths', async () => {
		for (let round = 0; round < 40; round++)
			damaged((path) => {
				if (round % 4 === 0) truncateSync(path, randomInt(size));
				else if (round % 4 === 1) overwrite(path, randomInt(size / PAGE) * PAGE, randomBytes(PAGE));
				else if (round % 4 === 2) overwrite(path, randomInt(size / PAGE) * PAGE, Buffer.alloc(PAGE));
				else overwrite(path, randomInt(size / PAGE) * PAGE + randomInt(48), randomBytes(8));
			});
		const args = ['--import', 'tsx', '--input-type=module', '-e', useStores, ...directories];
		const child = spawn(process.execPath, args, { cwd: projectPath(), stdio: ['ignore', 'pipe', 'inherit'] });
		const [printed, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')]);
		const last = directories[printed.trim().split('\n').length];
		assert.deepEqual([code, signal], [0, null], `${last} ended the process by a signal`);
	});
});
