import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { UnreadAnswers } from './unread-answers.ts';

class Stream extends EventEmitter {
	writableEnded = false;
	writableLength = 0;
}

describe('responses that clients do not receive', () => {
	let nowMs: number;
	let refused: string[];
	let answers: UnreadAnswers;
	const connection = () => ({
		destroyed: false,
		destroy() {
			this.destroyed = true;
		},
	});
	const answered = (on: ReturnType<typeof connection>): Stream => {
		const stream = new Stream();
		answers.watch(stream, on);
		stream.writableLength = 100;
		return stream;
	};
	const sweepAt = (ms: number): void => {
		nowMs = ms;
		answers.sweep();
	};
	beforeEach(() => {
		nowMs = 0;
		refused = [];
		const bounds = { unreadAnswers: 2, unreadAnswerMs: 30_000 };
		answers = new UnreadAnswers(
			bounds,
			(limit) => refused.push(limit),
			() => nowMs,
		);
	});
	afterEach(() => answers.stop());

	it('unreadAnswerTime: closes the connection when the time is over, and not before', () => {
		const slow = connection();
		answered(slow);
		sweepAt(1_000);
		sweepAt(30_999);
		assert.equal(slow.destroyed, false);
		sweepAt(31_000);
		assert.equal(slow.destroyed, true);
		assert.deepEqual(refused, ['unreadAnswerTime']);
	});

	it('closes no connection whose client receives its responses, or waits for one', () => {
		const [prompt, waiting] = [connection(), connection()];
		answered(prompt).emit('close');
		answers.watch(new Stream(), waiting);
		for (const ms of [1_000, 100_000, 200_000]) sweepAt(ms);
		assert.deepEqual([prompt.destroyed, waiting.destroyed, refused], [false, false, []]);
	});

	it('closes no connection that receives a part of its response again and again', () => {
		const slow = connection();
		const stream = answered(slow);
		for (let second = 1; second < 100; second++) {
			stream.writableLength -= second % 20 === 0 ? 1 : 0;
			sweepAt(second * 1_000);
		}
		stream.writableLength = 0;
		for (let second = 100; second < 200; second++) sweepAt(second * 1_000);
		assert.deepEqual([slow.destroyed, refused], [false, []]);
	});

	it('unreadAnswerTime: closes the connection whose client leaves only the end of the response', () => {
		const slow = connection();
		const stream = answered(slow);
		stream.writableLength = 0;
		stream.writableEnded = true;
		sweepAt(1_000);
		sweepAt(31_000);
		assert.equal(slow.destroyed, true);
	});

	it('unreadAnswers: closes the connection of the oldest, one for all of its streams', () => {
		const [first, second, third] = [connection(), connection(), connection()];
		for (const one of [first, first, second, third]) answered(one);
		sweepAt(1_000);
		assert.deepEqual(refused, [], 'a response that was complete just now counts later');
		sweepAt(2_000);
		assert.deepEqual([first.destroyed, second.destroyed, third.destroyed], [true, false, false]);
		assert.deepEqual(refused, ['unreadAnswers']);
	});
});
