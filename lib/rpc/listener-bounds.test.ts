/** A caller beyond a limit of a door loses its connection, and no other caller does. */
import assert from 'node:assert/strict';
import { createServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import {
	begunCall,
	callHeaders,
	callsAroundGoaway,
	frame,
	frameTypes,
	goaway,
	h2Start,
	h2WithoutAck,
	lingering,
	literal,
	openCall,
	openTls,
	reset,
	resetRequests,
	resets,
} from '../../test/attacks/raw-client.ts';
import { call, openChannel } from './channel.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import type { ListenBounds } from './listener.ts';

const SHORT_MS = 150;
const LONG_MS = 60_000;
const long = { handshakeMs: LONG_MS, firstRequestMs: LONG_MS, idleMs: LONG_MS, requestMs: LONG_MS, closingMs: 50 };
/** Served by the door of these tests. */
const PATH = '/kubejoin.v1.SelfSubjectReviews/Create';

/** Asks again for some seconds at most, so that a failure ends the test and not the run. */
async function until(isSo: () => boolean): Promise<void> {
	for (const endMs = performance.now() + 5_000; !isSo() && performance.now() < endMs; )
		await new Promise((resolve) => setImmediate(resolve));
}

interface Frame {
	readonly type: number | undefined;
	readonly stream: number;
	readonly payload: Buffer;
}
const RST_STREAM = 3;
const GOAWAY = 7;
const REFUSED_STREAM = 7;
/** The answer to a stream above the announced number: PROTOCOL_ERROR after stream 199. */
const VIOLATION = [GOAWAY, 0, '000000c700000001'];

/** The frames that a server sent, without one that is incomplete. */
function framesOf(bytes: Buffer): Frame[] {
	const frames: Frame[] = [];
	for (let at = 0; at + 9 <= bytes.length; ) {
		const end = at + 9 + bytes.readUIntBE(at, 3);
		if (end > bytes.length) break;
		frames.push({ type: bytes[at + 3], stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, end) });
		at = end;
	}
	return frames;
}

