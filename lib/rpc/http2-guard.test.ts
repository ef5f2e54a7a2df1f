import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { mock } from 'node:test';
import { createCa, type Door, openDoor, whoAmI } from './fixtures.test.ts';

const PEER_ALIVE_MS = 60_000;

describe('the pings of a door', () => {
	let door: Door;
	let client: ClientHttp2Session;
	let pings = 0;
	/** Pings of the server from before it have arrived when the answer to this one arrives. */
	const roundTrip = () =>
		new Promise<void>((resolve, reject) => client.ping((error) => (error === null ? resolve() : reject(error))));
	const intervalEnds = async (): Promise<number> => {
		mock.timers.tick(PEER_ALIVE_MS);
		await roundTrip();
		return pings;
	};
	const request = async (): Promise<void> => {
		const stream = client.request({ ':path': '/' });
		await once(stream.resume(), 'end');
	};

	beforeEach(async () => {
		const clientCa = await createCa('ca');
		const identity = await clientCa.server('door', { hosts: ['localhost'] });
		const http = createServer((_request, response) => response.end());
		const bounds = { peerAliveMs: PEER_ALIVE_MS };
		door = await openDoor({ identity, clientCa, clientCertificate: 'optional', services: [whoAmI], http, bounds });
		mock.timers.enable({ apis: ['setInterval'] });
		client = connect(`https://${door.target}`, { ca: clientCa.pem });
		pings = 0;
		client.on('ping', () => {
			pings += 1;
		});
		await once(client, 'connect');
		await roundTrip();
	});
	afterEach(async () => {
		client.destroy();
		mock.timers.reset();
		await door.close();
	});

	it('go to a client without a request since the last interval, and to no other', async () => {
		assert.equal(await intervalEnds(), 1);
		await request();
		assert.equal(await intervalEnds(), 1);
		assert.equal(await intervalEnds(), 2);
		assert.deepEqual(door.refused, []);
	});
});

describe('the body of a request over HTTP/2', () => {
	let door: Door;
	let client: ClientHttp2Session;
	let begun: { readonly request: IncomingMessage; readonly response: ServerResponse } | undefined;

	beforeEach(async () => {
		const clientCa = await createCa('ca');
		const identity = await clientCa.server('door', { hosts: ['localhost'] });
		const http = createServer((request, response) => {
			begun = { request, response };
		});
		door = await openDoor({ identity, clientCa, clientCertificate: 'optional', services: [whoAmI], http });
		client = connect(`https://${door.target}`, { ca: clientCa.pem });
	});
	afterEach(async () => {
		client.destroy();
		await door.close();
	});

	it('waits for a reader that first does something else', async () => {
		const stream = client.request({ ':path': '/', ':method': 'POST' });
		stream.end('all of it');
		await once(client, 'connect');
		const roundTrip = () => new Promise((resolve) => client.ping(resolve));
		// Frames arrive in order: the body is there before the second answer.
		for (let count = 0; count < 2; count++) await roundTrip();
		await turns(3);
		assert.ok(begun);
		const { request, response } = begun;
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		assert.equal(Buffer.concat(chunks).toString(), 'all of it');
		response.end();
		await once(stream.resume(), 'end');
	});
});

async function turns(count: number): Promise<void> {
	for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
