import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import { type Doors, openDoors } from './fixtures.test.ts';
import { ClientFrames, frameOf } from './web-socket.ts';

const lease: KubeObject = {
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: { name: 'a', namespace: 'n', resourceVersion: '7' },
};
const path = '/apis/coordination.k8s.io/v1/namespaces/n/leases';

/** A frame of a client, which masks its payload. */
function clientFrame(opcode: number, payload: string | Buffer = ''): Buffer {
	const mask = Buffer.from([1, 2, 3, 4]);
	const plain = Buffer.from(payload);
	const frame = frameOf(opcode, Buffer.alloc(plain.length));
	const head = frame.subarray(0, frame.length - plain.length);
	head[1] = (head[1] ?? 0) | 0x80;
	return Buffer.concat([head, mask, plain.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** Of a server: all are final and unmasked. */
function framesIn(bytes: Buffer): { opcode: number; payload: Buffer }[] {
	const found: { opcode: number; payload: Buffer }[] = [];
	for (let at = 0; at < bytes.length; ) {
		const first = bytes[at] ?? 0;
		const short = bytes[at + 1] ?? 0;
		assert.equal(first & 0xf0, 0x80);
		const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
		const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
		found.push({ opcode: first & 0x0f, payload: bytes.subarray(start, start + length) });
		at = start + length;
	}
	return found;
}

describe('a watch over a WebSocket', function () {
	// A fault leaves a test waiting for a message or an end.
	this.timeout(10_000);
	let doors: Doors;
	let events: () => AsyncIterable<WatchEvent<KubeObject>>;
	let ended: number;
	let mayWatch: boolean;
	let statuses: number[];
	let presented: string[];
	/** A test that fails leaves them open. */
	let sockets: Socket[];

	beforeEach(async () => {
		ended = 0;
		mayWatch = true;
		statuses = [];
		presented = [];
		sockets = [];
		events = async function* () {
			yield { type: 'ADDED', object: lease };
			yield {
				type: 'DELETED',
				object: { ...lease, metadata: { ...lease.metadata, labels: { a: 'b'.repeat(70_000) } } },
			};
		};
		doors = await openDoors({
			authenticate: async ({ webSocketProtocols = '' }) => {
				presented.push(webSocketProtocols);
				return userNamed('u');
			},
			authorizer: { authorize: () => ({ decision: mayWatch ? 'Allow' : 'NoOpinion', reason: '' }) },
			observe: () => (status) => void statuses.push(status),
			endpoints: new Map([[resources.leases, { watch: async () => events(), subresources: [] }]]),
		});
	});
	afterEach(async () => {
		for (const socket of sockets) socket.destroy();
		await doors.close();
	});

	const asked = {
		...{ connection: 'Upgrade', upgrade: 'websocket', origin: 'https://a' },
		...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' },
	};
	const ask = (headers: object = {}, query = 'watch=1') => {
		const all = Object.entries({ ...asked, ...headers }).filter(([, value]) => value !== undefined);
		const sent = request({
			host: '127.0.0.1',
			port: doors.port,
			path: `${path}?${query}`,
			headers: Object.fromEntries(all),
		});
		sent.on('socket', (socket) => sockets.push(socket));
		sent.end();
		return sent;
	};
	const open = async (headers: object = {}) => {
		const [response, socket, head] = (await once(ask(headers), 'upgrade')) as [IncomingMessage, Socket, Buffer];
		if (head.length > 0) socket.unshift(head);
		return { response, socket };
	};
	const readAll = async (socket: Socket) => {
		const chunks: Buffer[] = [];
		for await (const chunk of socket) chunks.push(chunk);
		return framesIn(Buffer.concat(chunks));
	};
	const refused = async (headers: object) => {
		const [response] = (await once(ask(headers), 'response')) as [IncomingMessage];
		let text = '';
		for await (const chunk of response.setEncoding('utf8')) text += chunk;
		return { status: response.statusCode, text, headers: response.headers };
	};
	/** A watch without events, which counts its end. */
	const quiet = () => {
		let stop = (): void => undefined;
		events = async function* () {
			try {
				yield { type: 'ADDED', object: lease };
				await new Promise<void>((resolve) => {
					stop = resolve;
				});
			} finally {
				ended++;
			}
		};
		return () => stop();
	};

	it('sends each event in a text message, and closes with the status "normal"', async () => {
		const { response, socket } = await open({ 'sec-websocket-protocol': 'one' });
		assert.deepEqual(
			[response.statusCode, response.headers['sec-websocket-accept'], response.headers['sec-websocket-protocol']],
			[101, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'one'],
		);
		const frames = await readAll(socket);
		assert.deepEqual(
			frames.map(({ opcode }) => opcode),
			[1, 1, 8],
		);
		assert.deepEqual(
			frames.slice(0, 2).map(({ payload }) => JSON.parse(payload.toString()).type),
			['ADDED', 'DELETED'],
		);
		assert.equal(frames[2]?.payload.readUInt16BE(), 1000);
		assert.deepEqual(statuses, [101]);
	});

	it('takes a bearer token from the protocols, and sends back the other one', async () => {
		const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('abcdef.0123456789abcdef').toString('base64url')}`;
		for (const [protocols, answered] of [
			[`${token}, base64.binary.k8s.io`, 'base64.binary.k8s.io'],
			[token, undefined],
		]) {
			const { response, socket } = await open({ 'sec-websocket-protocol': protocols });
			await readAll(socket);
			assert.equal(response.headers['sec-websocket-protocol'], answered);
			assert.equal(presented.pop(), protocols);
		}
		assert.equal((await refused({ 'sec-websocket-protocol': `${token}, a, b` })).status, 400);
	});

	it('shows no protocols of a request that is not for a WebSocket', async () => {
		await refused({ upgrade: 'h2c', 'sec-websocket-protocol': 'one' });
		assert.deepEqual(presented, ['']);
	});

	it('sends protobuf in binary messages, without the length that a stream needs', async () => {
		const { socket } = await open({ accept: 'application/vnd.kubernetes.protobuf' });
		const [first] = await readAll(socket);
		assert.equal(first?.opcode, 2);
		assert.equal(first?.payload.subarray(0, 7).toString(), '\x0a\x05ADDED');
	});

	it('waits for a client that reads slowly', async () => {
		let sent = 0;
		events = async function* () {
			for (; sent < 200; sent++)
				yield {
					type: 'ADDED',
					object: { ...lease, metadata: { ...lease.metadata, labels: { a: 'b'.repeat(100_000) } } },
				};
		};
		const { socket } = await open();
		for (let before = -1; before !== sent; ) {
			before = sent;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		assert.ok(sent < 200);
		assert.equal((await readAll(socket)).length, 201);
	});

	it('is refused before the handshake, like any request', async () => {
		mayWatch = false;
		assert.equal((await refused({})).status, 403);
		mayWatch = true;
		events = () => {
			throw new KubejoinError('API_TOO_MANY_WATCHES', { limit: 1, retryAfterSeconds: 1 });
		};
		const { status, headers, text } = await refused({});
		assert.deepEqual([status, headers.connection, JSON.parse(text).code], [429, 'close', 429]);
	});

	it('is refused with an invalid handshake', async () => {
		const stop = quiet();
		for (const [headers, status, text] of [
			[{ 'sec-websocket-key': undefined }, 400, 'mismatch challenge/response'],
			[{ 'sec-websocket-version': '8' }, 400, 'missing or bad WebSocket Version'],
			[{ origin: undefined }, 403, ''],
			[{ origin: 'no URL' }, 403, ''],
			[{ 'sec-websocket-protocol': 'a, b' }, 400, ''],
		] as const) {
			const found = await refused(headers);
			assert.deepEqual([found.status, found.text], [status, text]);
		}
		stop();
		assert.equal(ended, 5);
	});

	it('is a stream of HTTP for a request for another protocol', async () => {
		const { status, text } = await refused({ upgrade: 'h2c' });
		assert.equal(status, 200);
		assert.equal(text.trimEnd().split('\n').length, 2);
	});

	it('answers a ping, ignores data, and ends when the client closes', async () => {
		const stop = quiet();
		const { socket } = await open();
		const frames = readAll(socket);
		socket.write(Buffer.concat([clientFrame(1, 'x'.repeat(70_000)), clientFrame(9, 'are you there'), clientFrame(8)]));
		const [, pong, close] = await frames;
		assert.deepEqual([pong?.opcode, pong?.payload.toString()], [10, 'are you there']);
		assert.deepEqual([close?.opcode, close?.payload.readUInt16BE()], [8, 1000]);
		stop();
	});

	it('ends when the client has gone, and closes on an invalid frame', async () => {
		const gone = quiet();
		const { socket } = await open();
		socket.destroy();
		while (statuses.length === 0) await new Promise((resolve) => setImmediate(resolve));
		gone();
		const invalid = quiet();
		const { socket: other } = await open();
		other.write(frameOf(9, Buffer.from('without a mask')));
		const close = (await readAll(other)).at(-1);
		assert.deepEqual([close?.opcode, close?.payload.readUInt16BE()], [8, 1002]);
		invalid();
	});
});

describe('the frames of a client', () => {
	const read = (frames: ClientFrames, bytes: Buffer): string[] => {
		const { ping, isClosing } = frames.read(bytes);
		return [...(ping === undefined ? [] : [String(ping)]), ...(isClosing ? ['closing'] : [])];
	};

	it('are read in any pieces', () => {
		const bytes = Buffer.concat([
			...[
				clientFrame(1, 'a'),
				clientFrame(9, 'ping'),
				clientFrame(2, 'b'.repeat(300)),
				clientFrame(2, 'c'.repeat(70_000)),
			],
			...[clientFrame(10), clientFrame(8, Buffer.from([3, 232]))],
		]);
		const all = ['ping', 'closing'];
		assert.deepEqual(read(new ClientFrames(), bytes), all);
		const frames = new ClientFrames();
		assert.deepEqual(
			[...bytes].flatMap((byte) => read(frames, Buffer.from([byte]))),
			all,
		);
	});

	it('have one answer for all pings of a chunk', () => {
		const frames = new ClientFrames();
		const pings = Buffer.concat([...Array(10_000).fill(clientFrame(9)), clientFrame(9, 'last')]);
		assert.deepEqual(read(frames, pings), ['last']);
		assert.deepEqual(read(frames, clientFrame(1, 'a')), []);
	});

	it('are refused without a mask, as a long control frame, and above 32 MiB', () => {
		const long = Buffer.alloc(14);
		long.set([0x82, 0xff]);
		long.writeBigUInt64BE(32n * 1024n * 1024n + 1n, 2);
		for (const bytes of [frameOf(1, Buffer.from('a')), clientFrame(9, 'a'.repeat(126)), long])
			assert.throws(() => read(new ClientFrames(), bytes), RangeError);
	});
});
