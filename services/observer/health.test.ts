import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { checkServices, readyChecks } from './health.ts';

describe('the health of the services', () => {
	let server: Server;
	let url: string;
	let status: number;
	let body: string;
	beforeEach(async () => {
		status = 200;
		body = 'ok';
		server = createServer((_, response) => void response.writeHead(status).end(body));
		await once(server.listen(0, '127.0.0.1'), 'listening');
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
	});
	afterEach(() => {
		server.close();
		server.closeAllConnections();
	});

	it('is ok where the service is ready', async () => {
		assert.deepEqual(await checkServices([{ name: 'ca-service', url }], Date.now), [
			{ name: 'ca-service', health: 'ok' },
		]);
	});

	it('is failing with the checks that fail, printable and of bounded length', async () => {
		status = 500;
		body = `[-]ledger failed\u001b[2J\n${'x'.repeat(100_000)}`;
		const [service] = await checkServices([{ name: 'ca-service', url }], Date.now);
		assert.equal(service?.health, 'failing');
		assert.match(service?.problem ?? '', /^\[-\]ledger failed\^\[\[2J\n/);
		assert.ok((service?.problem ?? '').length <= 1_100);
	});

	it('reports each service without a listener as unavailable, with the reason', async () => {
		const services = [
			{ name: 'a', url },
			{ name: 'b', url: `http://127.0.0.1:${await unusedPort()}/readyz` },
		];
		const [first, second] = await checkServices(services, Date.now);
		assert.deepEqual([first?.health, second?.name, second?.health], ['ok', 'b', 'away']);
		assert.match(second?.problem ?? '', /ECONNREFUSED/);
		assert.equal(second?.why, 'stopped');
	});

	it('has the offset of a clock that differs by more than the resolution of a header', async () => {
		const offset = async (offsetMs: number) =>
			(await checkServices([{ name: 'ca-service', url }], () => Date.now() - offsetMs))[0]?.clockOffsetMs;
		assert.equal(await offset(1_000), undefined);
		const found = (await offset(360_000)) ?? 0;
		assert.ok(Math.abs(found - 360_000) <= 2_000, `${found} ms`);
	});

	it('is not reachable where no connection is established', async () => {
		const { port, end } = await fullListener();
		const [service] = await checkServices([{ name: 'ca-service', url: `http://127.0.0.1:${port}/` }], Date.now, 200);
		await end();
		assert.deepEqual([service?.health, service?.why], ['away', 'unreachable']);
		assert.match(service?.problem ?? '', /^it did not answer within [\d.]+ s$/);
	});

	it('is silent where a program accepts and does not answer', async () => {
		server.removeAllListeners('request');
		const [service] = await checkServices([{ name: 'ca-service', url }], Date.now, 50);
		assert.deepEqual([service?.health, service?.why], ['away', 'silent']);
		assert.match(service?.problem ?? '', /^it did not answer within [\d.]+ s$/);
	});
});

/** Its queue of connections is full: the kernel drops the next one, as a network without a path does. */
async function fullListener() {
	const blocked = new Worker(
		`const { parentPort } = require('node:worker_threads');
		const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
			parentPort.postMessage(server.address().port);
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
		});`,
		{ eval: true },
	);
	const [port] = await once(blocked, 'message');
	const waiting = Array.from({ length: 2 }, () => connect(port, '127.0.0.1'));
	for (const socket of waiting) {
		await once(socket, 'connect');
		socket.on('error', () => undefined);
	}
	return {
		port: Number(port),
		async end() {
			for (const socket of waiting) socket.destroy();
			await blocked.terminate();
		},
	};
}

async function unusedPort(): Promise<number> {
	const server = createServer();
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

describe('the health of the observer', () => {
	it('needs the files of the page', async () => {
		await readyChecks(() => true).page?.();
		assert.throws(() => void readyChecks(() => false).page?.(), /npm run build/);
	});
});
