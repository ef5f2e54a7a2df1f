import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { gzipMembers } from './answer.ts';

describe('a compressed stream', () => {
	const textOf = (bytes: Uint8Array | undefined) => gunzipSync(bytes ?? Buffer.alloc(0)).toString();

	it('compresses chunks that are there together, and sends them before the next one exists', async () => {
		let release = (): void => undefined;
		const later = new Promise<void>((resolve) => {
			release = resolve;
		});
		const members = gzipMembers(
			(async function* () {
				yield 'a';
				yield Buffer.from('b');
				await later;
				yield 'c';
			})(),
		);
		assert.equal(textOf((await members.next()).value ?? undefined), 'ab');
		release();
		assert.equal(textOf((await members.next()).value ?? undefined), 'c');
		assert.equal((await members.next()).done, true);
	});

	it("flushes the data of a member before its last block, because Go's reader waits for the next member there", async () => {
		for (const text of ['a', 'x'.repeat(70_000), '']) {
			const members = gzipMembers(
				(async function* () {
					yield text;
				})(),
			);
			const member = Buffer.from((await members.next()).value ?? Buffer.alloc(0));
			assert.equal(textOf(member), text);
			const flushedThenLastBlock = '0000ffff0300';
			assert.equal(member.subarray(-14, -8).toString('hex'), flushedThenLastBlock);
		}
	});

	it('ends a member that is long, and is one valid stream', async () => {
		const chunk = 'x'.repeat(50_000);
		const members: Uint8Array[] = [];
		for await (const member of gzipMembers(
			(async function* () {
				for (let index = 0; index < 4; index++) yield chunk;
			})(),
		))
			members.push(member);
		assert.equal(members.length, 2);
		assert.equal(textOf(Buffer.concat(members)), chunk.repeat(4));
	});

	it('fails as its source does, after the chunks before', async () => {
		const members = gzipMembers(
			(async function* () {
				yield 'x'.repeat(70_000);
				throw new Error('source');
			})(),
		);
		assert.equal(textOf((await members.next()).value ?? undefined).length, 70_000);
		await assert.rejects(members.next(), /source/);
	});

	it('ends its source when its reader leaves', async () => {
		let isEnded = false;
		const members = gzipMembers(
			(async function* () {
				try {
					for (;;) yield 'a'.repeat(70_000);
				} finally {
					isEnded = true;
				}
			})(),
		);
		await members.next();
		await members.return(undefined);
		assert.equal(isEnded, true);
	});
});
