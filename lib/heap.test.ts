import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { growHeapByDefault, keepLittleMemory } from './heap.ts';

/** Bytes of the largest heap of a process whose live objects are replaced many times. */
function largestHeap(before: string): number {
	const program = `
		import { getHeapStatistics } from 'node:v8';
		${before}
		const live = Array.from({ length: 800_000 }, (_, index) => ({ text: 'x' + index }));
		let largest = 0;
		for (let round = 0; round < 200; round++) {
			for (let index = 0; index < 40_000; index++)
				live[(round * 40_000 + index) % live.length] = { text: 'y' + index };
			largest = Math.max(largest, getHeapStatistics().used_heap_size);
		}
		console.log(largest);`;
	const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
	return Number(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' }));
}

describe('a heap that grows slowly', () => {
	it('is smaller than the default one', () => {
		const slow = largestHeap("import { keepLittleMemory } from './heap.ts'; keepLittleMemory();");
		assert.ok(slow < 0.8 * largestHeap(''));
	});

	it('keeps 8 KiB and not 64 for a kept part of a pool of buffers', () => {
		const before = Buffer.poolSize;
		try {
			Buffer.poolSize = 64 * 1024;
			keepLittleMemory();
			const parts = Array.from({ length: 10_000 }, () => Buffer.from('x'.repeat(100)));
			assert.equal(parts.at(-1)?.buffer.byteLength, 8 * 1024);
		} finally {
			growHeapByDefault();
			Buffer.poolSize = before;
		}
	});
});
