import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { fakeContext } from './context.fixture.ts';
import { begin, filesOf, openContext, STARTED_AT } from './context.ts';

describe('the place where the nodes are', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-place-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it('LAB_UNREACHABLE: no mesh keeps one there, or it has gone', async () => {
		await assert.rejects(
			openContext(directory),
			(error) => hasCode(error, 'LAB_UNREACHABLE') && error.message.includes(directory),
		);
		writeFileSync(join(directory, 'control.json'), JSON.stringify({ url: 'http://127.0.0.1:1', key: 'k' }));
		await assert.rejects(openContext(directory), (error) => hasCode(error, 'LAB_UNREACHABLE'));
	});

	it('has files that only the owner reads, in directories that only the owner enters', async () => {
		const { read, write } = filesOf(directory);
		assert.equal(await read('a/b.json'), undefined);
		await write('a/b.json', { c: [1] });
		assert.deepEqual(await read('a/b.json'), { c: [1] });
		assert.deepEqual(
			[statSync(join(directory, 'a')).mode & 0o777, statSync(join(directory, 'a/b.json')).mode & 0o777],
			[0o700, 0o600],
		);
		assert.equal(readFileSync(join(directory, 'a/b.json'), 'utf8'), '{"c":[1]}');
	});

	it('an experiment begins once', async () => {
		const context = fakeContext();
		try {
			await begin(context);
			const first = await context.read<number>(STARTED_AT);
			assert.ok(first !== undefined && first <= Date.now());
			await context.write(STARTED_AT, 1);
			await begin(context);
			assert.equal(await context.read(STARTED_AT), 1);
		} finally {
			context.remove();
		}
	});
});
