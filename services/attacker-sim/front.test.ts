import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { hasCode } from '../../lib/errors.ts';
import { call, openChannel } from '../../lib/rpc/channel.ts';
import { createCa, whoAmI } from '../../lib/rpc/fixtures.test.ts';
import { openService } from './fixtures.test.ts';
import { type Front, openFront, type Route } from './front.ts';

const host = '127.0.0.1';

describe('the front', () => {
	let far: Server;
	let farSockets: Socket[];
	let front: Front;
	let route: Route;
	let peers: string[];
	let bytes: { received: number; sent: number };
	let onReceived: () => void;
	let nearSockets: Socket[];

	const options = {
		address: host,
		port: 0,
		route: () => route,
		onConnection: (peer: string) => void peers.push(peer),
		onBytes(direction: 'received' | 'sent', count: number) {
			bytes[direction] += count;
			if (direction === 'received') onReceived();
		},
	};
	const portOf = (server: Server): number => (server.address() as AddressInfo).port;
	beforeEach(async () => {
		farSockets = [];
		nearSockets = [];
		peers = [];
		bytes = { received: 0, sent: 0 };
		onReceived = () => undefined;
		// The far end answers each message with its text in upper case.
		far = createServer((socket) => {
			farSockets.push(socket);
			socket.on('error', () => undefined);
			socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
		}).listen(0, host);
		await once(far, 'listening');
		route = { host, port: portOf(far) };
		front = await openFront(options);
	});
	afterEach(async () => {
		for (const socket of [...nearSockets, ...farSockets]) socket.destroy();
		await front.close();
		if (far.listening) await new Promise((resolve) => far.close(resolve));
	});
	async function connected(): Promise<Socket> {
		const socket = connect(front.port, host);
		nearSockets.push(socket);
		socket.on('error', () => undefined);
		await once(socket, 'connect');
		return socket;
	}
	async function ask(socket: Socket, text: string): Promise<string> {
		socket.write(text);
		const [answer] = await once(socket, 'data');
		return String(answer);
	}

	it('forwards the bytes of both directions, and counts them', async () => {
		assert.equal(await ask(await connected(), 'hello'), 'HELLO');
		assert.deepEqual(bytes, { received: 5, sent: 5 });
	});

	it('forwards all bytes of a large answer before it closes', async () => {
		const socket = await connected();
		await ask(socket, 'hello');
		const chunks: Buffer[] = [];
		socket.on('data', (chunk) => chunks.push(chunk));
		const size = 3_000_000;
		farSockets[0]?.end(Buffer.alloc(size, 'a'));
		await once(socket, 'close');
		assert.equal(Buffer.concat(chunks).length, size);
		assert.equal(bytes.sent, size + 5);
	});

	it('reports the address of each connection', async () => {
		const sockets = [await connected(), await connected()];
		for (const socket of sockets) await ask(socket, 'x');
		assert.deepEqual(
			peers,
			sockets.map(({ localPort }) => `${host}:${localPort}`),
		);
	});

	it('receives and never answers without a route', async () => {
		route = 'nowhere';
		const socket = await connected();
		socket.on('data', () => assert.fail('answered'));
		const received = new Promise<void>((resolve) => {
			onReceived = resolve;
		});
		socket.write('hello');
		await received;
		assert.deepEqual([bytes, farSockets.length, socket.closed], [{ received: 5, sent: 0 }, 0, false]);
	});

	it('chooses the route of each connection when it begins', async () => {
		const first = await connected();
		await ask(first, 'one');
		const other = createServer((socket) => socket.end('other')).listen(0, host);
		await once(other, 'listening');
		route = { host, port: portOf(other) };
		assert.equal(await ask(await connected(), 'two'), 'other');
		assert.equal(await ask(first, 'still here'), 'STILL HERE');
		other.close();
	});

	for (const [title, end] of [
		['ends', (socket: Socket) => socket.end()],
		['is reset', (socket: Socket) => socket.resetAndDestroy()],
	] as const) {
		it(`closes the far connection when the near one ${title}`, async () => {
			const socket = await connected();
			await ask(socket, 'x');
			const closed = once(farSockets[0] as Socket, 'close');
			end(socket);
			await closed;
		});

		it(`closes the near connection when the far one ${title}`, async () => {
			const socket = await connected();
			await ask(socket, 'x');
			const closed = once(socket, 'close');
			end(farSockets[0] as Socket);
			await closed;
		});
	}

	it('closes a connection whose route has no listener', async () => {
		await new Promise((resolve) => far.close(resolve));
		const socket = await connected();
		await once(socket, 'close');
		assert.equal(bytes.sent, 0);
	});

	it('closes its port and every connection', async () => {
		const open = [await connected(), await connected()];
		for (const socket of open) await ask(socket, 'x');
		const closed = Promise.all([...open, ...farSockets].map((socket) => once(socket, 'close')));
		await front.close();
		await closed;
		await assert.rejects(once(connect(front.port, host), 'connect'), { code: 'ECONNREFUSED' });
	});

	it('refuses a port that is taken with PORT_IN_USE', () =>
		assert.rejects(
			openFront({ ...options, port: front.port }),
			(error) => hasCode(error, 'PORT_IN_USE') && error.message.includes(String(front.port)),
		));

	it('refuses an address of another machine with SERVICE_FAILED', () =>
		assert.rejects(
			openFront({ ...options, address: '192.0.2.1' }),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.includes('cannot listen on 192.0.2.1:0'),
		));

	it('does not break TLS: server and client verify each other through it', async () => {
		const ca = await createCa('kubernetes');
		const server = await openService('apiserver-sim', ca, [whoAmI]);
		route = { host, port: server.port };
		const identity = await ca.client('system:node:a');
		const channel = openChannel(`${host}:${front.port}`, { ca: ca.pem, serverName: 'apiserver-sim', ...identity });
		try {
			const answer = await call(channel, 'SelfSubjectReviews', 'Create', {});
			assert.deepEqual(answer, { status: { userInfo: { username: 'system:node:a' } } });
		} finally {
			channel.close();
			await server.close();
		}
		assert.ok(bytes.received > 0 && bytes.sent > 0, JSON.stringify(bytes));
	});
});
