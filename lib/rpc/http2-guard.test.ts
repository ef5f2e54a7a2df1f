import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
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
