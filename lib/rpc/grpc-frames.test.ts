import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader, frameOf } from './grpc-frames.ts';

const most = 1_000;
const prefix = (flag: number, length: number): Buffer => {
	const bytes = Buffer.from([flag, 0, 0, 0, 0]);
	bytes.writeUInt32BE(length, 1);
	return bytes;
};

describe('the frames of gRPC', () => {
	it('are the same messages, wherever their bytes are split', () => {
		const message = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
		fc.assert(
			fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(12)), (messages, sizes) => {
				const bytes = Buffer.concat(messages.map(frameOf));
				const reader = new FrameReader(most);
				const read: Buffer[] = [];
				let at = 0;
				for (const size of [...sizes, bytes.length]) {
					read.push(...reader.read(bytes.subarray(at, at + size)));
					at += size;
				}
				assert.deepEqual(read, messages);
				assert.equal(reader.isInsideMessage, false);
			}),
		);
	});

	it('are copied as long as their message is incomplete, because a chunk of one byte costs a hundred', () => {
		const message = Buffer.from('a message in many chunks');
		const reader = new FrameReader(most);
		const read: Buffer[] = [];
		for (const byte of frameOf(message)) {
			const chunk = Buffer.of(byte);
			read.push(...reader.read(chunk));
			chunk.fill(0xff);
		}
		assert.deepEqual(read.length, 1);
		assert.deepEqual(read[0]?.subarray(0, -1), message.subarray(0, -1));
	});

	it('are inside a message until its last byte', () => {
		const bytes = frameOf(Buffer.from('message'));
		for (let length = 1; length < bytes.length; length++) {
			const reader = new FrameReader(most);
			assert.deepEqual(reader.read(bytes.subarray(0, length)), []);
			assert.equal(reader.isInsideMessage, true, String(length));
		}
	});

	it('RESOURCE_EXHAUSTED: a message above the limit, as soon as its length is known', () => {
		assert.deepEqual(new FrameReader(most).read(frameOf(Buffer.alloc(most))), [Buffer.alloc(most)]);
		for (const length of [most + 1, 2 ** 31, 2 ** 32 - 1])
			assert.throws(() => new FrameReader(most).read(prefix(0, length)), {
				code: 8,
				details: `Received message larger than max (${length} vs ${most})`,
				answerLimit: most,
			});
	});

	it('INTERNAL: a message with the flag of compression, or with any other flag', () => {
		for (const flag of [1, 2, 0x3c, 0xff])
			assert.throws(() => new FrameReader(most).read(prefix(flag, 1)), { code: 13, details: /is compressed/ });
	});
});
