import assert from 'node:assert/strict';
import { messages } from './catalogue.ts';
import { messagesInChinese } from './catalogue-zh.ts';
import { duration, grouped } from './format.ts';
import { labTexts } from './lab-words.ts';
import { labTextsInChinese } from './lab-words-zh.ts';

describe('a number of the page', () => {
	it('has its digits in groups of three', () => {
		assert.deepEqual([0, 999, 1_000, 14.8, 1_234_567].map(grouped), ['0', '999', '1,000', '14.8', '1,234,567']);
		assert.equal(duration(3_650 * 86_400_000, 'en'), '3,650 d');
	});

	it('has them in each text with a count, in both languages', () => {
		for (const [of, lab] of [
			[messages, labTexts],
			[messagesInChinese, labTextsInChinese],
		] as const) {
			const texts = [
				of.moreItems(1_000),
				of.calls(1_000, 1_000),
				of.callsPerMinute(1_000, 1_000),
				of.nodeCount(1_000),
				of.tokenBytes(1_000),
				of.fieldSummary(1_000, '', ''),
				of.rowsOf(1_000, 1_000, 1_000),
				of.sanCount(1_000),
				of.joinCount(1_000),
				of.repeated(1_000, ''),
				of.connectionsRefused(1_000),
				of.endedOf(1_000, 1_000),
				lab.doneOf(1_000, 1_000),
				lab.needs(1_000),
			];
			for (const text of texts) {
				assert.match(text, /1,000/);
				assert.doesNotMatch(text, /1000/);
			}
		}
	});
});
