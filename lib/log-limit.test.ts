import assert from 'node:assert/strict';
import { limits } from './limits.ts';
import { limitLines, withoutPort } from './log-limit.ts';

describe('log lines of one source', () => {
	const { value: most } = limits.logLinesPerSecond;
	let written: string[];
	let summaries: object[];
	let refused: string[];
	let second: (() => void)[];
	let limited: (source: string) => void;
	beforeEach(() => {
		[written, summaries, refused, second] = [[], [], [], []];
		const log = { warn: (fields: object) => void summaries.push(fields) };
		const lines = limitLines(
			log as never,
			(limit) => void refused.push(limit),
			(work) => second.push(work),
		);
		limited = (source) => lines(source, () => written.push(source));
	});
	const passSecond = () => {
		for (const work of second.splice(0)) work();
	};

	it('writes the first lines of a second, then one line with the number of suppressed ones', () => {
		for (let index = 0; index < most + 3; index++) limited('a');
		limited('b');
		assert.deepEqual(written, [...Array(most).fill('a'), 'b']);
		assert.deepEqual(refused, Array(3).fill('logLinesPerSecond'));
		passSecond();
		assert.deepEqual(summaries, [{ source: 'a', suppressed: 3 }]);
		limited('a');
		assert.equal(written.at(-1), 'a');
		passSecond();
		assert.equal(summaries.length, 1);
	});

	it('lets very many sources share one limit', () => {
		for (let index = 0; index < 1_000 + most + 2; index++) limited(`source-${index}`);
		assert.equal(written.length, 1_000 + most);
		passSecond();
		assert.deepEqual(summaries, [{ source: 'other sources', suppressed: 2 }]);
	});

	it('ignores the port of an address', () =>
		assert.deepEqual(['127.0.0.1:1', '::1:65535'].map(withoutPort), ['127.0.0.1', '::1']));
});
