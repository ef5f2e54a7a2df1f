import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { fakeContext } from './context.fixture.ts';
import { filesOf, openContext, recordStart, STARTED_AT } from './context.ts';

describe('the context of the lab', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-context-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it('reports LAB_UNREACHABLE without a control server', async () => {
		await assert.rejects(
			openContext(directory),
			(error) => hasCode(error, 'LAB_UNREACHABLE') && error.message.includes(directory),
		);
		writeFileSync(join(directory, 'control.json'), JSON.stringify({ url: 'http://127.0.0.1:1', key: 'k' }));
		await assert.rejects(openContext(directory), (error) => hasCode(error, 'LAB_UNREACHABLE'));
	});

	it('writes files and directories that only the owner can read', async () => {
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

	it('records the start of an experiment once', async () => {
		const context = fakeContext();
		try {
			await recordStart(context);
			const first = await context.read<number>(STARTED_AT);
			assert.ok(first !== undefined && first <= Date.now());
			await context.write(STARTED_AT, 1);
			await recordStart(context);
			assert.equal(await context.read(STARTED_AT), 1);
		} finally {
			context.remove();
		}
	});
});
