import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { conflict, notFound } from './fakes.test.ts';
import { retryOnConflict } from './retry-on-conflict.ts';

describe('acting on a cached object', () => {
	const refusing = (seen: string[]) => async (object: string) => {
		seen.push(object);
		if (object === 'old') throw conflict();
	};

	it('API_CONFLICT: it is read and acted on once more', async () => {
		const seen: string[] = [];
		await retryOnConflict('old', async () => 'new', refusing(seen));
		assert.deepEqual(seen, ['old', 'new']);
	});
	it('API_CONFLICT again is for the queue', () =>
		assert.rejects(
			retryOnConflict('old', async () => 'old', refusing([])),
			(error) => hasCode(error, 'API_CONFLICT'),
		));
	it('API_NOT_FOUND: nothing is left to do', async () => {
		await retryOnConflict('old', () => Promise.reject(notFound()), refusing([]));
		await retryOnConflict(
			'old',
			async () => 'new',
			() => Promise.reject(notFound()),
		);
	});
	it('anything else is thrown at once', () =>
		assert.rejects(
			retryOnConflict(
				'old',
				() => assert.fail('read'),
				() => Promise.reject(new Error('other')),
			),
			/other/,
		));
});
