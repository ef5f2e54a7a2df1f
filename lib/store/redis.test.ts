import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { type RedisServer, startRedis } from '../../test/redis-server.ts';
import { startStoreWriter } from '../../test/store-writer.ts';
import { type ErrorCode, hasCode } from '../errors.ts';
import { openStore } from './open.ts';
import { redisAclRule, redisDefaultUser } from './redis-acl.ts';
import { describeStoreContract } from './store.contract.ts';
import type { Store } from './store.ts';

const password = 'a-password-of-the-tests';
const rejectsWith = (code: ErrorCode, work: Promise<unknown>, text = '') =>
	assert.rejects(
		work,
		(error) => hasCode(error, code) && error.message.includes(text) && !error.message.includes(password),
	);

/** Run one command as the user who may do everything. */
async function command(server: RedisServer, ...args: string[]): Promise<void> {
	const client = createClient({ url: server.url });
	await client.connect();
	await client.sendCommand(args);
	await client.close();
}

/** Retry until the store answers again, as callers do. */
async function untilAvailable<T>(work: () => Promise<T>): Promise<T> {
	for (;;) {
		try {
			return await work();
		} catch (error) {
			if (!hasCode(error, 'STORE_UNAVAILABLE')) throw error;
			await new Promise((resolve) => setImmediate(resolve));
		}
	}
}

