/** A bidirectional method: each message has its answer, and the bounds of a door are those of each message. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { frame, h2Start, openCall, openTls } from '../../test/attacks/raw-client.ts';
import { encodeMessage } from '../codec/encode.ts';
import { messageNamed } from '../codec/schema.ts';
import { KubejoinError } from '../errors.ts';
import type { Lease } from '../kube/types.ts';
import { type Channel, exchange, openChannel } from './channel.ts';
import { contractOf, kindOf } from './contracts.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa } from './fixtures.test.ts';
import { frameOf } from './grpc-frames.ts';
import type { ListenBounds } from './listener.ts';
import type { Call, Ending, Observe, Service, UnaryHandler } from './server.ts';

const PATH = '/kubejoin.v1.Leases/Renew';
const SHORT_MS = 150;
const LONG_MS = 60_000;
type Sent = Pick<Lease, 'metadata'>;
const named = (name: string): Sent => ({ metadata: { name } });
const message = (name: string): Buffer =>
	frameOf(encodeMessage(messageNamed('coordination/v1.Lease'), named(name), 'sparse'));

/** The Leases of the API server with one method that works. */
function leasesWith(renew: UnaryHandler<Sent>): Service {
	const refuse = (): never => {
		throw new KubejoinError('API_METHOD_NOT_ALLOWED', {});
	};
	const methods = Object.entries(contractOf('Leases'));
	const of = (kind: string, handler: UnaryHandler<never>) =>
		Object.fromEntries(methods.flatMap(([name, method]) => (kindOf(method) === kind ? [[name, handler]] : [])));
	return {
		name: 'Leases',
		unary: of('unary', refuse),
		streams: of('streams', refuse) as never,
		bidi: of('bidi', renew as UnaryHandler<never>),
		callers: Object.fromEntries(methods.map(([name]) => [name, 'authorizes-itself' as const])),
	};
}

