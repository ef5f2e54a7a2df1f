import assert from 'node:assert/strict';
import { createRecorder, emptyReport, including, type Report } from './report.ts';

const first = emptyReport('sink', 'P0', '127.0.0.1:1');

describe('the report', () => {
	it('is written at first and after every change, whole', async () => {
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

	it('changes that come while it is written are written together, and none is lost', async () => {
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

	it('a file that cannot be written is told to who waits, and tried again with the next change', async () => {
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

	it('a list has each item once, in order', () => assert.deepEqual(including(['b'], 'a', 'b', 'a'), ['b', 'a']));
});
