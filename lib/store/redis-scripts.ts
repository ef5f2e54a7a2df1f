/**
 * How a store lies in Redis, and the scripts that change it: each runs whole or, refused by Redis at its first write,
 * not at all. JSON is carried through Lua as text and never decoded there: cjson turns [] into {} and rounds numbers.
 */
import { type CommandParser, defineScript } from 'redis';

/** The four keys of a keyspace; the hash tag keeps them in one slot of a Redis Cluster. */
export interface RedisKeys {
	/** A counter: the revision of the store. */
	readonly revision: string;
	/** A hash: key to `{"r":REVISION,"v":VALUE}`. */
	readonly items: string;
	/** A sorted set of all keys, every score 0, for listing by prefix. */
	readonly index: string;
	/** A stream of the last changes, whose entry IDs are `REVISION-0`. */
	readonly history: string;
}

export const redisKeys = (keyspace: string): RedisKeys => ({
	revision: `{${keyspace}}:revision`,
	items: `{${keyspace}}:items`,
	index: `{${keyspace}}:index`,
	history: `{${keyspace}}:history`,
});

const shared = `
local revisionKey, itemsKey, indexKey, historyKey = unpack(KEYS)
local function record(change, key, json, historyLength)
	local revision = string.format('%.0f', redis.call('INCR', revisionKey))
	redis.call('XADD', historyKey, 'MAXLEN', '=', historyLength, revision .. '-0', 't', change, 'k', key, 'v', json)
	return revision
end
local function read(key)
	local item = redis.call('HGET', itemsKey, key)
	if item then return string.match(item, '^{"r":(%d+),"v":(.*)}$') end
end
local function write(key, revision, json)
	redis.call('HSET', itemsKey, key, '{"r":' .. revision .. ',"v":' .. json .. '}')
end
`;

const script = (body: string) =>
	defineScript({
		SCRIPT: shared + body,
		NUMBER_OF_KEYS: 4,
		parseCommand: (parser: CommandParser, keys: RedisKeys, ...args: string[]): void => {
			parser.pushKeys([keys.revision, keys.items, keys.index, keys.history]);
			parser.push(...args);
		},
		transformReply: (reply: unknown): string[] => (Array.isArray(reply) ? reply.map(String) : []),
	});

/** What `redis.ts` sends; every reply is a list of strings. */
export const redisScripts = {
	/** (key, value, historyLength) -> done, revision | exists */
	createItem: script(`
local key, json, historyLength = unpack(ARGV)
if read(key) then return { 'exists' } end
local revision = record('created', key, json, historyLength)
redis.call('ZADD', indexKey, 0, key)
write(key, revision, json)
return { 'done', revision }`),

	/** (key, value, historyLength, expectedRevision) -> done, revision | missing | conflict, foundRevision */
	updateItem: script(`
local key, json, historyLength, expected = unpack(ARGV)
local found = read(key)
if not found then return { 'missing' } end
if found ~= expected then return { 'conflict', found } end
local revision = record('updated', key, json, historyLength)
write(key, revision, json)
return { 'done', revision }`),

	/**
	 * (key, historyLength, expectedRevision or nothing) -> done, revision, lastValue | missing | conflict, foundRevision
	 */
	deleteItem: script(`
local key, historyLength, expected = unpack(ARGV)
local found, json = read(key)
if not found then return { 'missing' } end
if expected and found ~= expected then return { 'conflict', found } end
local revision = record('deleted', key, json, historyLength)
redis.call('ZREM', indexKey, key)
redis.call('HDEL', itemsKey, key)
return { 'done', revision, json }`),

	/**
	 * (prefix, after or empty, limit, maxBytes) -> revision, remaining, key, item, key, item, …; a page of large items is
	 * shorter than the limit. No UTF-8 text holds the byte 255, so it ends every prefix.
	 */
	listItems: script(`
local prefix, after, limit, maxBytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local first = after == '' and '[' .. prefix or '(' .. after
local last = '(' .. prefix .. '\\255'
local keys = redis.call('ZRANGEBYLEX', indexKey, first, last, 'LIMIT', 0, limit)
local reply, bytes = { redis.call('GET', revisionKey) or '0', 0 }, 0
local function remaining()
	return #reply > 2 and redis.call('ZLEXCOUNT', indexKey, '(' .. reply[#reply - 1], last) or 0
end
for start = 1, #keys, 100 do
	local items = redis.call('HMGET', itemsKey, unpack(keys, start, math.min(start + 99, #keys)))
	for i, item in ipairs(items) do
		bytes = bytes + #item
		if maxBytes > 0 and #reply > 2 and bytes > maxBytes then
			reply[2] = remaining()
			return reply
		end
		reply[#reply + 1] = keys[start + i - 1]
		reply[#reply + 1] = item
	end
end
reply[2] = limit > 0 and remaining() or 0
return reply`),
};
