import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { hostname } from 'node:os';
import { hasCode } from '../errors.ts';
import { checkHealth, serveHealth } from './health.ts';

const unforeseen = () => 'an-id';
const fails = () => Promise.reject(new Error('password=hunter2'));

describe('checkHealth', () => {
	it('ok, or with verbose every check by name', async () => {
		const good = { store: () => undefined };
		assert.deepEqual(await checkHealth(good, '/readyz', false), { healthy: true, text: 'ok', problems: [] });
		assert.equal((await checkHealth(good, '/readyz', true)).text, '[+]ping ok\n[+]store ok\nreadyz check passed\n');
	});

	it('names what failed and withholds why', async () => {
		const { healthy, text, problems } = await checkHealth({ good: () => undefined, store: fails }, '/readyz', false);
		assert.equal(healthy, false);
		assert.equal(text, '[+]ping ok\n[+]good ok\n[-]store failed: reason withheld\nreadyz check failed\n');
		assert.deepEqual(problems, ['store: password=hunter2']);
	});

	it('a check that throws at once has failed as well', async () => {
		const throws = () => {
			throw new Error('at once');
		};
		assert.deepEqual((await checkHealth({ throws }, '/livez', false)).problems, ['throws: at once']);
	});
});

describe('serveHealth', () => {
	let server: Server;
	let isReady: boolean;
	let address: string;

	beforeEach(async () => {
		isReady = true;
		const ready = { work: () => (isReady ? undefined : fails()) };
		server = await serveHealth('test', 0, { live: { life: () => undefined }, ready, unforeseen });
		address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterEach(async () => {
		server.close();
		server.closeAllConnections();
	});
	const ask = async (path: string) => {
		const response = await fetch(address + path);
		return [response.status, response.headers.get('content-type'), await response.text()];
	};
	const plain = 'text/plain; charset=utf-8';

	it('computes the metrics once for requests that arrive together', async () => {
		let renderings = 0;
		const metrics = {
			contentType: 'text/plain' as never,
			metrics: async () => {
				renderings += 1;
				await new Promise((resolve) => setImmediate(resolve));
				return `rendering ${renderings}`;
			},
		};
		const metered = await serveHealth('metered', 0, { live: {}, ready: {}, metrics, unforeseen });
		try {
			const socket = connect((metered.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
			const request = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n';
			socket.write(`${request}\r\n${request}Connection: close\r\n\r\n`);
			let text = '';
			for await (const chunk of socket) text += chunk;
			assert.deepEqual(text.match(/rendering \d/g), ['rendering 1', 'rendering 1']);
		} finally {
			metered.close();
		}
	});

	it('is on the loopback interface only', () => {
		assert.equal((server.address() as AddressInfo).address, '127.0.0.1');
	});

	it('healthz and livez ask what only a restart mends, readyz all', async () => {
		for (const path of ['/healthz', '/livez', '/readyz']) assert.deepEqual(await ask(path), [200, plain, 'ok']);
		isReady = false;
		for (const path of ['/healthz', '/livez']) assert.deepEqual(await ask(path), [200, plain, 'ok']);
		assert.deepEqual(await ask('/readyz'), [
			500,
			plain,
			'[+]ping ok\n[+]life ok\n[-]work failed: reason withheld\nreadyz check failed\n',
		]);
		isReady = true;
		assert.deepEqual(await ask('/readyz?verbose'), [
			200,
			plain,
			'[+]ping ok\n[+]life ok\n[+]work ok\nreadyz check passed\n',
		]);
	});

	it('metrics are there for whom they are given, in the text format', async () => {
		assert.deepEqual(await ask('/metrics'), [404, plain, '404 page not found\n']);
		const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: async () => 'a 1\n' } as const;
		const measured = await serveHealth('test', 0, { live: {}, ready: { work: fails }, metrics, unforeseen });
		const response = await fetch(`http://127.0.0.1:${(measured.address() as AddressInfo).port}/metrics`);
		assert.deepEqual(
			[response.status, response.headers.get('content-type'), await response.text()],
			[200, metrics.contentType, 'a 1\n'],
		);
		measured.close();
		measured.closeAllConnections();
	});

	it('404 for every other path', async () => {
		for (const path of ['/', '/readyz/', '/metrics', '/constructor', '/__proto__'])
			assert.deepEqual(await ask(path), [404, plain, '404 page not found\n']);
	});

	const raw = async (head: string): Promise<string> => {
		const socket = connect(Number(new URL(address).port), '127.0.0.1').setEncoding('latin1');
		socket.end(`${head}\r\nConnection: close\r\n\r\n`);
		return (await socket.toArray()).join('');
	};
	const rawStatus = async (head: string) => Number((await raw(head)).split(' ')[1]);

	it('answers 404 to an unknown path in any form of the request line', async () => {
		for (const target of [
			'//',
			'//evil/healthz',
			'/\\',
			'http://localhost/readyz',
			'/%',
			'/healthz/..',
			'/?',
			'*',
			'/healthz%20',
		])
			assert.equal(await rawStatus(`GET ${target} HTTP/1.1\r\nHost: localhost`), 404, target);
	});

	it('405 for every method but GET and HEAD', async () => {
		assert.match(await raw('HEAD /readyz HTTP/1.1\r\nHost: localhost'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
		for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PURGE']) {
			const answer = await raw(`${method} /readyz HTTP/1.1\r\nHost: localhost`);
			assert.match(answer, /^HTTP\/1\.1 405 [\s\S]*\r\nallow: GET, HEAD\r\n/, method);
		}
	});

	it('403 for a name that is not of this machine, and for a request of a page elsewhere', async () => {
		const status = (headers: string) => rawStatus(`GET /readyz HTTP/1.1\r\n${headers}`);
		for (const host of ['localhost', 'test:1', '127.0.0.1:1', '[::1]', hostname()])
			assert.equal(await status(`Host: ${host}`), 200, host);
		for (const host of ['evil.example', 'test.evil.example:6453', 'localhost.evil.example'])
			assert.equal(await status(`Host: ${host}`), 403, host);
		assert.equal(await rawStatus('GET /readyz HTTP/1.0'), 403);
		for (const site of ['cross-site', 'same-site'])
			assert.equal(await status(`Host: localhost\r\nSec-Fetch-Site: ${site}`), 403);
		for (const site of ['none', 'same-origin'])
			assert.equal(await status(`Host: localhost\r\nSec-Fetch-Site: ${site}`), 200);
	});

	it('500 and a report when the metrics fail', async () => {
		const reported: unknown[] = [];
		const broken = new Error('broken');
		const metrics = {
			contentType: 'text/plain; version=0.0.4; charset=utf-8',
			metrics: () => Promise.reject(broken),
		} as const;
		const measured = await serveHealth('test', 0, {
			live: {},
			ready: {},
			metrics,
			unforeseen: (_origin, error) => `id-${reported.push(error)}`,
		});
		const response = await fetch(`http://127.0.0.1:${(measured.address() as AddressInfo).port}/metrics`);
		assert.deepEqual([response.status, await response.text(), reported], [500, 'Internal error (id id-1)\n', [broken]]);
		measured.close();
		measured.closeAllConnections();
	});

	it('SERVICE_FAILED: an address that this machine does not have', async () => {
		const serving = serveHealth('test', 0, { live: {}, ready: {}, unforeseen }, '192.0.2.1');
		await assert.rejects(
			serving,
			(error) => hasCode(error, 'SERVICE_FAILED') && /cannot listen on 192\.0\.2\.1:0/.test(error.message),
		);
	});

	it('PORT_IN_USE', async () => {
		const port = Number(new URL(address).port);
		await assert.rejects(serveHealth('test', port, { live: {}, ready: {}, unforeseen }), (error) =>
			hasCode(error, 'PORT_IN_USE'),
		);
		const closing = once(server, 'close');
		server.close();
		server.closeAllConnections();
		await closing;
	});
});
