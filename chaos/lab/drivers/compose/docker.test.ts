import assert from 'node:assert/strict';
import { KubejoinError } from '../../../../lib/errors.ts';
import { asked, demultiplex, isMissing, isTaken } from './docker.ts';

const frame = (stream: number, text: string): Buffer => {
	const header = Buffer.alloc(8);
	header[0] = stream;
	header.writeUInt32BE(Buffer.byteLength(text), 4);
	return Buffer.concat([header, Buffer.from(text)]);
};
const refusal = (statusCode: number) =>
	Object.assign(new Error(`(HTTP code ${statusCode}) no such container`), { statusCode });

describe('demultiplex', () => {
	it('tells standard output and standard error apart, and joins their parts in order', () => {
		const stream = Buffer.concat([frame(1, 'né'), frame(2, 'wrong'), frame(1, 'w\n'), frame(2, '!\n')]);
		assert.deepEqual(demultiplex(stream), { stdout: 'néw\n', stderr: 'wrong!\n' });
	});

	it('joins a character that is cut in two', () => {
		const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
		const part = (bytes: Buffer) => Buffer.concat([frame(1, 'x').subarray(0, 8), bytes]);
		assert.equal(demultiplex(Buffer.concat([part(first), part(second)])).stdout, 'é');
	});

	it('gives nothing for nothing, and what is there of a frame that is broken off', () => {
		assert.deepEqual(demultiplex(Buffer.alloc(0)), { stdout: '', stderr: '' });
		assert.deepEqual(demultiplex(frame(1, 'abcdef').subarray(0, 11)), { stdout: 'abc', stderr: '' });
	});
});

describe('what the engine answers', () => {
	it('DOCKER_REFUSED when it answers with a failure, and which', async () => {
		for (const [status, missing, taken] of [
			[404, true, false],
			[409, false, true],
			[500, false, false],
		] as const) {
			await assert.rejects(asked('remove it', Promise.reject(refusal(status))), (error) => {
				assert.ok(error instanceof KubejoinError);
				assert.deepEqual([error.code, isMissing(error), isTaken(error)], ['DOCKER_REFUSED', missing, taken]);
				assert.match(error.message, /^Docker did not remove it: .*no such container$/);
				return true;
			});
		}
	});

	it('DOCKER_UNREACHABLE when it does not answer', async () => {
		const gone = Object.assign(new Error('connect ENOENT /var/run/docker.sock'), { code: 'ENOENT' });
		await assert.rejects(asked('remove it', Promise.reject(gone)), { code: 'DOCKER_UNREACHABLE' });
	});

	it('a failure that has a name keeps it', async () => {
		const failure = new KubejoinError('MESH_NOT_FOUND', {});
		await assert.rejects(asked('look', Promise.reject(failure)), failure);
	});
});
