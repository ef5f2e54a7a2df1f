import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { limits } from '../limits.ts';
import { createHttpServer, type HttpHandler, isExpectedHost, isUpgrade, listenHttp } from './http-server.ts';

describe('an HTTP server', () => {
	let server: Server;
	let port: number;
	let refused: string[];
	let reported: unknown[];
	const sockets: Socket[] = [];
	const serve = async (
		handler: HttpHandler,
		bounds = {},
		options: { acceptsUpgrades?: boolean } = {},
	): Promise<void> => {
		const unforeseen = (_origin: string, error: unknown) => `id-${reported.push(error)}`;
		const count = (limit: string): void => void refused.push(limit);
		server = createHttpServer(handler, { ...options, unforeseen, count });
		port = await listenHttp(server, 'test', '127.0.0.1', 0, { count, bounds });
	};
	const send = async (bytes: string): Promise<string> => {
		const socket = connect(port, '127.0.0.1').setEncoding('latin1');
		sockets.push(socket);
		socket.write(bytes, 'latin1');
		let text = '';
		socket.on('data', (chunk) => {
			text += chunk;
		});
		await once(socket, 'close');
		return text;
	};
	const statusOf = async (bytes: string) => (await send(bytes)).split('\r\n')[0]?.split(' ')[1];

	beforeEach(() => {
		refused = [];
		reported = [];
	});
	afterEach(() => {
		for (const socket of sockets.splice(0)) socket.destroy();
		server.close();
		server.closeAllConnections();
	});

	for (const [how, handler] of Object.entries<HttpHandler>({
		throws: () => {
			throw new Error('secret');
		},
		rejects: () => Promise.reject(new Error('secret')),
	})) {
		it(`a handler that ${how} is answered 500 with an id, and reported`, async () => {
			await serve(handler);
			const response = await fetch(`http://127.0.0.1:${port}/`);
			assert.deepEqual([response.status, await response.text()], [500, 'Internal error (id id-1)\n']);
			assert.deepEqual(reported, [new Error('secret')]);
		});
	}

	it('cuts the connection of a handler that fails after its headers, and survives a write after the end', async () => {
		await serve((_request, response) => {
			response.writeHead(200);
			response.write('a');
			throw new Error('late');
		});
		await assert.rejects(fetch(`http://127.0.0.1:${port}/`).then((response) => response.text()));
		server.close();
		await serve((_request, response) => {
			response.end();
			response.write('too late');
		});
		assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
	});

	describe('that accepts upgrades', function () {
		// A fault leaves a connection open.
		this.timeout(10_000);
		const upgrade = (more = '', body = '') =>
			`GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n${body}`;
		const accept = (handler: HttpHandler) => serve(handler, {}, { acceptsUpgrades: true });

		it('answers a request for another protocol like any other, and ends the connection', async () => {
			await accept((request, response) => void response.end(`${request.url} ${isUpgrade(request)}`));
			assert.match(await send(upgrade()), /\r\n\r\n\/up true$/);
			assert.match(await send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /\r\n\r\n\/ false$/);
			assert.equal(await statusOf(upgrade().replace('Host: a', 'Host: a b')), '400');
		});

		it('refuses one with a body, which it has not read', async () => {
			await accept(() => assert.fail('the handler was called'));
			for (const [more, body] of [
				['Content-Length: 5\r\n', 'hello'],
				['Content-Length: 1, 1\r\n', 'h'],
				['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
			] as const)
				assert.equal(await statusOf(upgrade(more, body)), '400');
			assert.equal(await statusOf(upgrade('Content-Length: 1\r\n', 'a').replace('1.1\r\nHost: a', '1.0')), '400');
		});

		it('cuts one that does not wait for the response before it', async () => {
			await accept(() => undefined);
			assert.equal(await send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${upgrade()}`), '');
		});

		it('gives the connection to the handler, and what came with the request', async () => {
			await accept(async (_request, { socket }) => {
				const [chunk] = await once(socket ?? assert.fail(), 'data');
				socket?.end(`got ${chunk}`);
			});
			assert.equal(await send(upgrade('', 'more')), 'got more');
		});

		it('cuts the connection of a response that the client does not read', async () => {
			await accept((_request, response) => void response.setTimeout(1));
			assert.equal(await send(upgrade()), '');
			assert.deepEqual(refused, ['httpAnswerTime']);
		});
	});

	it('answers 400 to an invalid request, 431 to headers of more than 16 KiB', async () => {
		await serve((_request, response) => void response.end());
		assert.equal(await statusOf('\x16\x03\x01garbage\r\n\r\n'), '400');
		assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`), '431');
		assert.deepEqual(refused, ['httpHeaderBytes']);
	});

	it('answers 400 to a request without one well-formed host, in the words of Go', async () => {
		const served: (string | undefined)[] = [];
		await serve((request, response) => {
			served.push(request.headers.host);
			response.end();
		});
		const answerTo = async (target: string, version: string, ...hosts: string[]): Promise<string> => {
			const lines = hosts.map((host) => `${host}\r\n`).join('');
			return await send(`GET ${target} HTTP/${version}\r\n${lines}Connection: close\r\n\r\n`);
		};
		for (const [problem, version, ...hosts] of [
			['', '1.1', 'Host: a', 'Host: a'],
			['', '1.1', 'Host: a', 'hOST: b'],
			['', '1.0', 'Host: a', 'Host:'],
			['', '2.0', 'Host: a', 'Host: b'],
			['', '1.1', 'Host: a', ...Array.from({ length: 1_500 }, () => 'A: a'), 'Host: b'],
			[': missing required Host header', '1.1'],
			[': malformed Host header', '1.1', 'Host: a b'],
			[': malformed Host header', '1.1', 'Host: a/b'],
			[': malformed Host header', '1.1', 'Host: a@b'],
			[': malformed Host header', '1.0', 'Host: größe'],
		] as const) {
			const text = await answerTo('/', version, ...hosts);
			const [status, body] = [text.split('\r\n')[0], text.split('\r\n\r\n')[1]];
			assert.deepEqual([status, body], [`HTTP/1.1 400 Bad Request${problem}`, `400 Bad Request${problem}`], `${hosts}`);
			assert.match(text, /\r\nconnection: close\r\n/i);
		}
		for (const target of ['http://a:b/', 'http://[::1/', 'http://a:1:2/'])
			assert.match(await answerTo(target, '1.1', 'Host: a'), /^HTTP\/1.1 400 Bad Request\r\n/, target);
		assert.equal(await statusOf('GET /\r\n\r\n'), '400');
		const text = await answerTo('/', '2.0', 'Host: a');
		assert.match(text, /^HTTP\/1\.1 505 HTTP Version Not Supported: unsupported protocol version\r\n/);
		assert.deepEqual(served, []);
		await answerTo('/', '1.0');
		await answerTo('/', '1.1', 'Host:');
		await answerTo('/', '1.1', 'Host: [::1%25a]:80');
		await answerTo('http://a:80/b', '1.1', 'Host: c');
		await answerTo('https://x@d', '1.1', 'Host: c');
		assert.deepEqual(served, [undefined, '', '[::1%25a]:80', 'a:80', 'd']);
	});

	it('gives a handler all headers that fit their limit', async () => {
		let names: readonly string[] = [];
		await serve((request, response) => {
			names = request.rawHeaders.filter((_, at) => at % 2 === 0);
			response.end(request.headers['impersonate-user']);
		});
		const headers = `${'A:\r\n'.repeat(4_000)}Impersonate-User: eve\r\n`;
		const text = await send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`);
		assert.equal(text.split('\r\n\r\n')[1], 'eve');
		assert.equal(names.length, 4_003);
	});

	it('headers that do not come in time are answered 408', async () => {
		await serve((_request, response) => void response.end());
		server.headersTimeout = 50;
		assert.equal(await statusOf('GET / HTTP/1.1\r\nHost:'), '408');
		assert.deepEqual(refused, ['httpHeaderTime']);
	});

	for (const [how, handler] of Object.entries<HttpHandler>({
		'a handler waits for it': (request, response) => void request.on('end', () => response.end()).resume(),
		'the answer was sent before it': (_request, response) => void response.end(),
	}))
		it(`a body that does not come in time is counted as httpRequestTime when ${how}`, async () => {
			await serve(handler);
			server.headersTimeout = 50;
			server.requestTimeout = 50;
			const answer = await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{');
			assert.match(answer, /HTTP\/1\.1 408 Request Timeout\r\n/);
			assert.deepEqual(refused, ['httpRequestTime']);
		});

	it('a second request that is slow is counted as httpHeaderTime', async () => {
		await serve((_request, response) => void response.end());
		server.headersTimeout = 50;
		const answer = await send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost:');
		assert.deepEqual(answer.match(/(?<=HTTP\/1\.1 )\d+/g), ['200', '408']);
		assert.deepEqual(refused, ['httpHeaderTime']);
	});

	it('cuts a connection with more unanswered requests than the limit, and calls no handler for the rest', async () => {
		let calls = 0;
		await serve(() => {
			calls += 1;
		});
		const { value: most } = limits.httpPipelinedRequests;
		await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3 * most));
		assert.equal(calls, most);
		assert.deepEqual(refused, ['httpPipelinedRequests']);
	});

	it('serves many requests of one connection when each was answered', async () => {
		await serve((_request, response) => void response.end('x'));
		const socket = connect(port, '127.0.0.1').setEncoding('latin1');
		sockets.push(socket);
		for (let index = 0; index < 2 * limits.httpPipelinedRequests.value; index++) {
			socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
			assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 200 OK/);
		}
		assert.deepEqual(refused, []);
	});

	const serveLarge = (answerTimeMs: number = limits.httpAnswerTime.value) =>
		serve(({ socket }, response) => {
			const setTimeoutOf = socket.setTimeout.bind(socket);
			socket.setTimeout = (ms, listener) =>
				setTimeoutOf(ms === limits.httpAnswerTime.value ? answerTimeMs : ms, listener);
			response.end(LARGE);
		});
	const LARGE = Buffer.alloc(64 * 1024 * 1024);
	const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
	for (const [title, requests, more] of [
		['', request, ''],
		[', but sends empty lines', request, '\r\n'],
		[', but sends empty lines after two requests', request.repeat(2), '\r\n'],
	] as const)
		it(`httpAnswerTime: cuts a connection whose client does not read the response${title}`, async function () {
			this.timeout(10_000);
			// The time of the table is too long for a test.
			await serveLarge(50);
			const socket = connect(port, '127.0.0.1');
			sockets.push(socket);
			socket.on('error', () => undefined);
			socket.write(requests);
			socket.pause();
			const sending = setInterval(() => socket.write(more), 10);
			// A test that fails ends with its sockets.
			while (refused.length === 0 && !socket.destroyed) await new Promise((resolve) => setImmediate(resolve));
			clearInterval(sending);
			assert.equal(refused[0], 'httpAnswerTime');
		});

	it('reads the next request when the client has read a large response', async () => {
		await serveLarge();
		const socket = connect(port, '127.0.0.1');
		sockets.push(socket);
		let read = 0;
		socket.on('data', (chunk: Buffer) => {
			read += chunk.length;
		});
		let expected = 0;
		for (const requests of [request, request.repeat(2), request]) {
			socket.write(requests);
			expected += (requests.length / request.length) * LARGE.length;
			while (read < expected) await once(socket, 'data');
		}
		assert.deepEqual(refused, []);
	});

	it('beyond the limit an idle connection makes room for a new one', async () => {
		await serve((_request, response) => void response.end('served'), { total: 2, perAddress: 2 });
		const idle = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
		sockets.push(...idle);
		await Promise.all(idle.map((socket) => once(socket, 'connect')));
		assert.match(await send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /served$/);
		assert.deepEqual(refused, ['httpConnections']);
	});
});

describe('isExpectedHost', () => {
	const names = ['ca-service'];
	for (const host of ['localhost', 'localhost:6453', '127.0.0.1:1', '[::1]:1', '10.0.0.1', 'CA-Service:10248'])
		it(`yes: ${host}`, () => assert.ok(isExpectedHost(host, names)));
	for (const host of [
		undefined,
		'',
		'evil.example',
		'evil.example:6453',
		'localhost.evil.example',
		'127.0.0.1.evil.example',
		'ca-service@evil.example',
		'[evil.example]',
		'[::1',
		':80',
	])
		it(`no: ${host}`, () => assert.ok(!isExpectedHost(host, names)));
});
