/**
 * The one place that knows which backends there are. It loads only the one in use: the client of Redis alone takes a
 * third of the time to start apiserver-sim. It must never put a credential into a message.
 */
import { KubejoinError } from '../errors.ts';
import type { Store, StoreOptions } from './store.ts';
import { traced } from './traced.ts';
import { redactUrl } from './url.ts';

export { redactUrl };

/**
 * Open the store that a URL names.
 *
 * @throws CONFIG_INVALID  the URL, the keyspace, or their combination with `tls` makes no sense
 * @throws STORE_UNAVAILABLE  the store cannot be reached or read, or refuses the credentials
 */
export async function openStore(options: StoreOptions): Promise<Store> {
	if (!/^[a-z0-9-]+$/.test(options.keyspace)) {
		throw new KubejoinError('CONFIG_INVALID', {
			problems: [`the keyspace of the store was "${options.keyspace}"; small letters, digits and dashes are allowed`],
		});
	}
	if (/^rediss?:\/\//.test(options.url)) {
		const { openRedisStore } = await import('./redis.ts');
		return traced(await openRedisStore(options), 'redis', options.keyspace);
	}
	if (options.url.startsWith('lmdb:')) {
		const { openLmdbStore } = await import('./lmdb.ts');
		return traced(await openLmdbStore(options), 'lmdb', options.keyspace);
	}
	throw new KubejoinError('CONFIG_INVALID', {
		problems: [
			`the store URL was "${redactUrl(options.url)}"; ` +
				'redis://HOST:PORT[/DB], rediss://HOST:PORT[/DB] and lmdb:DIRECTORY are allowed',
		],
	});
}