describe('the limits of a door', () => {
	// On a busy machine, milliseconds become seconds.

	let ca: TestCa;
	let identity: Identity;
	let client: Identity;
	let http: HttpServer;
	let door: Door;
	const sockets: Socket[] = [];
	const open = async (bounds: Partial<ListenBounds>): Promise<void> => {
		door = await openDoor({
			identity,
			clientCa: ca,
			clientCertificate: 'optional',
			services: [whoAmI],
			http,
			bounds: { ...long, ...bounds },
		});
	};
	const target = () => ({ host: '127.0.0.1', port: door.port, path: PATH });
	const closed = async (socket: Socket): Promise<void> => {
		sockets.push(socket);
		if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
	};
	const talk = async (...frames: Buffer[]): Promise<Socket> => {
		const socket = await openTls(target(), 'h2');
		socket.write(Buffer.concat([h2Start, ...frames]));
		sockets.push(socket);
		return socket;
	};
	const isServed = async (): Promise<void> => {
		const channel = openChannel(door.target, { ca: ca.pem, ...client });
		try {
			await call(channel, 'SelfSubjectReviews', 'Create', {});
		} finally {
			channel.close();
		}
	};
	/** A client that tries again, because its handshake can exceed the short times of a test as well. */
	const isServedInTheEnd = async (): Promise<void> => {
		for (let attempt = 1; ; attempt++) {
			try {
				return await isServed();
			} catch (error) {
				if (attempt === 50) throw error;
			}
		}
	};

	before(async () => {
		ca = await createCa('ca');
		identity = await ca.server('door', { hosts: ['localhost'] });
		client = await ca.client('client');
	});
	beforeEach(() => {
		http = createServer({ headersTimeout: SHORT_MS, requestTimeout: 2 * SHORT_MS, connectionsCheckingInterval: 20 });
		http.on('request', (_request, response) => response.end());
	});
	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		await door.close();
	});

	const kinds: Readonly<Record<string, [Partial<ListenBounds>, limit: string]>> = {
		'silent TCP': [{ handshakeMs: SHORT_MS }, 'tlsHandshakeTime'],
		'half a ClientHello': [{ handshakeMs: SHORT_MS }, 'tlsHandshakeTime'],
		'silent TLS': [{ firstRequestMs: SHORT_MS }, 'firstRequestTime'],
		'half an HTTP/2 preface': [{ firstRequestMs: SHORT_MS }, 'firstRequestTime'],
		'HTTP/2 without a call': [{ firstRequestMs: SHORT_MS }, 'firstRequestTime'],
		'HEADERS without END_HEADERS': [{ firstRequestMs: SHORT_MS }, 'firstRequestTime'],
		'a call without a message': [{ requestMs: SHORT_MS }, 'streamRequestTime'],
		'half a message': [{ requestMs: SHORT_MS }, 'streamRequestTime'],
		'rapid resets': [{ resetsPerSecond: 100 }, 'streamResets'],
	};
	for (const [kind, [bounds, limit]] of Object.entries(kinds)) {
		it(`${limit}: ${kind}`, async () => {
			await open(bounds);
			const closing = Array.from({ length: 5 }, async () => closed((await lingering[kind]?.(target())) as Socket));
			await isServedInTheEnd();
			await Promise.all(closing);
			assert.ok(door.refused.filter((one) => one === limit).length >= 5, door.refused.join());
		});
	}

	for (const kind of ['HTTP/1.1 headers without an end', 'HTTP/1.1 body without an end'])
		it(`HTTP/1.1 behind the door has the times of a server that listens: ${kind}`, async () => {
			await open({});
			const socket = await lingering[kind]?.(target());
			if (socket === undefined) throw new TypeError(kind);
			let answer = '';
			socket.on('data', (bytes: Buffer) => {
				answer += bytes.toString();
			});
			await closed(socket);
			assert.match(answer, /HTTP\/1\.1 408 /);
		});

	it('connectionIdleTime: after a call that has ended', async () => {
		await open({ idleMs: SHORT_MS });
		const socket = await talk(openCall(1, '/no/Method'), frame('RST_STREAM', 0, 1, Buffer.from([0, 0, 0, 8])));
		await closed(socket);
		assert.ok(door.refused.includes('connectionIdleTime'));
	});

	it('messageFrames: a message in very many frames ends its connection', async () => {
		await open({ messageFrames: 10 });
		const bytes = (count: number) => Array.from({ length: count }, () => frame('DATA', 0, 1, Buffer.from([0])));
		const socket = await talk(openCall(1, PATH), ...bytes(10));
		await isServed();
		assert.deepEqual(door.refused, []);
		socket.write(Buffer.concat(bytes(10)));
		await closed(socket);
		assert.deepEqual(door.refused, ['messageFrames']);
	});

	it('unfinishedStreams: the connection of the oldest is cut', async () => {
		await open({ unfinished: 10 });
		const first = await talk(openCall(1, PATH));
		await isServed();
		const second = await talk(...Array.from({ length: 10 }, (_, index) => openCall(1 + 2 * index, PATH)));
		await closed(first);
		assert.equal(second.destroyed, false);
		assert.deepEqual(door.refused, ['unfinishedStreams']);
		await isServed();
	});

	/** Sends this, then five calls more than one connection may have open. @returns the frames received so far */
	const openTooMany = async (begin: Buffer): Promise<{ socket: Socket; frames: () => Frame[] }> => {
		const socket = await openTls(target(), 'h2');
		sockets.push(socket);
		let answer = Buffer.alloc(0);
		socket.on('data', (bytes: Buffer) => {
			answer = Buffer.concat([answer, bytes]);
		});
		socket.write(begin);
		await until(() => answer.length > 0);
		socket.write(Buffer.concat(Array.from({ length: 105 }, (_, index) => openCall(1 + 2 * index, PATH))));
		return { socket, frames: () => framesOf(answer) };
	};

	it('concurrentStreams: ends the session when a client opens 101 streams', async () => {
		await open({});
		const { socket, frames } = await openTooMany(h2Start);
		await closed(socket);
		const [ending] = frames().filter(({ type }) => type === RST_STREAM || type === GOAWAY);
		assert.deepEqual([ending?.type, ending?.stream, ending?.payload.toString('hex', 0, 8)], VIOLATION);
		assert.deepEqual(door.refused, ['concurrentStreams']);
		await isServed();
	});

	it('concurrentStreams: answers REFUSED_STREAM while the client has not acknowledged the settings', async () => {
		await open({});
		const { socket, frames } = await openTooMany(h2WithoutAck);
		const resets = () => frames().filter(({ type }) => type === RST_STREAM);
		await until(() => resets().length >= 5);
		assert.deepEqual(
			resets().map(({ stream, payload }) => [stream, payload.readUInt32BE(0)]),
			[201, 203, 205, 207, 209].map((stream) => [stream, REFUSED_STREAM]),
		);
		assert.equal(socket.destroyed, false);
		await isServed();
	});

	it('settingsAckTime: cuts a client that never acknowledges the settings', async () => {
		await open({ settingsAckMs: SHORT_MS });
		const { socket } = await openTooMany(h2WithoutAck);
		await closed(socket);
		assert.deepEqual(door.refused, ['settingsAckTime']);
		await isServed();
	});

	it('peerAliveTime: cuts a client that does not answer a ping, and no client that does', async () => {
		await open({ peerAliveMs: SHORT_MS });
		const channel = openChannel(door.target, { ca: ca.pem, ...client });
		try {
			await call(channel, 'SelfSubjectReviews', 'Create', {});
			await closed(await talk(openCall(1, PATH)));
			assert.deepEqual(door.refused, ['peerAliveTime']);
			await call(channel, 'SelfSubjectReviews', 'Create', {});
			assert.equal(door.handshakes(), 2);
		} finally {
			channel.close();
		}
	});

	it('grpcHeaderBytes: RESOURCE_EXHAUSTED', async () => {
		await open({});
		const long = 'a'.repeat(9_000);
		const END_STREAM = 1;
		const END_HEADERS = 4;
		const socket = await talk(
			frame('HEADERS', END_STREAM, 1, callHeaders(PATH, { 'x-long': long })),
			frame('CONTINUATION', END_HEADERS, 1, literal('x-longer', long)),
		);
		await until(() => door.refused.includes('grpcHeaderBytes'));
		assert.equal(socket.destroyed, false);
		await isServed();
	});

	for (const code of [0, 8])
		it(`streamResets: a thousand requests in one write that are reset with code ${code}`, async () => {
			await open({});
			let answered = 0;
			http.on('request', () => {
				answered += 1;
			});
			await closed(await talk(resetRequests(1_000, '/version', code)));
			// Node 22 and 24 report the error of the session later.
			await until(() => door.refused.length > 0);
			assert.deepEqual(door.refused, ['streamResets']);
			assert.ok(answered <= 100, `${answered} were answered`);
			await isServed();
		});

	it('streamResets: a call that is reset without an error counts as well', async () => {
		await open({ resetsPerSecond: 10 });
		const socket = await talk();
		for (let stream = 1; !socket.closed && stream < 100; stream += 2) {
			socket.write(Buffer.concat([openCall(stream, PATH), frame('RST_STREAM', 0, stream, Buffer.alloc(4))]));
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
		await closed(socket);
		assert.deepEqual(door.refused, ['streamResets']);
	});

	// A session that is destroyed at once ends the process for these: the GOAWAY in Node 22, the resets in Node 20.
	for (const code of [0, 1, 11])
		it(`calls that follow a GOAWAY with code ${code} in the same write`, async () => {
			await open({});
			await talk(callsAroundGoaway(code, PATH));
			await isServed();
		});

	it('streamResets: more calls with data in one write than may be open', async () => {
		await open({});
		const streams = Array.from({ length: 1_000 }, (_, index) => 1 + 2 * index);
		await closed(await talk(...streams.flatMap((stream) => [begunCall(stream, PATH), reset(stream)])));
		await until(() => door.refused.length > 0);
		assert.deepEqual(door.refused, ['streamResets']);
		await isServed();
	});

	it('frames of every type, stream and order, in one write', async () => {
		await open({});
		const stream = fc.integer({ min: 0, max: 9 });
		const payload = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
		const anyFrame = fc.oneof(
			fc.tuple(fc.constantFrom(...frameTypes), fc.nat(255), stream, payload).map((parts) => frame(...parts)),
			stream.map((n) => openCall(2 * n + 1, PATH)),
			stream.map((n) => begunCall(2 * n + 1, PATH)),
			stream.map((n) => reset(2 * n + 1)),
			fc.nat(20).map(goaway),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(anyFrame, { maxLength: 20 }), async (frames) => {
				const socket = await talk(...frames, frame('PING', 0, 0, Buffer.alloc(8)));
				socket.destroy();
			}),
			{ numRuns: 200 },
		);
		await isServed();
	});

	it('resets within the limit do not cost the connection', async () => {
		await open({ resetsPerSecond: 100 });
		const socket = await talk(resets(1, 50));
		await isServed();
		assert.equal(socket.closed, false);
		assert.deepEqual(door.refused, []);
	});
});