describe('a bidirectional method', () => {
	let ca: TestCa;
	let identity: Identity;
	let door: Door;
	let channel: Channel;
	/** The context of each message. */
	let calls: Call[] = [];
	const sockets: Socket[] = [];

	const open = async (
		renew: UnaryHandler<Sent>,
		bounds: Partial<ListenBounds> = {},
		observers: readonly Observe[] = [],
	): Promise<(lease: Sent) => Promise<Sent>> => {
		calls = [];
		const noted: UnaryHandler<Sent> = (lease, call) => {
			calls.push(call);
			return renew(lease, call);
		};
		const services = [leasesWith(noted)];
		door = await openDoor({ identity, clientCa: ca, clientCertificate: 'optional', services, observers, bounds });
		channel = openChannel(door.target, { ca: ca.pem });
		return exchange<Sent, Sent>(channel, 'Leases', 'Renew');
	};
	const echo: UnaryHandler<Sent> = (lease) => lease;
	const nameOf = async (answer: Promise<Sent>): Promise<string | undefined> => (await answer).metadata.name;
	const codeOf = (work: Promise<unknown>): Promise<string> =>
		work.then(
			() => 'answered',
			(error: KubejoinError) => error.code,
		);
	/** A client that sends frames of its own. */
	const talk = async (...frames: readonly Buffer[]): Promise<Socket> => {
		const socket = await openTls({ host: '127.0.0.1', port: door.port, path: PATH }, 'h2');
		sockets.push(socket);
		socket.on('data', () => undefined);
		socket.write(Buffer.concat([h2Start, openCall(1, PATH), ...frames]));
		return socket;
	};
	const data = (bytes: Buffer): Buffer => frame('DATA', 0, 1, bytes);
	const closed = async (socket: Socket): Promise<void> => {
		if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
	};
	async function until(isSo: () => boolean): Promise<void> {
		for (const endMs = performance.now() + 5_000; !isSo() && performance.now() < endMs; )
			await new Promise((resolve) => setImmediate(resolve));
		assert.ok(isSo());
	}

	before(async () => {
		ca = await createCa('ca');
		identity = await ca.server('door', { hosts: ['localhost'] });
	});
	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		channel.close();
		await door.close();
	});

	it('answers messages on one stream, each with its observers', async () => {
		const seen: string[] = [];
		const observe: Observe =
			({ method, type }) =>
			() =>
			(ending: Ending) =>
				void (method === 'Renew' && seen.push(`${type} ${String(ending)}`));
		const renew = await open(echo, {}, [observe]);
		for (const name of ['a', 'b', 'c']) assert.equal(await nameOf(renew(named(name))), name);
		assert.deepEqual([calls.length, new Set(calls).size, door.handshakes()], [3, 1, 1]);
		assert.deepEqual(seen, ['bidi_stream answered', 'bidi_stream answered', 'bidi_stream answered']);
	});

	it('keeps no message in memory while it waits for the next', async () => {
		setFlagsFromString('--expose_gc');
		const collect = runInNewContext('gc') as () => void;
		const messages: WeakRef<Sent>[] = [];
		const renew = await open((lease) => {
			messages.push(new WeakRef(lease));
			return { ...lease };
		});
		for (const name of ['a', 'b']) await renew(named(name));
		await until(() => {
			collect();
			return messages.every((one) => one.deref() === undefined);
		});
		assert.equal(messages.length, 2);
	});

	it('keeps no end of a message in memory at the client, with its signal', async () => {
		setFlagsFromString('--expose_gc');
		const collect = runInNewContext('gc') as () => void;
		await open(echo);
		const sending = channel.client.bidi({ path: PATH, metadata: {} });
		const signals: WeakRef<AbortSignal>[] = [];
		const send = async (name: string) => {
			const { signal } = new AbortController();
			signals.push(new WeakRef(signal));
			await sending.exchange({ message: message(name).subarray(5), deadlineMs: LONG_MS, signal });
		};
		for (const name of ['a', 'b']) await send(name);
		await until(() => {
			collect();
			return signals.every((one) => one.deref() === undefined);
		});
		assert.equal(door.handshakes(), 1);
	});

	it('ends with an error, which is whole, and begins again with the next message', async () => {
		const details = { resource: 'leases', group: 'coordination.k8s.io', name: 'b' };
		const renew = await open((lease) => {
			if (lease.metadata.name === 'b') throw new KubejoinError('API_CONFLICT', details);
			return lease;
		});
		assert.equal(await nameOf(renew(named('a'))), 'a');
		await assert.rejects(renew(named('b')), (error: KubejoinError) => {
			assert.deepEqual([error.code, error.details], ['API_CONFLICT', details]);
			return true;
		});
		assert.equal(await nameOf(renew(named('c'))), 'c');
		assert.deepEqual([calls.length, new Set(calls).size, door.handshakes()], [3, 2, 1]);
	});

	it('refuses a message whose caller did not wait for the answer to the one before', async () => {
		const renew = await open(echo);
		await renew(named('a'));
		const first = nameOf(renew(named('b')));
		await assert.rejects(renew(named('c')), { name: 'TypeError', message: 'an exchange waits for its answer' });
		assert.equal(await first, 'b');
		assert.equal(await nameOf(renew(named('d'))), 'd');
	});

	it('refuses a message that cannot be decoded', async () => {
		await open(echo);
		const sending = channel.client.bidi({ path: PATH, metadata: {} });
		const broken = sending.exchange({ message: Buffer.from([0x0a, 0xff]), deadlineMs: LONG_MS });
		await assert.rejects(broken, { code: 3, details: /cannot be decoded/ });
		assert.equal(calls.length, 0);
	});

	it('fails at the deadline of a message, and the next begins another stream', async () => {
		const renew = await open((lease) => (lease.metadata.name === 'slow' ? new Promise(() => undefined) : lease));
		assert.equal(await nameOf(renew(named('a'))), 'a');
		const sending = channel.client.bidi({ path: PATH, metadata: {} });
		const slow = { message: message('slow').subarray(5), deadlineMs: 50 };
		await assert.rejects(sending.exchange(slow), { code: 4, details: 'Deadline exceeded' });
		await until(() => calls[1]?.signal.aborted === true);
		const answer = await sending.exchange({ message: message('b').subarray(5), deadlineMs: LONG_MS });
		assert.deepEqual(answer, message('b').subarray(5));
	});

	it('ends when the door closes: at once when idle, and after the answer otherwise', async () => {
		let answer: (() => void) | undefined;
		const renew = await open(async (lease) => {
			if (lease.metadata.name === 'last') await new Promise<void>((resolve) => (answer = resolve));
			return lease;
		});
		const other = openChannel(door.target, { ca: ca.pem });
		try {
			assert.equal(await nameOf(renew(named('a'))), 'a');
			assert.equal(await nameOf(exchange<Sent, Sent>(other, 'Leases', 'Renew')(named('b'))), 'b');
			const last = nameOf(renew(named('last')));
			await until(() => answer !== undefined);
			const closing = door.close(LONG_MS);
			answer?.();
			assert.equal(await last, 'last');
			await closing;
			assert.equal(await codeOf(renew(named('c'))), 'CONNECTION_REFUSED');
		} finally {
			other.close();
		}
	});

	it('processes each message that it answers, and no other, while the door closes', async () => {
		for (let count = 0; count < 8; count++)
			for (let turnsBefore = 0; turnsBefore < 4; turnsBefore++) {
				await open(echo);
				const sending = channel.client.bidi({ path: PATH, metadata: {} });
				const send = (name: string) => sending.exchange({ message: message(name).subarray(5), deadlineMs: LONG_MS });
				await send('a');
				const last = send('b').then(
					() => true,
					() => false,
				);
				for (let turn = 0; turn < turnsBefore; turn++) await new Promise((resolve) => setImmediate(resolve));
				const closing = door.close(LONG_MS);
				const isAnswered = await last;
				await closing;
				assert.equal(calls.length === 2, isAnswered, `${turnsBefore} turns before the door closes`);
				channel.close();
			}
		await open(echo);
	});

	it('keeps nothing of a call that its client gives up before the answer', async () => {
		setFlagsFromString('--expose_gc');
		const collect = runInNewContext('gc') as () => void;
		const answers: (() => void)[] = [];
		await open(async (lease) => {
			await new Promise<void>((resolve) => answers.push(resolve));
			return lease;
		});
		const messages: WeakRef<Call>[] = [];
		for (let count = 1; count <= 3; count++) {
			const aborter = new AbortController();
			const sending = channel.client.bidi({ path: PATH, metadata: {} });
			const work = sending.exchange({
				...{ message: message('a').subarray(5), deadlineMs: LONG_MS },
				signal: aborter.signal,
			});
			await until(() => answers.length === count);
			aborter.abort();
			await assert.rejects(work, { code: 1 });
			await until(() => calls[0]?.signal.aborted === true);
			messages.push(...calls.splice(0).map((call) => new WeakRef(call)));
		}
		for (const answer of answers.splice(0)) answer();
		await until(() => {
			collect();
			return messages.every((one) => one.deref() === undefined);
		});
		assert.equal(messages.length, 3);
	});

	it('sends nothing of a message whose caller has given up', async () => {
		await open(echo);
		const sending = channel.client.bidi({ path: PATH, metadata: {} });
		const bytes = message('a').subarray(5);
		const signal = AbortSignal.abort();
		const givenUp = () => sending.exchange({ message: bytes, deadlineMs: LONG_MS, signal });
		await assert.rejects(givenUp(), { code: 1, details: 'Call cancelled' });
		await sending.exchange({ message: bytes, deadlineMs: LONG_MS });
		await assert.rejects(givenUp(), { code: 1, details: 'Call cancelled' });
		await sending.exchange({ message: bytes, deadlineMs: LONG_MS });
		assert.equal(calls.length, 2);
	});

	it('ends when its client closes, without the server', async () => {
		const renew = await open(echo);
		await renew(named('a'));
		channel.close();
		await until(() => calls[0]?.signal.aborted === true);
		assert.equal(await codeOf(renew(named('b'))), 'CONNECTION_REFUSED');
	});

	it('lasts longer than a request may take, while no message has begun', async () => {
		await open(echo, { requestMs: SHORT_MS, unfinished: 1 });
		const socket = await talk(data(message('a')));
		await until(() => calls.length === 1);
		// Two more would exceed the bound, if this one counted.
		const renew = exchange<Sent, Sent>(channel, 'Leases', 'Renew');
		await renew(named('b'));
		await new Promise((resolve) => setTimeout(resolve, 2 * SHORT_MS));
		socket.write(data(message('c')));
		await until(() => calls.length === 3);
		assert.deepEqual([door.refused, socket.destroyed], [[], false]);
	});

	for (const [part, bytes] of [
		['a part of the length', message('b').subarray(0, 3)],
		['a length', message('b').subarray(0, 5)],
		['a part of a message', message('b').subarray(0, 7)],
		['a message and a part of the next', Buffer.concat([message('b'), message('c').subarray(0, 7)])],
	] as const)
		it(`streamRequestTime: ${part}, after a message that was answered`, async () => {
			await open(echo, { requestMs: SHORT_MS });
			const socket = await talk(data(message('a')));
			await until(() => calls.length === 1);
			socket.write(data(bytes));
			await closed(socket);
			assert.deepEqual(door.refused, ['streamRequestTime']);
		});

	const refuse = (): never => {
		throw new KubejoinError('API_UNAUTHORIZED', {});
	};
	it('streamRequestTime: a refused client that does not end its side, and sends messages or none', async () => {
		for (const more of [[], [data(message('b'))]]) {
			await open(refuse, { requestMs: SHORT_MS });
			const socket = await talk(data(message('a')));
			await until(() => calls.length === 1);
			const sending = setInterval(() => void socket.write(Buffer.concat(more)), SHORT_MS / 5);
			await closed(socket);
			clearInterval(sending);
			assert.deepEqual(door.refused, ['streamRequestTime']);
			await door.close();
		}
		await open(refuse);
	});

	it('does not cut a refused client that ends its side', async () => {
		const renew = await open(refuse, { requestMs: SHORT_MS });
		for (let count = 1; count <= 3; count++) {
			assert.equal(await codeOf(renew(named('a'))), 'API_UNAUTHORIZED');
			await new Promise((resolve) => setTimeout(resolve, 2 * SHORT_MS));
		}
		assert.deepEqual([door.refused, door.handshakes()], [[], 1]);
	});

	it('streamRequestTime: a request that is no call, on the path of the method', async () => {
		await open(echo);
		await door.close();
		// It answers when it has the whole body, which never ends.
		const http = createServer((request) => void request.resume());
		const services = [leasesWith(echo)];
		const bounds = { requestMs: SHORT_MS };
		door = await openDoor({ identity, clientCa: ca, clientCertificate: 'optional', services, http, bounds });
		const client = connect(`https://${door.target}`, { ca: ca.pem });
		client.on('error', () => undefined);
		const stream = client.request({ ':path': PATH, ':method': 'POST', 'content-type': 'text/plain' });
		stream.on('error', () => undefined);
		stream.write(message('a'));
		await new Promise((resolve) => client.once('close', resolve));
		assert.deepEqual(door.refused, ['streamRequestTime']);
	});

	it('unfinishedStreams: the oldest of the messages that have begun', async () => {
		await open(echo, { unfinished: 2 });
		const clients: Socket[] = [];
		for (let count = 1; count <= 5; count++) {
			clients.push(await talk(data(message('a'))));
			await until(() => calls.length === count);
		}
		assert.deepEqual(door.refused, []);
		const cut = Promise.all(clients.slice(0, 3).map(closed));
		for (const socket of clients) {
			socket.write(data(message('b').subarray(0, 6)));
			await new Promise((resolve) => setTimeout(resolve, SHORT_MS / 5));
		}
		await cut;
		assert.deepEqual(door.refused, ['unfinishedStreams', 'unfinishedStreams', 'unfinishedStreams']);
		assert.ok(clients.slice(3).every((socket) => !socket.readableEnded));
	});

	it('gives each message its time, also if no frame ends with one', async () => {
		await open(echo, { requestMs: 2 * SHORT_MS });
		const all = Buffer.concat(['a', 'b', 'c', 'd', 'e', 'f'].map(message));
		const length = message('a').length;
		const socket = await talk(data(all.subarray(0, 3)));
		for (let count = 1; count <= 5; count++) {
			socket.write(data(all.subarray((count - 1) * length + 3, count * length + 3)));
			await until(() => calls.length === count);
			await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
		}
		assert.deepEqual([door.refused, socket.destroyed], [[], false]);
	});

	it('messageFrames: counts the frames of one message, and of no other', async () => {
		await open(echo, { messageFrames: 20 });
		const inFrames = (bytes: Buffer) => [...bytes].map((byte) => data(Buffer.from([byte])));
		const socket = await talk(...['a', 'b', 'c', 'd'].flatMap((name) => inFrames(message(name))));
		await until(() => calls.length === 4);
		assert.deepEqual(door.refused, []);
		socket.write(Buffer.concat(inFrames(message('a-name-that-is-longer-than-twenty-bytes'))));
		await closed(socket);
		assert.deepEqual(door.refused, ['messageFrames']);
	});
});
