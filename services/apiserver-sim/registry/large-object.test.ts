import assert from 'node:assert/strict';
import { isLarge } from './large-object.ts';

describe('an object', () => {
	it('is large if a step of its write takes milliseconds', () => {
		assert.equal(isLarge({ data: { a: 'b' } }), false);
		assert.equal(isLarge({ data: Array.from({ length: 3_000 }, String) }), true);
	});
});
