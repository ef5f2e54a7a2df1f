import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { conflict, notFound } from './fakes.test.ts';
import { actOnFresh } from './fresh.ts';

describe('acting on a cached object', () => {
	const refusing = (seen: string[]) => async (object: string) => {
		seen.push(object);
		if (object === 'old') throw conflict();
	};

	it('API_CONFLICT: it is read and acted on once more', async () => {
		const seen: string[] = [];
		await actOnFresh('old', async () => 'new', refusing(seen));
		assert.deepEqual(seen, ['old', 'new']);
	});
	it('API_CONFLICT again is for the queue', () =>
		assert.rejects(
			actOnFresh('old', async () => 'old', refusing([])),
			(error) => hasCode(error, 'API_CONFLICT'),
		));
	it('API_NOT_FOUND: nothing is left to do', async () => {
		await actOnFresh('old', () => Promise.reject(notFound()), refusing([]));
		await actOnFresh(
			'old',
			async () => 'new',
			() => Promise.reject(notFound()),
		);
	});
	it('anything else is thrown at once', () =>
		assert.rejects(
			actOnFresh(
				'old',
				() => assert.fail('read'),
				() => Promise.reject(new Error('other')),
			),
			/other/,
		));
});
