import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { projectPath } from '../../../lib/paths.ts';
import { base64, clock, condition, conflict, csr, fakeLog, now } from '../fakes.test.ts';
import { reasonToDelete, sweep } from './csr-cleaner.ts';

const hourAgo = '2026-01-31T11:00:00Z';
const longer = '2026-01-31T10:59:59Z';

describe('csr-cleaner', () => {
	it('an hour after it was issued, denied or has failed, a request goes', () => {
		assert.equal(reasonToDelete(csr({ conditions: [condition('Approved', hourAgo)], certificate: 'x' }), now), undefined);
		assert.ok(reasonToDelete(csr({ conditions: [condition('Approved', longer)], certificate: 'x' }), now));
		for (const type of ['Denied', 'Failed']) {
			assert.equal(reasonToDelete(csr({ conditions: [condition(type, hourAgo)] }), now), undefined);
			assert.ok(reasonToDelete(csr({ conditions: [condition(type, longer)] }), now));
		}
	});
	it('an approved request that waits for its certificate stays', () => {
		assert.equal(reasonToDelete(csr({ conditions: [condition('Approved', '2020-01-01T00:00:00Z')] }), now), undefined);
	});
	it('a pending request goes after a day', () => {
		assert.equal(reasonToDelete(csr(), now + 24 * 3_600_000), undefined);
		assert.ok(reasonToDelete(csr(), now + 24 * 3_600_000 + 1));
	});
	it('a request whose certificate has expired goes', () => {
		const expired = readFileSync(projectPath('test', 'fixtures', 'kubeadm-1.29-admin-expired.crt'), 'utf8');
		const conditions = [condition('Approved')];
		const later = Date.parse('2100-01-01T00:00:00Z');
		assert.equal(reasonToDelete(csr({ conditions, certificate: base64(expired) }), later), 'its certificate has expired');
		assert.equal(reasonToDelete(csr({ conditions, certificate: base64('x') }), later), undefined);
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
		await sweep({ csrs, cache: { list: () => [named('a'), csr(), named('b')] }, clock, log });
		assert.deepEqual(deleted, [
			['a', { preconditions: { uid: 'uid-a' } }],
			['b', { preconditions: { uid: 'uid-b' } }],
		]);
		assert.deepEqual(messages, ['deleted b']);
	});
});
