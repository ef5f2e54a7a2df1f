import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KubejoinError } from '../../../lib/errors.ts';
import { projectPath } from '../../../lib/paths.ts';
import { base64, clock, condition, conflict, csr, fakeLog, notFound, now } from '../fakes.test.ts';
import { reasonToDelete, sweep } from './csr-cleaner.ts';

const hourAgo = '2026-01-31T11:00:00Z';
const longer = '2026-01-31T10:59:59Z';

describe('csr-cleaner', () => {
	it('an hour after it was issued, denied or has failed, a request goes', () => {
		assert.equal(
			reasonToDelete(csr({ conditions: [condition('Approved', hourAgo)], certificate: 'x' }), now),
			undefined,
		);
		assert.ok(reasonToDelete(csr({ conditions: [condition('Approved', longer)], certificate: 'x' }), now));
		for (const type of ['Denied', 'Failed']) {
			assert.equal(reasonToDelete(csr({ conditions: [condition(type, hourAgo)] }), now), undefined);
			assert.ok(reasonToDelete(csr({ conditions: [condition(type, longer)] }), now));
		}
	});
	it('an approved request that was never issued goes a day after its approval', () => {
		const approved = csr({ conditions: [condition('Approved', longer)] });
		const day = Date.parse(longer) + 24 * 3_600_000;
		assert.equal(reasonToDelete(approved, day), undefined);
		assert.ok(reasonToDelete(approved, day + 1));
		const undated = csr({ conditions: [{ ...condition('Approved'), lastUpdateTime: undefined }] });
		assert.equal(reasonToDelete(undated, day + 1), undefined);
	});
	it('a pending request goes after a day', () => {
		assert.equal(reasonToDelete(csr(), now + 24 * 3_600_000), undefined);
		assert.ok(reasonToDelete(csr(), now + 24 * 3_600_000 + 1));
	});
	it('a request whose certificate has expired goes', () => {
		const expired = readFileSync(projectPath('test', 'fixtures', 'kubeadm-1.29-admin-expired.crt'), 'utf8');
		const conditions = [condition('Approved')];
		const later = Date.parse('2100-01-01T00:00:00Z');
		assert.equal(
			reasonToDelete(csr({ conditions, certificate: base64(expired) }), later),
			'its certificate has expired',
		);
		assert.equal(reasonToDelete(csr({ conditions, certificate: base64('x') }), later), undefined);
	});

	it('a request that cannot be deleted does not keep the others; the sweep is tried again', async () => {
		const done: string[] = [];
		const cached = ['a', 'b', 'c'].map((name) => {
			const old = csr({ conditions: [condition('Denied', longer)] });
			return { ...old, metadata: { ...old.metadata, name } };
		});
		const forbidden = new KubejoinError('API_FORBIDDEN', { resource: 'x', group: '', name: 'a', because: 'no' });
		const swept = (refusal: Error) =>
			sweep({
				csrs: {
					async delete(name) {
						if (name === 'a') throw refusal;
						done.push(name);
					},
				},
				cache: { list: () => cached },
				secrets: noSecrets,
				tokens: noTokens,
				clock,
				log: fakeLog().log,
			});
		await assert.rejects(swept(forbidden), forbidden);
		assert.deepEqual(done, ['b', 'c']);
		await assert.rejects(swept(new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' })));
		assert.deepEqual(done, ['b', 'c']);
	});

	const noSecrets = { delete: () => assert.fail('no token was to be deleted') };
	const noTokens = { isSynced: () => true, get: () => undefined };

	describe('a used token for one node', () => {
		const groups = ['system:bootstrappers', 'system:bootstrappers:kubejoin:once'];
		const used = csr({ groups, conditions: [condition('Approved', longer)], certificate: 'x' });
		const token = { name: 'bootstrap-token-abcdef', uid: 'u', expiration: '' };
		async function swept(
			request: typeof used,
			{ isSynced = true, refusal }: { isSynced?: boolean; refusal?: Error } = {},
		): Promise<unknown[]> {
			const done: unknown[] = [];
			const secrets = {
				delete: async (...args: unknown[]) => {
					if (refusal !== undefined) throw refusal;
					done.push(args);
				},
			};
			const csrs = { delete: async (name: string) => void done.push(name) };
			const tokens = { isSynced: () => isSynced, get: (name: string) => (name === token.name ? token : undefined) };
			await sweep({ csrs, secrets, tokens, cache: { list: () => [request] }, clock, log: fakeLog().log });
			return done;
		}
		it('is deleted, and then the request that knows of it', async () => {
			assert.deepEqual(await swept(used), [
				['bootstrap-token-abcdef', { namespace: 'kube-system', preconditions: { uid: 'u' } }],
				'csr-1',
			]);
		});
		it('and the request stay while it is unknown whether the token exists, or if it was replaced', async () => {
			assert.deepEqual(await swept(used, { isSynced: false }), []);
			assert.deepEqual(await swept(used, { refusal: conflict() }), []);
			assert.deepEqual(await swept(used, { refusal: notFound() }), ['csr-1']);
			await assert.rejects(
				swept(used, { refusal: new KubejoinError('STORE_UNAVAILABLE', { store: 's', problem: 'p' }) }),
				{ code: 'STORE_UNAVAILABLE' },
			);
		});
		it('a request that was not approved used no token, and other tokens stay', async () => {
			assert.deepEqual(await swept(csr({ groups, conditions: [condition('Denied', longer)] })), ['csr-1']);
			assert.deepEqual(await swept(csr({ conditions: [condition('Approved', longer)], certificate: 'x' })), ['csr-1']);
		});
	});

	it('a sweep deletes the very requests that it judged, and one that changed does not stop it', async () => {
		const old = csr({ conditions: [condition('Denied', longer)] });
		const named = (name: string) => ({ ...old, metadata: { ...old.metadata, name, uid: `uid-${name}` } });
		const deleted: unknown[] = [];
		const csrs = {
			delete: async (name: string, options?: object) => {
				deleted.push([name, options]);
				if (name === 'a') throw conflict();
			},
		};
		const { log, messages } = fakeLog();
		await sweep({
			csrs,
			secrets: noSecrets,
			tokens: noTokens,
			cache: { list: () => [named('a'), csr(), named('b')] },
			clock,
			log,
		});
		assert.deepEqual(deleted, [
			['a', { preconditions: { uid: 'uid-a' } }],
			['b', { preconditions: { uid: 'uid-b' } }],
		]);
		assert.deepEqual(messages, ['deleted b']);
	});
});
