/** Go's way of writing text. The vectors are what `fmt.Printf("%q")` prints. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { aggregated, quoted } from './go-text.ts';

describe('quoted', () => {
	const vectors: [string, string][] = [
		['', '""'],
		['system:node:a b', '"system:node:a b"'],
		['say "hi" \\o', '"say \\"hi\\" \\\\o"'],
		['\u0007\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
		['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
		['\u0085\u00a0\u200b\u202e', '"\\u0085\\u00a0\\u200b\\u202e"'],
		['\u{e0001}', '"\\U000e0001"'],
		['é 世界 😀', '"é 世界 😀"'],
		["<a href='x'>&", `"<a href='x'>&"`],
	];
	for (const [text, expected] of vectors) {
		it(`writes ${expected}`, () => assert.equal(quoted(text), expected));
	}
	it('never lets a line break or another control character through', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				assert.doesNotMatch(quoted(text).replaceAll(' ', ''), /[\p{C}\p{Z}]/u);
			}),
		);
	});
});

describe('aggregated', () => {
	it('writes nothing, one text as it is, and more in brackets, each once', () => {
		assert.equal(aggregated([]), undefined);
		assert.equal(aggregated(['a']), 'a');
		assert.equal(aggregated(['a', 'a']), 'a');
		assert.equal(aggregated(['a', 'b', 'a']), '[a, b]');
	});
});
