/** The users of Redis. A program that only writes their rules, as infra/pki does, does not load the client of Redis. */

const keysOf = (keyspace: string): string => `~{${keyspace}}:*`;
const commands =
	'-@all +config|get +eval +evalsha +get +hdel +hget +hmget +hset +incr +ping +select ' +
	'+xadd +xrange +xread +zadd +zlexcount +zrangebylex +zrem';

/**
 * The permissions of the Redis user of a store, as in `user registry on >… ${redisAclRule('registry')}`.
 * AUTH and HELLO need no permission. `select` is for a URL that names a database, `config|get` for the check of
 * durability.
 */
export const redisAclRule = (keyspace: string): string => `${keysOf(keyspace)} resetchannels ${commands}`;

/**
 * The ACL line of the default user, which a connection has before it authenticates. The user is off, so no client can
 * use it.
 *
 * It still has the rights of the stores, because Redis replays its append-only file as this user and silently drops a
 * transaction that this user may not make: all acknowledged data would be lost after a restart. @source seen on Redis
 * 7.0.15
 */
export const redisDefaultUser = (keyspaces: readonly string[]): string =>
	`user default off resetpass ${keyspaces.map(keysOf).join(' ')} resetchannels ${commands}`;
