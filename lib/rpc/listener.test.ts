import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Server as HttpServer, OutgoingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { type ErrorCode, hasCode } from '../errors.ts';
import { call, openChannel } from './channel.ts';
import { createCa, type Door, type Identity, openDoor, type TestCa, whoAmI } from './fixtures.test.ts';
import { createHttpServer, type HttpHandler } from './http-server.ts';
import { newConnections, peerAt, peerOfSocket } from './listener.ts';
import type { PeerCertificate } from './peer.ts';

describe('the door', () => {
	let ca: TestCa;
	let identity: Identity;
	let client: Identity;
	let http: HttpServer;
	let seen: PeerCertificate[];
	let door: Door;
	const sockets: TLSSocket[] = [];

	const open = async (clientCertificate: 'required' | 'optional', withHttp = true): Promise<void> => {
		const service = {
			...whoAmI,
			unary: {
				Create: (_request: never, call: { peer: { certificate: PeerCertificate } }) => {
					seen.push(call.peer.certificate);
					return {};
				},
			},
		};
		door = await openDoor({
			identity,
			clientCa: ca,
			clientCertificate,
			services: [service],
			...(withHttp ? { http } : {}),
		});
	};
	const connected = async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
		const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: door.port, ca: ca.pem, ...options });
		sockets.push(socket);
		socket.on('error', () => undefined);
		await once(socket, 'secureConnect');
		return socket;
	};
	const overGrpc = async (shown: Partial<Identity>): Promise<void> => {
		const channel = openChannel(door.target, { ca: ca.pem, ...shown });
		try {
			await call(channel, 'SelfSubjectReviews', 'Create', {});
		} finally {
			channel.close();
		}
	};
	const overHttp = async (shown: Partial<Identity>): Promise<string> => {
		const asked = request({ host: 'localhost', port: door.port, ca: ca.pem, agent: false, ...shown }).end();
		const [response] = await once(asked, 'response');
		return (await response.toArray()).join('');
	};

	before(async () => {
		ca = await createCa('ca');
		identity = await ca.server('door', { hosts: ['localhost'] });
		client = await ca.client('system:node:a', { organizations: ['system:nodes', 'others'] });
	});
	beforeEach(() => {
		seen = [];
		const handler: HttpHandler = (asked, response) => {
			seen.push(peerOfSocket(door.connections, asked.socket).certificate);
			response.end(`HTTP/${asked.httpVersion}`);
		};
		http = createHttpServer(handler, { unforeseen: () => 'id' });
	});
	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		await door.close();
	});

	it('gRPC and HTTP/1.1 come through one port', async () => {
		await open('optional');
		const [answer] = await Promise.all([overHttp({}), overGrpc({}), overHttp(client), overGrpc(client)]);
		assert.equal(answer, 'HTTP/1.1');
		assert.equal(seen.length, 4);
	});

	it('calls and other requests share a connection of HTTP/2', async () => {
		await open('optional');
		const socket = await connected({ ALPNProtocols: ['h2'], ...client });
		const session = connectHttp2('https://localhost', { createConnection: () => socket });
		const answered = async (headers: OutgoingHttpHeaders, body = ''): Promise<string> => {
			const stream = session.request(headers, { endStream: body === '' });
			if (body !== '') stream.end(body);
			const [response] = await once(stream, 'response');
			const text = (await stream.toArray()).join('');
			return `${response[':status']} ${response['content-type'] ?? text}`;
		};
		assert.equal(await answered({ ':path': '/healthz' }), '200 HTTP/2.0');
		assert.equal(
			await answered({ ':path': '/x', ':method': 'POST', 'content-type': 'text/plain' }, 'x'),
			'200 HTTP/2.0',
		);
		const outcomeOf = (headers: OutgoingHttpHeaders): Promise<string> =>
			answered({ ':path': '/', ...headers }).catch(({ message }: Error) => message);
		// Since nghttp2 1.69, of Node 22 and 24, it resets the stream itself.
		assert.match(await outcomeOf({ ':authority': 'user@localhost' }), /^400 |NGHTTP2_PROTOCOL_ERROR$/);
		assert.match(await outcomeOf({ ':authority': 'localhost:1', host: 'other' }), /^200 /);
		const call = { ':path': '/kubejoin.v1.SelfSubjectReviews/Create', ':method': 'POST', te: 'trailers' };
		const frame = '\0\0\0\0\0';
		assert.equal(await answered({ ...call, 'content-type': 'application/grpc' }, frame), '200 application/grpc+proto');
		assert.deepEqual(
			seen.map(({ state }) => state),
			['verified', 'verified', 'verified', 'verified'],
		);
		session.destroy();
	});

	it('without a gRPC server, every request of HTTP/2 is one of HTTP; close lets it finish', async () => {
		door = await openDoor({ identity, clientCa: ca, clientCertificate: 'optional', services: [], http });
		const socket = await connected({ ALPNProtocols: ['h2'], ...client });
		const session = connectHttp2('https://localhost', { createConnection: () => socket });
		const types = ['text/plain', 'application/grpc'];
		for (const type of types) {
			const stream = session.request({ ':method': 'POST', 'content-type': type });
			assert.equal((await stream.end().toArray()).join(''), 'HTTP/2.0');
		}
		assert.deepEqual(
			seen.map(({ state }) => state),
			['verified', 'verified'],
		);
		const ended = once(session, 'close');
		let closed: Promise<void> | undefined;
		http.removeAllListeners('request').on('request', (_asked, response) => {
			closed = door.close(3_000);
			setImmediate(() => response.end('late'));
		});
		assert.equal((await session.request({ ':path': '/' }).toArray()).join(''), 'late');
		await Promise.all([closed, ended]);
	});

	it('sends the last bytes of a response without an acknowledgement of those before', async () => {
		await open('optional');
		let tcp: object = {};
		http.prependListener('request', ({ socket }) => {
			tcp = (socket as unknown as { readonly _parent: object })._parent;
		});
		await overHttp({});
		const setting = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'kSetNoDelay');
		assert.ok(setting !== undefined, 'Node has another name for it');
		assert.equal(Reflect.get(tcp, setting), true);
	});

	it('h2 where it is offered, http/1.1 otherwise, and nothing else', async () => {
		await open('optional');
		const chosen = async (...ALPNProtocols: string[]) =>
			(await connected(ALPNProtocols.length === 0 ? {} : { ALPNProtocols })).alpnProtocol;
		assert.equal(await chosen('http/1.1', 'h2'), 'h2');
		assert.equal(await chosen('http/1.1'), 'http/1.1');
		assert.equal(await chosen('h2'), 'h2');
		assert.equal(await chosen(), false);
		await assert.rejects(chosen('spdy/3'), /alert no application protocol/);
	});

	it('without an HTTP server only h2', async () => {
		await open('optional', false);
		assert.equal((await connected({ ALPNProtocols: ['http/1.1', 'h2'] })).alpnProtocol, 'h2');
		await assert.rejects(connected({ ALPNProtocols: ['http/1.1'] }), /alert no application protocol/);
	});

	it('distinguishes no certificate, an unverified and a verified one, the same for both protocols', async () => {
		await open('optional');
		const foreign = await (await createCa('other')).client('system:admin', { organizations: ['system:masters'] });
		const expired = await ca.client('system:node:a', { lifeMs: -1_000 });
		for (const shown of [{}, foreign, expired, identity, client]) {
			await overGrpc(shown);
			await overHttp(shown);
		}
		const { fingerprint256, validFrom, validTo } = new X509Certificate(client.cert);
		const expiredAt = 'certificate has expired or is not yet valid: current time TIME is after TIME';
		const expected: PeerCertificate[] = [
			{ state: 'none' },
			{ state: 'unverified', problem: 'certificate signed by unknown authority (O=system:masters, CN=system:admin)' },
			{ state: 'unverified', problem: `${expiredAt} (CN=system:node:a)` },
			{ state: 'unverified', problem: 'INVALID_PURPOSE (CN=door)' },
			{
				state: 'verified',
				commonName: 'system:node:a',
				organizations: ['system:nodes', 'others'],
				fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
				notBefore: Date.parse(validFrom),
				notAfter: Date.parse(validTo),
			},
		];
		assert.deepEqual(
			seen.map((one) =>
				one.state === 'unverified' ? { ...one, problem: one.problem.replace(/\d{4}-\S+Z/g, 'TIME') } : one,
			),
			expected.flatMap((one) => [one, one]),
		);
	});

	it('a connection that is not known, or no longer, is unverified, not anonymous', async () => {
		await open('optional');
		const socket = await connected({ ALPNProtocols: ['h2'] });
		const address = `127.0.0.1:${socket.localPort}`;
		while (!door.connections.byAddress.has(address)) await new Promise((resolve) => setImmediate(resolve));
		assert.equal(peerAt(door.connections, address).certificate.state, 'none');
		socket.destroy();
		while (door.connections.byAddress.has(address)) await new Promise((resolve) => setImmediate(resolve));
		assert.equal(peerAt(door.connections, address).certificate.state, 'unverified');
		assert.equal(peerAt(newConnections(), '10.0.0.1:1').certificate.state, 'unverified');
	});

	for (const version of ['TLSv1.2', 'TLSv1.3'] as const satisfies SecureVersion[]) {
		it(`never resumes a session, for any client: ${version}`, async () => {
			await open('optional');
			const options = { ...client, minVersion: version, maxVersion: version };
			const sessions: Buffer[] = [];
			const first = connect({ host: '127.0.0.1', servername: 'localhost', port: door.port, ca: ca.pem, ...options });
			sockets.push(first.on('session', (session) => sessions.push(session)));
			await once(first, 'secureConnect');
			// An answer, so that tickets that come after the handshake are here.
			first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
			await once(first, 'data');
			const session = sessions.at(-1) ?? first.getSession();
			const second = await connected({ ...options, session });
			assert.equal(second.getProtocol(), version);
			assert.equal(second.isSessionReused(), false);
		});
	}

	it('required: who shows no good certificate is cut before a byte is read or written', async () => {
		await open('required');
		const received: Buffer[] = [];
		const socket = await connected({ ALPNProtocols: ['h2'] });
		socket.on('data', (bytes) => received.push(bytes));
		await once(socket, 'close');
		assert.deepEqual(received, []);
		await overGrpc(client);
		assert.deepEqual(
			seen.map(({ state }) => state),
			['verified'],
		);
		assert.ok(door.lines.some((line) => line.includes('no client certificate')));
	});

	for (const clientCertificate of ['required', 'optional'] as const)
		it(`${clientCertificate}: reports a client certificate that is not valid, and no TLS, with peer and reason`, async () => {
			await open(clientCertificate);
			const stranger = await (await createCa('foreign')).client('stranger');
			const reported = async (count: number) => {
				while (door.refusedConnections.length < count) await new Promise((resolve) => setImmediate(resolve));
			};
			await connected({ ALPNProtocols: ['h2'] });
			const missing = clientCertificate === 'required' ? [/^no client certificate$/] : [];
			await reported(missing.length);
			await connected({ ...stranger, ALPNProtocols: ['h2'] });
			await reported(missing.length + 1);
			const distrusting = connect({ host: '127.0.0.1', port: door.port, servername: 'localhost' });
			await once(distrusting, 'error');
			const plain = connectTcp(door.port, '127.0.0.1');
			plain.on('error', () => undefined);
			plain.end('GET / HTTP/1.1\r\n\r\n');
			const problems = [...missing, /stranger/, /http request|wrong version number/];
			await reported(problems.length);
			for (const [index, { peer, problem }] of door.refusedConnections.entries()) {
				assert.match(problem, problems[index] ?? /never/);
				assert.match(peer, /^127\.0\.0\.1:\d+$/);
			}
		});

	it('PORT_IN_USE, FILE_UNUSABLE', async () => {
		await open('optional');
		const refuses = (code: ErrorCode, work: Promise<unknown>) => assert.rejects(work, (error) => hasCode(error, code));
		await refuses('PORT_IN_USE', openDoor({ identity, clientCa: ca, services: [whoAmI], port: door.port }));
		await refuses(
			'FILE_UNUSABLE',
			openDoor({ identity: { ...identity, key: client.key }, clientCa: ca, services: [whoAmI] }),
		);
		await refuses(
			'FILE_UNUSABLE',
			openDoor({ identity: { ...identity, cert: 'no certificate' }, clientCa: ca, services: [whoAmI] }),
		);
	});

	it('close lets a call finish, and cuts the remaining ones', async () => {
		let answer: (response: object) => void = () => undefined;
		const calls = new EventEmitter();
		const Create = () =>
			new Promise<object>((resolve) => {
				answer = resolve;
				calls.emit('call');
			});
		for (const finishes of [true, false]) {
			door = await openDoor({ identity, clientCa: ca, services: [{ ...whoAmI, unary: { Create } }] });
			const called = once(calls, 'call');
			const work = overGrpc(client);
			const outcome = finishes ? work : assert.rejects(work, (error) => hasCode(error, 'CALL_FAILED'));
			await called;
			const closed = door.close(finishes ? 3_000 : 20);
			if (finishes) answer({});
			await Promise.all([outcome, closed]);
		}
	});
});
