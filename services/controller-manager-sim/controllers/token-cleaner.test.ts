import assert from 'node:assert/strict';
import { type ErrorCode, KubejoinError } from '../../../lib/errors.ts';
import { clock, conflict, fakeLog, notFound } from '../fakes.test.ts';
import { cleanToken } from './token-cleaner.ts';

const name = 'bootstrap-token-abcdef';

describe('token-cleaner', () => {
	async function clean(expiration: string | undefined, refusal?: Error) {
		const deleted: unknown[] = [];
		const secrets = {
			delete: async (...asked: unknown[]) => {
				deleted.push(asked);
				if (refusal !== undefined) throw refusal;
			},
		};
		const { log, messages } = fakeLog();
		const find = () => (expiration === undefined ? undefined : { name, uid: 'uid-1', expiration });
		return { againMs: await cleanToken({ secrets, find, clock, log }, name), deleted, messages };
	}

	it('deletes the very token that has expired, or whose expiration cannot be read', async () => {
		for (const expiration of ['2026-01-31T12:00:00Z', '2020-01-01T00:00:00Z', 'in a year']) {
			const { againMs, deleted, messages } = await clean(expiration);
			assert.deepEqual(deleted, [[name, { namespace: 'kube-system', preconditions: { uid: 'uid-1' } }]]);
			assert.deepEqual([againMs, messages], [undefined, ['deleted the expired token abcdef']]);
		}
	});

	it('comes again when a token expires, and in a minute at the latest', async () => {
		assert.equal((await clean('2026-01-31T12:00:01Z')).againMs, 1000);
		const later = await clean('2027-01-31T12:00:00Z');
		assert.deepEqual([later.againMs, later.deleted], [60_000, []]);
	});

	it('a token that never expires and one that is gone need nothing', async () => {
		for (const expiration of ['', undefined])
			assert.deepEqual(await clean(expiration), { againMs: undefined, deleted: [], messages: [] });
	});

	it('one that was deleted or replaced meanwhile is fine; any other refusal is tried again', async () => {
		const expired = '2020-01-01T00:00:00Z';
		for (const refusal of [notFound(), conflict(), new KubejoinError('TOKEN_NOT_FOUND', { id: 'abcdef' })]) {
			assert.deepEqual((await clean(expired, refusal)).messages, []);
		}
		const refused: ErrorCode = 'CONNECTION_REFUSED';
		await assert.rejects(clean(expired, new KubejoinError(refused, { target: 'x', problem: 'x' })), { code: refused });
	});
});
