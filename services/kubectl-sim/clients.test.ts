import assert from 'node:assert/strict';
import { limits } from '../../lib/limits.ts';
import { readText } from './clients.ts';

describe('the response to GET /version', () => {
	const { value: most } = limits.versionAnswerBytes;
	async function* chunksOf(...chunks: readonly Buffer[]) {
		yield* chunks;
	}

	it('is read to its end, also where a chunk ends within a character', async () => {
		const text = `{"gitVersion":"${'ü'.repeat(100)}"}`;
		const bytes = Buffer.from(text);
		assert.equal(await readText(chunksOf(...[...bytes].map((byte) => Buffer.from([byte])))), text);
		assert.equal((await readText(chunksOf(Buffer.alloc(most, 'a')))).length, most);
	});

	it('is refused when it is longer than the limit, before its end', async () => {
		let sent = 0;
		async function* endless() {
			for (;;) {
				sent += 1_000;
				yield Buffer.alloc(1_000, 'a');
			}
		}
		await assert.rejects(readText(endless()), {
			message: `the response to GET /version is longer than ${most} bytes`,
		});
		assert.ok(sent <= most + 1_000, `${sent} bytes were read`);
	});
});
