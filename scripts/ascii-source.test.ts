import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { transformSync } from 'esbuild';
import { asciiSource } from './ascii-source.ts';

describe('the source of a bundle in ASCII', () => {
	it('searches for the same characters as before', () => {
		const { code } = transformSync(
			"'用法： a✔b𝒳c'.replace(/^用法： /, '').replace(/[^a-z✔]/gu, '').replace(/é|b/, '✘')",
		);
		const ascii = asciiSource(code);
		assert.match(ascii, /^[\0-\x7f]+$/);
		assert.equal(runInNewContext(ascii), 'a✔✘c');
		assert.notEqual(runInNewContext(Buffer.from(code).toString('latin1')), 'a✔✘c');
	});
});
