import assert from 'node:assert/strict';
import { linesOf, terminalSvg } from './terminal-svg.ts';

describe('a terminal recording', () => {
	it('shows each line at the time of its last character, without erased text', () => {
		assert.deepEqual(
			linesOf([
				{ atMs: 10, text: '⠙\u001b[1G\u001b[0Kfirst' },
				{ atMs: 30, text: ' line\r\n\u001b[32mgreen\u001b[39m\r\n' },
			]),
			[
				{ atMs: 30, text: 'first line', style: 'plain' },
				{ atMs: 30, text: 'green', style: 'green' },
			],
		);
	});

	it('keeps the recorded times in proportion and escapes the text', () => {
		const svg = terminalSvg('a & b', [{ atMs: 2_000, text: '<x>\n' }], 80);
		assert.match(svg, /<title>a &amp; b<\/title>/);
		assert.match(svg, /&lt;x&gt;/);
		assert.match(svg, /20\.00%, 100% \{ opacity: 1; \}/);
		assert.match(svg, /10000ms step-end infinite/);
	});
});