describe('with a redis-server', () => {
	let dir: string;
	let server: RedisServer;
	const stores: Store[] = [];

	const start = async (context: Mocha.Context) => {
		const started = await startRedis({ dir });
		if (started === undefined) return context.skip();
		server = started;
	};
	const open = async (keyspace: string) => {
		const store = await openStore({ url: server.url, keyspace });
		stores.push(store);
		return store;
	};

	before(async function () {
		dir = mkdtempSync(join(tmpdir(), 'kubejoin-redis-'));
		await start(this);
	});
	afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
	after(async () => {
		await server?.stop();
		rmSync(dir, { recursive: true });
	});

	describeStoreContract('Redis, as a user who may do only what redisAclRule says', async () => {
		const keyspace = `test-${randomUUID()}`;
		await command(
			server,
			'ACL',
			'SETUSER',
			keyspace,
			'reset',
			'on',
			`>${password}`,
			...redisAclRule(keyspace).split(' '),
		);
		const options = { url: `${server.url}/1`, keyspace, username: keyspace, password };
		return {
			open: (historyLength) => openStore({ ...options, historyLength }),
			remove: () => command(server, 'ACL', 'DELUSER', keyspace),
		};
	});

	it('STORE_NOT_DURABLE: refuses a Redis that acknowledges a write before it is on the disk', async () => {
		const problem = async (): Promise<string> => {
			const error = await open('durable').catch((thrown: unknown) => thrown);
			assert.ok(hasCode(error, 'STORE_NOT_DURABLE'), String(error));
			return error.details.problem as string;
		};
		try {
			await command(server, 'CONFIG', 'SET', 'appendfsync', 'everysec');
			assert.equal(await problem(), 'appendfsync is everysec');
			await command(server, 'CONFIG', 'SET', 'appendonly', 'no');
			assert.equal(await problem(), 'appendonly is no and appendfsync is everysec');
			const rule = redisAclRule('durable').replace('+config|get', '').split(' ').filter(Boolean);
			await command(server, 'ACL', 'SETUSER', 'durable', 'reset', 'on', `>${password}`, ...rule);
			const opening = openStore({ url: server.url, keyspace: 'durable', username: 'durable', password });
			await assert.rejects(opening, (error) => hasCode(error, 'STORE_NOT_DURABLE') && /ACL rule/.test(error.remedy));
		} finally {
			await command(server, 'ACL', 'DELUSER', 'durable');
			await command(server, 'CONFIG', 'SET', 'appendonly', 'yes');
			await command(server, 'CONFIG', 'SET', 'appendfsync', 'always');
		}
		await (await open('durable')).create('a', {});
	});

	it('notifies a watcher of writes by another replica', async () => {
		const [reader, writer] = [await open('replicas'), await open('replicas')];
		const abort = new AbortController();
		const iterator = reader.watch('', 0, abort.signal)[Symbol.asyncIterator]();
		const first = iterator.next();
		await writer.create('a', {});
		assert.equal((await first).value?.key, 'a');
		const second = iterator.next();
		await writer.delete('a');
		assert.equal((await second).value?.type, 'deleted');
		abort.abort();
	});

	it('keeps a number that a script would round, and an empty list', async () => {
		const store = await open('numbers');
		const { revision } = await store.create('a', { n: 123456789012345.67, list: [] });
		await store.update('a', { n: 1e21, list: [{}] }, revision);
		assert.deepEqual((await store.delete('a')).value, { n: 1e21, list: [{}] });
	});

	it('STORE_UNAVAILABLE: another program wrote a record, whose text no error quotes', async () => {
		const keyspace = `test-${randomUUID()}`;
		const store = await open(keyspace);
		const written = [
			...['{ "r":1,"v":{}}', '{"r":1,"v":{}}\n', '{"r":1e0,"v":{}}', '{"r":"1","v":{}}', '{"v":{}}', '{"r":1,"v":5}'],
			...['null', '', password, `{"r":1,"v":{"token-secret":${password}}}`],
		];
		for (const record of written) {
			await command(server, 'HSET', `{${keyspace}}:items`, 'k', record);
			await command(server, 'ZADD', `{${keyspace}}:index`, '0', 'k');
			await rejectsWith('STORE_UNAVAILABLE', store.get('k'), 'the key k was not written by kubejoin');
			await rejectsWith('STORE_UNAVAILABLE', store.list(''), 'the key k was not written by kubejoin');
		}
		const revision = await store.revision();
		const change = ['t', 'updated', 'k', 'k', 'v', `{"token-secret":${password}}`];
		await command(server, 'INCR', `{${keyspace}}:revision`);
		await command(server, 'XADD', `{${keyspace}}:history`, `${revision + 1}-0`, ...change);
		const watch = store.watch('', revision, new AbortController().signal)[Symbol.asyncIterator]();
		await assert.rejects(watch.next(), (error: Error) => !error.message.includes(password.slice(0, 5)));
	});

	it('STORE_COMPACTED: watchers list again after Redis was emptied', async () => {
		const store = await open('emptied');
		await store.create('a', {});
		await store.create('b', {});
		const iterator = store.watch('', 1, new AbortController().signal)[Symbol.asyncIterator]();
		await iterator.next();
		await command(server, 'FLUSHALL');
		await rejectsWith('STORE_COMPACTED', iterator.next());
		await rejectsWith(
			'STORE_COMPACTED',
			store.watch('', 2, new AbortController().signal)[Symbol.asyncIterator]().next(),
		);
		assert.deepEqual((await store.list('')).revision, 0);
	});

	it('STORE_UNAVAILABLE: Redis refuses writes when its memory is full, and nothing is half written', async () => {
		const store = await open('full');
		await store.create('a', {});
		await command(server, 'CONFIG', 'SET', 'maxmemory', '1');
		await rejectsWith('STORE_UNAVAILABLE', store.create('b', {}), 'OOM');
		await command(server, 'CONFIG', 'SET', 'maxmemory', '0');
		assert.deepEqual((await store.list('')).revision, 1);
		assert.equal((await store.create('b', {})).revision, 2);
	});

	it('STORE_UNAVAILABLE when Redis is killed; afterwards commands and watches work again with all data', async () => {
		const store = await open('killed');
		await store.create('a', {});
		const iterator = store.watch('', 0, new AbortController().signal)[Symbol.asyncIterator]();
		await iterator.next();
		const waiting = iterator.next();
		await Promise.all([rejectsWith('STORE_UNAVAILABLE', waiting), server.kill9()]);
		await rejectsWith('STORE_UNAVAILABLE', store.get('a'));
		await rejectsWith('STORE_UNAVAILABLE', openStore({ url: server.url, keyspace: 'killed' }), 'ECONNREFUSED');
		const back = await startRedis({ dir, port: server.port });
		assert.ok(back);
		server = back;
		const { revision } = await untilAvailable(() => store.create('b', {}));
		const next = await store.watch('', 1, new AbortController().signal)[Symbol.asyncIterator]().next();
		assert.deepEqual(next.value, { type: 'created', key: 'b', value: {}, revision });
		assert.equal(revision, 2);
	});

	it('keeps every acknowledged write when Redis is killed', async () => {
		const options = { url: server.url, keyspace: 'durable' };
		const writer = startStoreWriter(options);
		await writer.acknowledged(500);
		await server.kill9();
		const acknowledged = await writer.kill9();
		const back = await startRedis({ dir, port: server.port });
		assert.ok(back);
		server = back;
		const { items } = await (await open('durable')).list('');
		const found = new Map(items.map((item) => [item.key, item.revision]));
		for (const write of acknowledged) assert.equal(found.get(write.key), write.revision);
		assert.ok(acknowledged.length >= 500);
	});

	it('STORE_UNAVAILABLE: Redis is there and does not answer, until it does', async () => {
		const store = await open('frozen');
		const iterator = store.watch('', 0, new AbortController().signal)[Symbol.asyncIterator]();
		await store.create('a', {});
		await iterator.next();
		const waiting = iterator.next();
		server.freeze();
		await Promise.all([
			rejectsWith('STORE_UNAVAILABLE', store.get('a'), 'no answer'),
			rejectsWith('STORE_UNAVAILABLE', openStore({ url: server.url, keyspace: 'frozen' }), 'no answer'),
			rejectsWith('STORE_UNAVAILABLE', waiting),
		]);
		await rejectsWith('STORE_UNAVAILABLE', store.get('a'), 'not connected');
		server.thaw();
		assert.equal((await untilAvailable(() => store.get('a')))?.revision, 1);
	});
});

