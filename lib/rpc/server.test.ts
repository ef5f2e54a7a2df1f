import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type ErrorCode, hasCode, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { createLog } from '../log.ts';
import { type Channel, call, openChannel, stream, withBearerToken } from './channel.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import { newConnections } from './listener.ts';
import { type Call, createGrpcServer, type Observe, type Service } from './server.ts';

const silent = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });
const nothing = () => ({});
async function* noEvents() {}

const tokenStore: Service = {
	name: 'TokenStore',
	unary: { Create: nothing, List: nothing, Update: nothing, Delete: nothing, Verify: nothing, SignDetached: nothing },
	streams: { Watch: noEvents },
	callers: {
		Create: ['a'],
		List: ['a'],
		Update: ['a'],
		Delete: [],
		Verify: ['a', 'b'],
		SignDetached: 'authorizes-itself',
		Watch: ['a'],
	},
};
const without = <T extends object>(table: T, key: keyof T): T =>
	Object.fromEntries(Object.entries(table).filter(([name]) => name !== key)) as T;

describe('createGrpcServer denies by default', () => {
	const create = (service: Service) => createGrpcServer([service], newConnections(), silent);

	it('starts when every method has a handler and a row', () => {
		create(tokenStore);
	});

	it('does not start when a method has no row, a method has no handler, or a row or a handler names no method', () => {
		const { unary, callers } = tokenStore;
		assert.throws(
			() => create({ ...tokenStore, callers: without(callers, 'Verify') }),
			new TypeError('TokenStore/Verify has no row that says who may call it'),
		);
		assert.throws(() => create({ ...tokenStore, callers: without(callers, 'Watch') }), /TokenStore\/Watch has no row/);
		assert.throws(
			() => create({ ...tokenStore, unary: without(unary, 'Verify') }),
			new TypeError('TokenStore/Verify has no handler'),
		);
		assert.throws(() => create({ ...tokenStore, streams: {} }), new TypeError('TokenStore/Watch has no handler'));
		assert.throws(
			() => create({ ...tokenStore, callers: { ...callers, Steal: ['a'] } }),
			new TypeError('TokenStore declares no method Steal'),
		);
		assert.throws(
			() => create({ ...tokenStore, unary: { ...unary, Steal: nothing } }),
			new TypeError('TokenStore declares no method Steal'),
		);
		assert.throws(
			() => create({ ...tokenStore, name: 'Steal' }),
			new TypeError('proto/kubejoin declares no service Steal'),
		);
	});

	it('a handler of the wrong kind is no handler', () => {
		const { unary, streams } = tokenStore;
		assert.throws(
			() => create({ ...tokenStore, unary: { ...unary, Watch: nothing }, streams: {} }),
			new TypeError('TokenStore/Watch has no handler'),
		);
		const both = { ...tokenStore, unary: without(unary, 'Verify'), streams: { ...streams, Verify: noEvents } };
		assert.throws(() => create(both), new TypeError('TokenStore/Verify has no handler'));
	});

	it('a row of the name of an inherited property is no row', () => {
		assert.throws(() => create({ ...tokenStore, callers: Object.create(tokenStore.callers) }), /has no row/);
	});
});

