import assert from 'node:assert/strict';
import { hasCode } from '../errors.ts';
import { openStore, redactUrl } from './open.ts';

const tls = { ca: '' };

describe('openStore', () => {
	it('CONFIG_INVALID: the URL is not one of a store, or contains a forbidden part', async () => {
		const urls = [
			'',
			'etcd://host',
			'redis:',
			'redis://',
			'redis://host:99999',
			'redis://u:pa55@host',
			'redis://host/x',
			'redis://host?password=pa55',
			'rediss://host/1/2',
		];
		for (const url of urls) {
			await assert.rejects(
				openStore({ url, keyspace: 'k' }),
				(error) => hasCode(error, 'CONFIG_INVALID') && !error.message.includes('pa55'),
				url,
			);
		}
	});

	it('CONFIG_INVALID: certificates for a connection that is not encrypted', async () => {
		await assert.rejects(openStore({ url: 'redis://127.0.0.1:1', keyspace: 'k', tls }), (error) =>
			hasCode(error, 'CONFIG_INVALID'),
		);
	});

	it('CONFIG_INVALID: the keyspace would end the hash tag or the file name', async () => {
		for (const keyspace of ['', 'a}', '../a', 'A']) {
			await assert.rejects(openStore({ url: 'lmdb:/nowhere', keyspace }), (error) => hasCode(error, 'CONFIG_INVALID'));
		}
	});

	it('STORE_UNAVAILABLE: no server listens', async () => {
		await assert.rejects(openStore({ url: 'redis://127.0.0.1:1', keyspace: 'k' }), (error) =>
			hasCode(error, 'STORE_UNAVAILABLE'),
		);
	});
});

describe('redactUrl', () => {
	it('leaves out credentials, however the URL is formed', () => {
		assert.equal(redactUrl('redis://user:p@ss@host:6379/1?password=x#y'), 'redis://host:6379/1');
		assert.equal(redactUrl('rediss://:pass/word@host:port/'), 'rediss://host:port');
		assert.equal(redactUrl('lmdb:/data/a@b'), 'lmdb:/data/a@b');
	});
});
