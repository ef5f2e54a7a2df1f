import assert from 'node:assert/strict';
import { fromWireError, hasCode, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { ERROR_TRAILER } from './call-failure.ts';
import { toServiceError } from './error-trailer.ts';

const sizes = (error: KubejoinError): [message: number, details: number] => {
	const { details = '', metadata } = toServiceError(error);
	return [encodeURI(details).length, metadata?.get(ERROR_TRAILER)[0]?.length ?? 0];
};
const rebuilt = (error: KubejoinError) =>
	fromWireError(JSON.parse(String(toServiceError(error).metadata?.get(ERROR_TRAILER)[0])));

describe('an error in trailers', () => {
	it('is whole where it fits', () => {
		const error = new KubejoinError('TOKEN_INVALID', { problems: ['a', '中'.repeat(100)] });
		assert.equal(toServiceError(error).details, error.message);
		assert.deepEqual(rebuilt(error)?.details, error.details);
	});

	for (const [what, problems] of Object.entries({
		'a long text': ['a'.repeat(3_000_000)],
		'many texts': Array.from({ length: 100_000 }, (_, index) => `problem ${index}`),
		'text that percent-encoding makes longer': ['\u0000\uFFFF%\u{10FFFF}'.repeat(10_000)],
		'halves of surrogate pairs': ['\uD800'.repeat(10_000)],
	})) {
		it(`fits, and has the same code: ${what}`, () => {
			const error = new KubejoinError('TOKEN_INVALID', { problems });
			const [message, details] = sizes(error);
			assert.ok(message <= limits.errorMessageBytes.value, `message of ${message}`);
			assert.ok(details <= limits.errorDetailsBytes.value, `details of ${details}`);
			assert.ok(hasCode(rebuilt(error), 'TOKEN_INVALID'));
		});
	}
});
