import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeBase64 } from './base64.ts';

describe('base64', () => {
	it('decodes its own encoding, with line breaks anywhere', () => {
		const breaks = fc.constantFrom('', '\n', '\r\n', '\n\n');
		fc.assert(
			fc.property(fc.uint8Array(), breaks, fc.integer({ min: 1, max: 80 }), (bytes, lineBreak, width) => {
				const text = Buffer.from(bytes)
					.toString('base64')
					.replace(new RegExp(`.{${width}}`, 'g'), `$&${lineBreak}`);
				assert.deepEqual(decodeBase64(`${text}${lineBreak}`), Buffer.from(bytes));
			}),
		);
	});

	// Each by Go 1.24: base64.StdEncoding.DecodeString.
	it('reports the byte at which Go stops', () => {
		const cases: readonly [string, number][] = [
			['!!!!', 0],
			['abc', 0],
			['abcd ', 4],
			[' abcd', 0],
			['ab==', -1],
			['ab=', 3],
			['ab=c', 2],
			['a===', 1],
			['=abc', 0],
			['abcd=', 4],
			['abc=abcd', 4],
			['YWJjZA==x', 8],
			['YWJj\nZA', 5],
			['YW-_', 2],
			['YWü', 2],
			['Y\r\nWü', 4],
			['YWJ', 0],
			['\nYWJjY\nW', 6],
			['\n', -1],
			['', -1],
		];
		for (const [text, corruptAt] of cases)
			assert.deepEqual(decodeBase64(text), corruptAt === -1 ? Buffer.from(text, 'base64') : { corruptAt }, text);
	});
});