describe('a gRPC server', () => {
	let ca: TestCa;
	let identity: Identity;
	let door: Door | undefined;
	const channels: Channel[] = [];

	const open = async (service: Partial<Service>, observers: readonly Observe[] = []): Promise<void> => {
		door = await openDoor({
			identity,
			clientCa: ca,
			clientCertificate: 'optional',
			services: [{ ...tokenStore, ...service }, whoAmI],
			observers,
		});
	};
	/** A channel of a caller with this common name, or without a certificate. */
	const channelOf = async (name?: string) => {
		const channel = openChannel(door?.target ?? '', {
			ca: ca.pem,
			...(name === undefined ? {} : await ca.client(name)),
		});
		channels.push(channel);
		return channel;
	};
	const refusalOf = async (work: Promise<unknown>): Promise<KubejoinError> => {
		const error = await work.then(
			() => assert.fail('it was answered'),
			(reason: unknown) => reason,
		);
		assert.ok(error instanceof KubejoinError, String(error));
		return error;
	};
	const allOf = async (channel: Channel): Promise<object[]> => {
		const found: object[] = [];
		for await (const event of stream(channel, 'TokenStore', 'Watch', {}, new AbortController().signal))
			found.push(event);
		return found;
	};
	const logged = () => (door?.lines ?? []).map((line) => JSON.parse(line));

	before(async () => {
		ca = await createCa('ca');
		identity = await ca.server('door', { hosts: ['localhost'] });
	});
	afterEach(async () => {
		for (const channel of channels.splice(0)) channel.close();
		await door?.close();
		door = undefined;
	});

	it('counts the log lines about refused calls of one address that it suppresses', async () => {
		const { value: most } = limits.logLinesPerSecond;
		await open({});
		const channel = await channelOf('b');
		// Each second allows as many lines again, and a busy machine takes several.
		for (let asked = 0; door?.refused.length === 0 && asked < 100 * most; asked++)
			assert.equal((await refusalOf(call(channel, 'TokenStore', 'Create', {}))).code, 'CALLER_DENIED');
		assert.deepEqual([...new Set(door?.refused)], ['logLinesPerSecond']);
		assert.ok(logged().filter(({ msg }) => msg === 'refused').length >= most);
	});

	it('aborts the signal of a call that its caller gives up, and of no call that was answered', async () => {
		const signals: AbortSignal[] = [];
		let arrived: () => void = () => undefined;
		const isWaiting = new Promise<void>((resolve) => {
			arrived = resolve;
		});
		await open({
			unary: {
				...tokenStore.unary,
				SignDetached(_request, { signal }) {
					signals.push(signal);
					return {};
				},
				async Verify(_request: object, { signal }: Call) {
					arrived();
					await once(signal, 'abort');
					signals.push(signal);
					return {};
				},
			},
		});
		const channel = await channelOf('a');
		await call(channel, 'TokenStore', 'SignDetached', {});
		const giveUp = new AbortController();
		const answer = call(channel, 'TokenStore', 'Verify', {}, { signal: giveUp.signal }).catch(() => 'given up');
		await isWaiting;
		giveUp.abort();
		assert.equal(await answer, 'given up');
		// The next answer on the connection comes after the end of that call.
		while (signals.length < 2) await call(channel, 'TokenStore', 'List', {});
		assert.deepEqual(
			signals.map(({ aborted }) => aborted),
			[false, true],
		);
	});

	it('MESSAGE_UNREADABLE: calls no handler; a caller without a row is denied first', async () => {
		let calls = 0;
		const count = () => {
			calls++;
			return {};
		};
		await open({
			unary: { Create: count, List: count, Update: count, Delete: count, Verify: count, SignDetached: count },
		});
		const send = ({ client, metadata }: Channel, method: string) =>
			client.unary({
				path: `/kubejoin.v1.TokenStore/${method}`,
				message: Buffer.from([0x0a, 0xff]),
				metadata,
				deadlineMs: 10_000,
			});
		await assert.rejects(send(await channelOf('a'), 'Verify'), { code: 3, details: /cannot be decoded/ });
		await assert.rejects(send(await channelOf('b'), 'Create'), { code: 7 });
		assert.equal(calls, 0);
	});

	it('CALLER_DENIED for every caller that the row does not name, without calling the handler', async () => {
		const called: string[] = [];
		const note = (_request: never, { method, peer }: Call) => {
			called.push(`${method} ${peer.certificate.state}`);
			return {};
		};
		const unary = { Create: note, List: note, Update: note, Delete: note, Verify: note, SignDetached: note };
		await open({ unary });
		const table = { Create: 'a', List: 'a', Update: 'a', Delete: '', Verify: 'ab', SignDetached: 'ab-' };
		for (const name of ['a', 'b', undefined]) {
			const channel = await channelOf(name);
			for (const [method, allowed] of Object.entries(table)) {
				called.length = 0;
				const isAllowed = allowed.includes(name ?? '-');
				const work = call(channel, 'TokenStore', method, {});
				if (isAllowed) await work;
				else assert.equal((await refusalOf(work)).code, 'CALLER_DENIED');
				assert.deepEqual(
					called,
					isAllowed ? [`/kubejoin.v1.TokenStore/${method} ${name === undefined ? 'none' : 'verified'}`] : [],
				);
			}
		}
		assert.deepEqual(await allOf(await channelOf('a')), []);
		const refused = await refusalOf(allOf(await channelOf('b')));
		assert.equal(refused.message, 'b may not call /kubejoin.v1.TokenStore/Watch; allowed: a');
		const nobody = await refusalOf(call(await channelOf(), 'TokenStore', 'Delete', {}));
		assert.equal(
			nobody.message,
			'a caller without a verified certificate may not call /kubejoin.v1.TokenStore/Delete; allowed: none',
		);
	});

	it('an error reaches the caller unchanged and printable: code, details, message, remedy', async () => {
		const revisions = { expectedRevision: 1, foundRevision: 2 };
		const fail = () => {
			throw new KubejoinError('STORE_CONFLICT', { key: 'schlüssel\n', ...revisions });
		};
		// The caller shows it on a terminal.
		const error = new KubejoinError('STORE_CONFLICT', { key: 'schlüssel\\n', ...revisions });
		await open({
			unary: { ...tokenStore.unary, Create: fail },
			streams: {
				async *Watch() {
					yield { name: 'one' };
					fail();
				},
			},
		});
		const channel = await channelOf('a');
		for (const work of [call(channel, 'TokenStore', 'Create', {}), allOf(channel)]) {
			const { code, details, message, remedy, grpc } = await refusalOf(work);
			assert.deepEqual(
				{ code, details, message, remedy, grpc },
				{ code: error.code, details: error.details, message: error.message, remedy: error.remedy, grpc: error.grpc },
			);
		}
	});

	it('notifies observers when a message arrives and when it ends, before the caller receives the answer', async () => {
		const seen: string[] = [];
		const observe: Observe =
			({ service, method, type }) =>
			(request) => {
				const name = `${service}/${method} ${type} ${JSON.stringify(request)}`;
				seen.push(name);
				return (ending) => void seen.push(`${name}: ${ending instanceof KubejoinError ? ending.code : ending}`);
			};
		const endless: Service['streams'] = {
			async *Watch(_request, { signal }) {
				yield { name: 'one' };
				await once(signal, 'abort');
			},
		};
		await open({}, [observe]);
		const channel = await channelOf('b');
		await call(channel, 'TokenStore', 'Verify', { token: 'x' });
		await refusalOf(call(channel, 'TokenStore', 'Create', {}));
		await refusalOf(allOf(channel));
		await allOf(await channelOf('a'));
		const [verify, create, watch] = [
			'kubejoin.v1.TokenStore/Verify unary {"token":"x"}',
			'kubejoin.v1.TokenStore/Create unary {}',
			'kubejoin.v1.TokenStore/Watch server_stream {}',
		];
		const denied = [create, `${create}: CALLER_DENIED`, watch, `${watch}: CALLER_DENIED`];
		assert.deepEqual(seen.splice(0), [verify, `${verify}: answered`, ...denied, watch, `${watch}: answered`]);

		await door?.close();
		const ended = new EventEmitter();
		const ending = once(ended, 'stream');
		await open({ streams: endless }, [() => () => (how) => ended.emit('stream', how)]);
		const aborter = new AbortController();
		for await (const _event of stream(await channelOf('a'), 'TokenStore', 'Watch', {}, aborter.signal)) aborter.abort();
		assert.deepEqual(await ending, ['cancelled']);
	});

	it('INTERNAL with an id; the text of an unexpected error is only in the log, under that id', async () => {
		const fail = () => {
			throw new Error('password=hunter2');
		};
		await open({ unary: { ...tokenStore.unary, Create: fail } });
		const error = await refusalOf(call(await channelOf('a'), 'TokenStore', 'Create', {}));
		assert.equal(error.code, 'INTERNAL');
		assert.doesNotMatch(JSON.stringify([error, error.message, error.cause]), /hunter2/);
		const [line] = logged().filter(({ level }) => level === 'error');
		assert.equal(line.cause, 'password=hunter2');
		assert.ok(line.error.includes(error.details.id));
	});

	it('TOKEN_REJECTED for every problem of a token; the log has the true code', async () => {
		const codes: ErrorCode[] = ['TOKEN_UNKNOWN', 'TOKEN_SECRET_WRONG', 'TOKEN_DELETED'];
		const failures = codes.map((code) => new KubejoinError(code as 'TOKEN_UNKNOWN', { id: 'abcdef' }));
		await open({ unary: { ...tokenStore.unary, Verify: () => Promise.reject(failures.pop()) } });
		const channel = await channelOf('a');
		for (const _code of codes) {
			const { code, details, message } = await refusalOf(call(channel, 'TokenStore', 'Verify', {}));
			assert.deepEqual({ code, details, message }, { code: 'TOKEN_REJECTED', details: {}, message: 'Unauthorized' });
		}
		assert.deepEqual(
			logged()
				.flatMap(({ msg, code }) => (msg === 'refused' ? [code] : []))
				.sort(),
			codes.sort(),
		);
	});

	it('API_TOO_LARGE: the message is larger than the API takes', async () => {
		await open({});
		const error = await refusalOf(
			call(await channelOf('a'), 'TokenStore', 'SignDetached', { content: 'x'.repeat(4 * 1024 * 1024) }),
		);
		assert.ok(hasCode(error, 'API_TOO_LARGE'), error.code);
		assert.equal(error.details.limit, String(3 * 1024 * 1024));
	});

	it('API_PATH_NOT_FOUND: the server has no such method', async () => {
		await open({});
		const error = await refusalOf(call(await channelOf('a'), 'Nodes', 'Get', {}));
		assert.ok(hasCode(error, 'API_PATH_NOT_FOUND'), error.code);
	});

	it('hands a handler the metadata of the call', async () => {
		const seen: (string | undefined)[] = [];
		let keys: readonly string[] = [];
		let hasKeys: readonly boolean[] = [];
		const note = (_request: never, { metadata, metadataPairs, hasMetadata }: Call) => {
			seen.push(metadata('authorization'), metadata('x'));
			hasKeys = ['impersonate-', 'impersonate-g', 'x'].map(hasMetadata);
			keys = metadataPairs.map(([key, value]) => `${key}=${value}`);
			return {};
		};
		await open({ unary: { ...tokenStore.unary, SignDetached: note } });
		const channel = withBearerToken(await channelOf('a'), 'abc');
		const impersonation = { 'Impersonate-User': 'alice', 'impersonate-group': ['a', 'b'] };
		await call({ ...channel, metadata: { ...channel.metadata, ...impersonation } }, 'TokenStore', 'SignDetached', {});
		assert.deepEqual(seen, ['Bearer abc', undefined]);
		for (const pair of ['impersonate-user=alice', 'impersonate-group=a, b'])
			assert.ok(keys.includes(pair), keys.join());
		assert.deepEqual(hasKeys, [true, true, false]);
	});

	it('a signal ends a stream on both sides, without an error', async () => {
		const stop = new AbortController();
		let serverSignal: AbortSignal | undefined;
		let ended = () => {};
		const hasEnded = new Promise<void>((resolve) => {
			ended = resolve;
		});
		await open({
			streams: {
				async *Watch(_request, { signal }) {
					serverSignal = signal;
					try {
						for (;;) {
							yield { name: 'n' };
							await new Promise((next) => setImmediate(next));
						}
					} finally {
						ended();
					}
				},
			},
		});
		let count = 0;
		for await (const _event of stream(await channelOf('a'), 'TokenStore', 'Watch', {}, stop.signal))
			if (++count === 3) stop.abort();
		await hasEnded;
		assert.equal(serverSignal?.aborted, true);
	});

	it('an aborted call rejects with the reason; DEADLINE_EXCEEDED aborts the handler', async () => {
		const signals: AbortSignal[] = [];
		const wait = (_request: never, { signal }: Call) => {
			signals.push(signal);
			return new Promise<object>(() => undefined);
		};
		await open({ unary: { ...tokenStore.unary, Create: wait } });
		const channel = await channelOf('a');
		const reason = new Error('enough');
		await assert.rejects(call(channel, 'TokenStore', 'Create', {}, { signal: AbortSignal.abort(reason) }), reason);
		assert.equal(
			(await refusalOf(call(channel, 'TokenStore', 'Create', {}, { deadlineMs: 1_000 }))).code,
			'DEADLINE_EXCEEDED',
		);
		const signal = signals.at(-1);
		if (!signal?.aborted) await new Promise((resolve) => signal?.addEventListener('abort', resolve));
	});
});