/** A CA and certificates of it for server and client, made by openssl. */
function makeCertificates(dir: string): void {
	const run = (...args: string[]) =>
		execFileSync(
			'openssl',
			['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', ...args],
			{
				cwd: dir,
				stdio: 'pipe',
			},
		);
	for (const ca of ['ca', 'other-ca']) run('-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.crt`);
	for (const leaf of ['server', 'client']) {
		const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
		run(
			'-CA',
			'ca.crt',
			'-CAkey',
			'ca.key',
			'-subj',
			`/CN=${leaf}`,
			...names,
			'-keyout',
			`${leaf}.key`,
			'-out',
			`${leaf}.crt`,
		);
	}
}

describe('with a redis-server that wants TLS, a client certificate and a user', () => {
	let dir: string;
	let server: RedisServer | undefined;
	const pem = (name: string) => readFileSync(join(dir, name), 'utf8');
	const options = () => ({
		url: server?.url ?? '',
		keyspace: 'registry',
		username: 'registry',
		password,
		tls: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') },
	});

	const start = () =>
		startRedis({
			dir,
			aclFile: join(dir, 'users.acl'),
			tls: { ca: join(dir, 'ca.crt'), cert: join(dir, 'server.crt'), key: join(dir, 'server.key') },
		});

	before(async function () {
		dir = mkdtempSync(join(tmpdir(), 'kubejoin-redis-tls-'));
		makeCertificates(dir);
		writeFileSync(
			join(dir, 'users.acl'),
			`${redisDefaultUser(['registry'])}\nuser registry on >${password} ${redisAclRule('registry')}\n`,
		);
		server = await start();
		if (server === undefined) this.skip();
	});
	after(async () => {
		await server?.stop();
		rmSync(dir, { recursive: true });
	});

	it('stores and watches', async () => {
		const store = await openStore(options());
		const { revision } = await store.create('a', { n: 1 });
		const iterator = store.watch('', 0, new AbortController().signal)[Symbol.asyncIterator]();
		assert.equal((await iterator.next()).value?.revision, revision);
		await store.close();
	});

	it('describes its connection: the certificates of both ends, and the CA and the name that it verified', async () => {
		const store = await openStore(options());
		const {
			'tls.server.hash.sha256': presented,
			'tls.client.subject': client,
			'kubejoin.tls': tls,
			'kubejoin.tls.verified_by': ca,
			'kubejoin.tls.verified_name': name,
		} = store.connection?.() ?? assert.fail();
		await store.close();
		const server = new X509Certificate(pem('server.crt'));
		assert.equal(presented, server.fingerprint256.replaceAll(':', ''));
		assert.equal(client, new X509Certificate(pem('client.crt')).subject.replaceAll('\n', ', '));
		assert.deepEqual([tls, ca, name], ['mutual', server.issuer.replaceAll('\n', ', '), 'IP Address:127.0.0.1']);
	});

	it('causes no line in the log of Redis with the connection that it describes', async () => {
		const store = await openStore(options());
		while (store.connection?.()['tls.protocol.version'] === undefined)
			await new Promise((resolve) => setImmediate(resolve));
		await store.close();
		await server?.stop();
		const log = server?.log();
		server = await start();
		assert.doesNotMatch(log ?? '', /Error accepting/);
	});

	it('STORE_UNAVAILABLE: the certificate, the CA, the user or the keyspace is another', async () => {
		const { tls, ...rest } = options();
		await rejectsWith('STORE_UNAVAILABLE', openStore({ ...rest, tls: { ca: tls.ca } }));
		await rejectsWith(
			'STORE_UNAVAILABLE',
			openStore({ ...rest, tls: { ...tls, ca: pem('other-ca.crt') } }),
			'certificate',
		);
		await rejectsWith('STORE_UNAVAILABLE', openStore({ ...rest, tls: { ...tls, key: 'nonsense' } }));
		await rejectsWith('STORE_UNAVAILABLE', openStore({ ...options(), password: 'wrong' }), 'WRONGPASS');
		await rejectsWith('STORE_UNAVAILABLE', openStore({ ...options(), keyspace: 'tokens' }), 'NOPERM');
		await rejectsWith('STORE_UNAVAILABLE', openStore({ url: rest.url, keyspace: 'registry', tls }), 'NOAUTH');
	});
});
