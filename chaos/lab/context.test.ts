import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { fakePlace } from './context.fixture.ts';
import { BEGUN, begin, filesOf, openPlace } from './context.ts';

describe('the place where the nodes are', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-place-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it('LAB_UNREACHABLE: no mesh keeps one there, or it has gone', async () => {
		await assert.rejects(
			openPlace(directory),
			(error) => hasCode(error, 'LAB_UNREACHABLE') && error.message.includes(directory),
		);
		writeFileSync(join(directory, 'control.json'), JSON.stringify({ url: 'http://127.0.0.1:1', key: 'k' }));
		await assert.rejects(openPlace(directory), (error) => hasCode(error, 'LAB_UNREACHABLE'));
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
		const place = fakePlace();
		try {
			await begin(place);
			const first = await place.read<number>(BEGUN);
			assert.ok(first !== undefined && first <= Date.now());
			await place.write(BEGUN, 1);
			await begin(place);
			assert.equal(await place.read(BEGUN), 1);
		} finally {
			place.remove();
		}
	});
});
