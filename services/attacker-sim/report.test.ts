import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { hasCode } from '../../lib/errors.ts';
import { type TestFiles, testFiles } from './fixtures.test.ts';
import { createRecorder, emptyReport, including, type Report } from './report.ts';

const first = emptyReport('sink', 'P0', '127.0.0.1:1');

describe('the report', () => {
	it('is written completely at the start and after every change', async () => {
		const written: Report[] = [];
		const recorder = createRecorder('x', first, async (text) => void written.push(JSON.parse(text) as Report));
		await recorder.written();
		recorder.change(({ connections }) => ({ connections: connections + 1 }));
		await recorder.written();
		assert.deepEqual(
			written.map(({ connections }) => connections),
			[0, 1],
		);
	});

	it('is written after a change that follows a wait without anything to write', async () => {
		const written: Report[] = [];
		const recorder = createRecorder('x', first, async (text) => void written.push(JSON.parse(text) as Report));
		await recorder.written();
		await recorder.written();
		recorder.change(() => ({ tokenBytes: 16 }));
		await recorder.written();
		assert.equal(written.at(-1)?.tokenBytes, 16);
	});

	it('writes changes during a write together, and loses none', async () => {
		const written: Report[] = [];
		const recorder = createRecorder('x', first, async (text) => {
			await Promise.resolve();
			written.push(JSON.parse(text) as Report);
		});
		for (let count = 0; count < 100; count++) recorder.change(({ connections }) => ({ connections: connections + 1 }));
		await recorder.written();
		assert.equal(written.at(-1)?.connections, 100);
		assert.ok(written.length < 10, `written ${written.length} times`);
	});

	it('rejects when the file cannot be written, and retries with the next change', async () => {
		let isFull = true;
		const written: string[] = [];
		const recorder = createRecorder('x', first, async (text) => {
			if (isFull) throw new Error('the disk is full');
			written.push(text);
		});
		await assert.rejects(recorder.written(), /the disk is full/);
		isFull = false;
		recorder.change(() => ({ problem: 'none' }));
		await recorder.written();
		assert.match(written[0] ?? '', /"problem": "none"/);
	});

	it('keeps each item once, in order', () => assert.deepEqual(including(['b'], 'a', 'b', 'a'), ['b', 'a']));
});

describe('the file of the report', () => {
	let files: TestFiles;
	before(() => {
		files = testFiles();
	});
	after(() => files.remove());

	it('is readable only by its owner, and replaced whole', async () => {
		const path = files.write('report.json', 'an older and longer report '.repeat(100));
		const recorder = createRecorder(path, first);
		recorder.change(() => ({ tokenBytes: 16, tokensSeen: ['abcdef'] }));
		await recorder.written();
		assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { ...first, tokenBytes: 16, tokensSeen: ['abcdef'] });
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	it('is refused with FILE_UNUSABLE in an absent directory', () =>
		assert.rejects(createRecorder(files.path('absent/report.json'), first).written(), (error) =>
			hasCode(error, 'FILE_UNUSABLE'),
		));

	it('keeps the other fields of a changed report', () => {
		const recorder = createRecorder('x', first, async () => undefined);
		recorder.change(({ bytes }) => ({ bytes: { ...bytes, sent: 3 } }));
		recorder.change(() => ({ connections: 2 }));
		assert.deepEqual(recorder.report(), { ...first, bytes: { received: 0, sent: 3 }, connections: 2 });
	});
});
