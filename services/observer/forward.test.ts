import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LimitName, limits } from '../../lib/limits.ts';
import { keptLog } from './app.fixture.ts';
import { createForwarder } from './forward.ts';

describe('another collector', () => {
	let server: Server;
	let url: string;
	let status: number;
	let asked: { request: IncomingMessage; body: string }[];
	let arrived: () => void;
	beforeEach(async () => {
		status = 200;
		asked = [];
		arrived = () => undefined;
		server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
			let body = '';
			for await (const chunk of request) body += chunk;
			asked.push({ request, body });
			response.writeHead(status).end('{}');
			arrived();
		});
		await once(server.listen(0, '127.0.0.1'), 'listening');
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
	});
	afterEach(() => {
		server.close();
		server.closeAllConnections();
	});
	const arrival = () => new Promise<void>((resolve) => (arrived = resolve));

	it('receives the body as it was sent, and no key', async () => {
		const { log } = keptLog();
		const came = arrival();
		createForwarder(url, log, () => undefined)(Buffer.from('{"resourceSpans":[]}'));
		await came;
		assert.equal(asked[0]?.body, '{"resourceSpans":[]}');
		assert.equal(asked[0]?.request.headers['content-type'], 'application/json');
		assert.equal(asked[0]?.request.headers.authorization, undefined);
	});

	it('is logged once when it refuses, and again after it has accepted', async () => {
		const { log, lines } = keptLog();
		const forward = createForwarder(url, log, () => undefined);
		const send = async () => {
			const before = lines.length;
			const came = arrival();
			forward(Buffer.from('{}'));
			await came;
			// The answer is read after it has arrived.
			for (let turns = 0; turns < 20 && lines.length === before; turns++)
				await new Promise((resolve) => setTimeout(resolve, 5));
		};
		status = 503;
		await send();
		await send();
		assert.equal(lines.length, 1);
		assert.match(lines[0] ?? '', /503/);
		status = 200;
		await send();
		status = 503;
		await send();
		assert.equal(lines.length, 2);
	});

	it('loses traces above the limit when it is slow, and the loss is counted', async () => {
		const counted: LimitName[] = [];
		const { log } = keptLog();
		const forward = createForwarder(url, log, (name) => counted.push(name));
		const half = Buffer.alloc(limits.forwardedBytesInFlight.value / 2, ' ');
		for (let number = 0; number < 4; number++) forward(half);
		assert.deepEqual(counted, ['forwardedBytesInFlight', 'forwardedBytesInFlight']);
		while (asked.length < 2) await arrival();
	});
});
