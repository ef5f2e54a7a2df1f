import assert from 'node:assert/strict';
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
