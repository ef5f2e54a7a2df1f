import assert from 'node:assert/strict';
import { createJoinProgress } from './join-progress.ts';

function reporter(total: number, columns?: number) {
	const written: string[] = [];
	let nowMs = 0;
	const progress = createJoinProgress({
		total,
		clock: () => nowMs,
		write: (text) => void written.push(text),
		columns: columns === undefined ? undefined : () => columns,
	});
	const passTime = (ms: number) => {
		nowMs += ms;
		progress.tick();
	};
	const join = (...durations: number[]) => {
		for (const ms of durations) progress.joined(ms);
	};
	return { progress, written, passTime, join };
}

describe('the progress of many joins', () => {
	it('rewrites one line on a terminal, at most ten times a second', () => {
		const { progress, written, passTime, join } = reporter(1_000, 80);
		join(100, 200);
		progress.refused('API_UNAUTHORIZED');
		assert.deepEqual(written, ['\r\x1b[K1/1000 joined, 0/s, p99 100 ms']);
		passTime(99);
		assert.equal(written.length, 1);
		passTime(1);
		assert.equal(written[1], '\r\x1b[K2/1000 joined, 1 refused, 20/s, p99 200 ms');
		assert.ok(!written.join('').includes('\n'));
	});

	it('never writes the last column of the terminal', () => {
		for (const columns of [1, 2, 20, 45, 46]) {
			const { written, passTime, join } = reporter(1_000, columns);
			join(210);
			passTime(1_000);
			for (const text of written) assert.ok(text.replace('\r\x1b[K', '').length < columns, `${columns}: ${text}`);
		}
	});

	it('prints other lines above the line', () => {
		const { progress, written, join } = reporter(2, 80);
		progress.print('before\n');
		join(10);
		progress.print('refused\n');
		assert.deepEqual(written, [
			'before\n',
			'\r\x1b[K1/2 joined, 0/s, p99 10 ms',
			'\r\x1b[K',
			'refused\n',
			'\r\x1b[K1/2 joined, 0/s, p99 10 ms',
		]);
	});

	it('prints plain lines every five seconds in a pipe', () => {
		const { progress, written, passTime, join } = reporter(3);
		join(10);
		passTime(4_999);
		assert.deepEqual(written, []);
		passTime(1);
		progress.print('other\n');
		passTime(5_000);
		assert.deepEqual(written, ['1/3 joined, 0.2/s, p99 10 ms\n', 'other\n', '1/3 joined, 0.1/s, p99 10 ms\n']);
	});

	it('ends with a summary that counts the refusals by code, once', () => {
		const { progress, written, passTime, join } = reporter(1_000, 80);
		join(...Array.from({ length: 100 }, (_, index) => index + 1));
		for (const code of ['A', 'B', 'A']) progress.refused(code);
		passTime(26_300);
		written.length = 0;
		progress.end();
		progress.end();
		passTime(1_000);
		progress.print('after\n');
		assert.deepEqual(written, [
			'\r\x1b[K100 of 1000 nodes joined in 26.3 s: 3.8/s, p50 50 ms, p99 99 ms\n2 refused with A\n1 refused with B\n',
			'after\n',
		]);
	});

	it('counts nodes that had joined before, without a duration', () => {
		const { progress, written, passTime } = reporter(2);
		progress.joined();
		passTime(185_000);
		progress.end();
		const summary = '0 of 2 nodes joined in 3 min 5 s\n1 had joined before\n';
		assert.deepEqual(written, ['1/2 joined, 0/s\n', summary]);
	});

	it('is in Chinese where the terminal is, and counts two columns for a Chinese character', () => {
		const written: string[] = [];
		const options = {
			total: 10,
			clock: () => 0,
			write: (text: string) => void written.push(text),
			language: 'zh',
		} as const;
		const progress = createJoinProgress({ ...options, columns: () => 12 });
		progress.joined(1_200);
		assert.equal(written[0], '\r\x1b[K已加入 1/10');
		const narrow = createJoinProgress({ ...options, columns: () => 6 });
		narrow.joined(1_200);
		assert.equal(written[1], '\r\x1b[K已加');
		progress.refused('CSR_DENIED');
		progress.end();
		assert.equal(
			written[2],
			'\r\x1b[K10 个节点中有 1 个已加入，用时 0 ms：0/s，p50 1.2 秒，p99 1.2 秒\n1 个未能加入：CSR_DENIED\n',
		);
	});
});
