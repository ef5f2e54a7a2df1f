import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
	constants,
	createSecureServer,
	type Http2SecureServer,
	type IncomingHttpHeaders,
	type OutgoingHttpHeaders,
	type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { mock } from 'node:test';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ElapsedMs } from '../metrics.ts';
import type { CallFailure } from './call-failure.ts';
import { createCa, type Identity } from './fixtures.test.ts';
import { type ClientTimes, checkedMetadata, GrpcClient } from './grpc-client.ts';
import { frameOf } from './grpc-frames.ts';

type Behavior = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const grpcType = { ':status': 200, 'content-type': 'application/grpc' };
const path = '/kubejoin.v1.Nodes/List';
const ask = { path, message: Buffer.from('question') };
const text = (message: Buffer): string => message.toString();

/** An answer of these bytes in DATA frames, and these trailers; none if the server ends without them. */
const answer =
	(chunks: readonly Buffer[], trailers?: OutgoingHttpHeaders, headers: OutgoingHttpHeaders = grpcType): Behavior =>
	(stream) => {
		stream.respond(headers, { waitForTrailers: trailers !== undefined });
		stream.once('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
		for (const chunk of chunks) stream.write(chunk);
		stream.end();
	};
const onlyTrailers =
	(headers: OutgoingHttpHeaders): Behavior =>
	(stream) =>
		stream.respond({ ...grpcType, ...headers }, { endStream: true });
const reset =
	(code: number): Behavior =>
	(stream) =>
		stream.close(code);
const silence: Behavior = () => undefined;
/** Each message, as it came. */
const echo: Behavior = (stream) => {
	stream.respond(grpcType);
	stream.on('data', (chunk: Buffer) => stream.write(chunk));
};
const ok = answer([frameOf(Buffer.from('answer'))], { 'grpc-status': '0' });

describe('a gRPC client', () => {
	let identity: Identity;
	let ca: string;
	const servers: (Server | Http2SecureServer)[] = [];
	const sockets: Socket[] = [];
	const clients: GrpcClient[] = [];
	/** Of the clients of a test. */
	let dials: TLSSocket[] = [];

	before(async () => {
		const issuer = await createCa('ca');
		identity = await issuer.server('door', { hosts: ['localhost'] });
		ca = issuer.pem;
	});
	afterEach(async () => {
		for (const client of clients.splice(0)) client.close();
		for (const socket of [...sockets.splice(0), ...dials]) socket.destroy();
		dials = [];
		await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
	});

	async function listen(server: Server | Http2SecureServer): Promise<number> {
		servers.push(server);
		// A TLS server reports each connection as `secureConnection` too.
		server.on('connection', (socket: Socket) => sockets.push(socket.on('error', () => undefined)));
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		return (server.address() as AddressInfo).port;
	}
	async function serve(behavior: Behavior): Promise<{ readonly server: Http2SecureServer; readonly port: number }> {
		const server = createSecureServer(identity);
		server.on('session', (session) => session.on('error', () => undefined));
		server.on('stream', (stream, headers) => {
			stream.on('error', () => undefined);
			behavior(stream, headers);
		});
		return { server, port: await listen(server) };
	}
	function clientOf(port: number, times: Partial<ClientTimes> = {}, elapsedMs?: ElapsedMs): GrpcClient {
		const connectTls = () => {
			const options = { host: '127.0.0.1', port, servername: 'localhost', ca, ALPNProtocols: ['h2'] };
			const socket = connect(options);
			dials.push(socket);
			return socket;
		};
		const target = `127.0.0.1:${port}`;
		const client = new GrpcClient({ target, userAgent: 'test/1', connect: connectTls, times, elapsedMs });
		clients.push(client);
		return client;
	}
	const clientFor = async (behavior: Behavior, times?: Partial<ClientTimes>): Promise<GrpcClient> =>
		clientOf((await serve(behavior)).port, times);
	async function failureOf(work: Promise<unknown>): Promise<CallFailure> {
		const error = await work.then(
			() => assert.fail('it succeeded'),
			(reason: CallFailure) => reason,
		);
		assert.equal(error.name, 'CallFailure', error.stack);
		return error;
	}
	const failureFrom = async (behavior: Behavior): Promise<CallFailure> =>
		failureOf((await clientFor(behavior)).unary(ask));
	const allOf = async (messages: AsyncIterable<Buffer>): Promise<string[]> => {
		const found: string[] = [];
		for await (const message of messages) found.push(text(message));
		return found;
	};

	it('sends the headers and the message of gRPC', async () => {
		let found: IncomingHttpHeaders = {};
		const body: Buffer[] = [];
		const client = await clientFor((stream, headers) => {
			found = headers;
			stream.on('data', (chunk: Buffer) => body.push(chunk));
			stream.once('end', () => ok(stream, headers));
		});
		const metadata = { authorization: 'Bearer x', 'impersonate-group': ['a', 'b'] };
		assert.equal(text(await client.unary({ ...ask, metadata, deadlineMs: 60_000 })), 'answer');
		assert.deepEqual(Buffer.concat(body), frameOf(ask.message));
		const {
			'grpc-timeout': timeout = '',
			':authority': authority,
			...rest
		} = Object.fromEntries(Object.entries(found));
		assert.match(String(timeout), /^\d+m$/);
		assert.ok(Number.parseInt(String(timeout), 10) <= 60_000, String(timeout));
		assert.match(String(authority), /^127\.0\.0\.1:\d+$/);
		assert.deepEqual(rest, {
			':method': 'POST',
			':path': path,
			':scheme': 'https',
			authorization: 'Bearer x',
			'content-type': 'application/grpc',
			'impersonate-group': 'a, b',
			te: 'trailers',
			'user-agent': 'test/1',
		});
	});

	it('uses one connection for all calls, also for those that begin at once', async () => {
		const client = await clientFor(ok);
		await Promise.all([client.unary(ask), client.unary(ask), allOf(client.stream(ask))]);
		await client.unary(ask);
		assert.equal(dials.length, 1);
	});

	it('reads an answer whose bytes arrive one at a time', async () => {
		const bytes = [...frameOf(Buffer.from('answer'))].map((byte) => Buffer.from([byte]));
		const client = await clientFor(answer(bytes, { 'grpc-status': '0' }));
		assert.equal(text(await client.unary(ask)), 'answer');
	});

	it('reads the messages of a stream, and then its status', async () => {
		const messages = ['a', '', 'c'].map((one) => frameOf(Buffer.from(one)));
		assert.deepEqual(await allOf((await clientFor(answer(messages, { 'grpc-status': '0' }))).stream(ask)), [
			'a',
			'',
			'c',
		]);
		const failing = await clientFor(answer(messages, { 'grpc-status': '9', 'grpc-message': 'late' }));
		const found: string[] = [];
		const read = async () => {
			for await (const message of failing.stream(ask)) found.push(text(message));
		};
		assert.deepEqual({ ...(await failureOf(read())) }.code, 9);
		assert.deepEqual(found, ['a', '', 'c']);
	});

	it('reads a status from trailers without an answer, and decodes its message where it is encoded', async () => {
		const trailers = { 'grpc-status': '7', 'x-bin': Buffer.from('bytes').toString('base64') };
		const failure = await failureFrom(onlyTrailers({ ...trailers, 'grpc-message': 'not %E2%82%AC%0A' }));
		assert.deepEqual([failure.code, failure.details], [7, 'not €\n']);
		assert.equal(failure.trailers['x-bin'], trailers['x-bin']);
		for (const message of ['100%', '%ff', '%zz'])
			assert.equal((await failureFrom(onlyTrailers({ ...trailers, 'grpc-message': message }))).details, message);
	});

	it('UNKNOWN: no status, or one that is no number', async () => {
		const message = [frameOf(Buffer.from('answer'))];
		for (const behavior of [answer(message), answer(message, {}), onlyTrailers({})])
			assert.deepEqual((await failureFrom(behavior)).details, 'the answer has no gRPC status');
		for (const status of ['', '-1', '1e1', '0x0', '1000', ['0', '7']])
			assert.equal((await failureFrom(answer(message, { 'grpc-status': status }))).code, 2, String(status));
	});

	it('maps the HTTP status of an answer that is no gRPC, and does not read its body', async () => {
		const endless: Behavior = (stream, headers) => {
			stream.respond({ ':status': Number(headers['x-status']), 'content-type': 'text/html' });
			const write = () => {
				while (stream.writable && stream.write('<html>'.repeat(1_000)));
			};
			stream.on('drain', write);
			write();
		};
		const client = await clientFor(endless);
		const codes = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 500: 2, 502: 14, 503: 14, 504: 14, 204: 2 };
		for (const [status, code] of Object.entries(codes)) {
			const failure = await failureOf(client.unary({ ...ask, metadata: { 'x-status': status } }));
			assert.deepEqual([failure.code, failure.details], [code, `Received HTTP status code ${status}`]);
		}
		const failure = await failureOf(client.unary({ ...ask, metadata: { 'x-status': '200' } }));
		assert.deepEqual([failure.code, failure.details], [2, 'the answer is not gRPC; its content type is text/html']);
	});

	it('prefers the gRPC status of an answer to its HTTP status', async () => {
		assert.equal((await failureFrom(onlyTrailers({ ':status': 503, 'grpc-status': '8' }))).code, 8);
	});

	it('INTERNAL: no message, more than one, a part of one, or a compressed one', async () => {
		const status = { 'grpc-status': '0' };
		const frame = frameOf(Buffer.from('answer'));
		const problems: readonly (readonly [string, Behavior])[] = [
			['the answer has no message', answer([], status)],
			['the answer has no message', onlyTrailers(status)],
			['the answer has more than one message', answer([frame, frame], status)],
			['the answer has an incomplete message', answer([frame.subarray(0, 8)], status)],
			['the answer has an incomplete message', answer([frame, frame.subarray(0, 1)], status)],
			['a message is compressed, which was not offered', answer([Buffer.from([1, 0, 0, 0, 0])], status)],
		];
		for (const [details, behavior] of problems) {
			const failure = await failureFrom(behavior);
			assert.deepEqual([failure.code, failure.details], [13, details]);
		}
	});

	it('resets a call whose answer has too large a message, or messages without end', async () => {
		const codes: number[] = [];
		const closed: Promise<unknown>[] = [];
		const sends =
			(bytes: Buffer): Behavior =>
			(stream) => {
				closed.push(new Promise((resolve) => stream.once('close', () => resolve(codes.push(stream.rstCode)))));
				stream.respond(grpcType);
				const write = () => {
					while (stream.writable && stream.write(bytes));
				};
				stream.on('drain', write);
				write();
			};
		const large = await failureFrom(sends(Buffer.from([0, 1, 0, 0, 1])));
		assert.deepEqual(
			[large.code, large.details],
			[8, `Received message larger than max (${2 ** 24 + 1} vs ${2 ** 24})`],
		);
		assert.equal((await failureFrom(sends(Buffer.alloc(5_000)))).code, 13);
		await Promise.all(closed);
		assert.deepEqual(codes, [constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
	});

	it('accepts the largest message that it can receive', async () => {
		const client = await clientFor(answer([frameOf(Buffer.alloc(2 ** 24))], { 'grpc-status': '0' }));
		assert.equal((await client.unary(ask)).length, 2 ** 24);
	});

	it('maps the code of a stream that the server resets', async () => {
		const codes = [
			[constants.NGHTTP2_PROTOCOL_ERROR, 13],
			[constants.NGHTTP2_INTERNAL_ERROR, 13],
			[constants.NGHTTP2_CANCEL, 1],
			[constants.NGHTTP2_ENHANCE_YOUR_CALM, 8],
			[constants.NGHTTP2_INADEQUATE_SECURITY, 7],
		] as const;
		for (const [rstCode, code] of codes) assert.equal((await failureFrom(reset(rstCode))).code, code, String(rstCode));
	});

	it('repeats a call once that the server refused without a look at it', async () => {
		let calls = 0;
		const client = await clientFor((...call) =>
			(calls++ === 0 ? reset(constants.NGHTTP2_REFUSED_STREAM) : ok)(...call),
		);
		assert.equal(text(await client.unary(ask)), 'answer');
		assert.equal(calls, 2);
		calls = 0;
		const failure = await failureFrom((...call) => {
			calls++;
			reset(constants.NGHTTP2_REFUSED_STREAM)(...call);
		});
		assert.deepEqual([failure.code, failure.details, calls], [14, 'Stream refused by server', 2]);
	});

	it('DEADLINE_EXCEEDED: resets the call; the connection stays if the server answers a ping', async () => {
		const silent = { ...ask, metadata: { 'x-silent': 'yes' } };
		const reset: Promise<number>[] = [];
		const client = await clientFor((stream, headers) => {
			if (headers['x-silent'] === undefined) return ok(stream, headers);
			reset.push(new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode))));
		});
		await client.unary(ask);
		assert.equal((await failureOf(client.unary({ ...silent, deadlineMs: 30 }))).code, 4);
		assert.equal(text(await client.unary(ask)), 'answer');
		assert.deepEqual([await Promise.all(reset), dials.length], [[constants.NGHTTP2_CANCEL], 1]);
	});

	it('gives a call up at its deadline, and the connection without an answer to a ping', async () => {
		const { port } = await serve((stream, headers) => (headers['x-silent'] ? silence : ok)(stream, headers));
		const ends: Socket[] = [];
		const wire = createServer((near) => {
			const far = connectTcp(port, '127.0.0.1').on('error', () => undefined);
			ends.push(near, far);
			near.pipe(far).pipe(near);
		});
		const client = clientOf(await listen(wire), { pingMs: 3_600_000, pongMs: 20 });
		await client.unary(ask);
		// No byte arrives any more, and no end.
		for (const socket of ends) socket.unpipe().pause();
		const silent = { ...ask, metadata: { 'x-silent': 'yes' } };
		const streamed = failureOf(allOf(client.stream({ ...silent, deadlineMs: 10_000 })));
		assert.equal((await failureOf(client.unary({ ...silent, deadlineMs: 30 }))).code, 4);
		const failure = await streamed;
		assert.deepEqual([failure.code, failure.details], [14, 'the server did not answer a ping in 20 ms']);
		for (const socket of ends) socket.destroy();
	});

	it('pings a server while a call is open', async () => {
		const { server, port } = await serve(silence);
		let pings = 0;
		const pinged = new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`the server received ${pings} pings`)), 10_000);
			const onPing = (): void => {
				if (++pings < 3) return;
				clearTimeout(timer);
				resolve();
			};
			server.on('session', (session) => session.on('ping', onPing));
		});
		const stop = new AbortController();
		const read = failureOf(allOf(clientOf(port, { pingMs: 5 }).stream({ ...ask, signal: stop.signal })));
		await pinged;
		stop.abort();
		assert.equal((await read).code, 1);
	});

	it('does not ping a server whose message came since the last time', async () => {
		mock.timers.enable({ apis: ['setTimeout'] });
		try {
			const { server, port } = await serve(echo);
			let pings = 0;
			server.on('session', (session) => session.on('ping', () => (pings += 1)));
			const client = clientOf(port, { pingMs: 1_000 }).bidi({ path });
			const pingsAfter = async (): Promise<number> => {
				mock.timers.tick(1_000);
				// Frames arrive in order: a ping has come before the message.
				await client.exchange(ask);
				return pings;
			};
			await client.exchange(ask);
			assert.deepEqual([await pingsAfter(), await pingsAfter()], [0, 0]);
			mock.timers.tick(1_000);
			assert.equal(await pingsAfter(), 1);
		} finally {
			mock.timers.reset();
		}
	});

	it('begins a bidirectional call again, once, when the server ends it before an answer', async () => {
		let begun = 0;
		const client = (
			await clientFor((stream, headers) => {
				begun += 1;
				if (begun === 2) echo(stream, headers);
				else stream.once('data', () => answer([], { 'grpc-status': '0' })(stream, headers));
			})
		).bidi({ path });
		assert.equal(text(await client.exchange(ask)), 'question');
		assert.equal(begun, 2);
		const ending = (await clientFor((stream) => answer([], { 'grpc-status': '0' })(stream, {}))).bidi({ path });
		const { code, details } = await failureOf(ending.exchange(ask));
		assert.deepEqual([code, details], [14, 'the server ended the stream']);
	});

	it('INTERNAL: a bidirectional call with an answer that nothing asked for', async () => {
		const twice: Behavior = (stream) => {
			stream.respond(grpcType);
			stream.on('data', (chunk: Buffer) => stream.write(Buffer.concat([chunk, chunk])));
		};
		const client = (await clientFor(twice)).bidi({ path });
		assert.equal(text(await client.exchange(ask)), 'question');
		const { server, port } = await serve(twice);
		const resets: Promise<unknown> = new Promise((resolve) =>
			server.on('stream', (stream) => stream.once('close', () => resolve(stream.rstCode))),
		);
		await clientOf(port).bidi({ path }).exchange(ask);
		assert.equal(await resets, constants.NGHTTP2_CANCEL);
	});

	it('UNAVAILABLE: the connection of a bidirectional call is lost, and the next message makes a new one', async () => {
		const client = (await clientFor(echo)).bidi({ path });
		await client.exchange(ask);
		for (const socket of sockets.splice(0)) socket.destroy();
		await once(dials.at(-1) as TLSSocket, 'close');
		assert.equal(text(await client.exchange(ask)), 'question');
		assert.equal(dials.length, 2);
	});

	it('CANCELLED: resets a call that its caller aborts, before and after the request was sent', async () => {
		const reset: Promise<number>[] = [];
		const stop = new AbortController();
		const client = await clientFor((stream) => {
			reset.push(new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode))));
			if (reset.length === 2) stop.abort();
		});
		assert.equal((await failureOf(client.unary({ ...ask, signal: AbortSignal.abort() }))).code, 1);
		assert.equal(dials.length, 0);
		const { signal } = stop;
		const failures = [failureOf(client.unary({ ...ask, signal })), failureOf(allOf(client.stream({ ...ask, signal })))];
		assert.deepEqual(
			(await Promise.all(failures)).map(({ code }) => code),
			[1, 1],
		);
		assert.deepEqual(await Promise.all(reset), [constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
	});

	it('takes from a stream only as many messages as its caller, and resets it when the caller stops', async () => {
		const frame = frameOf(Buffer.alloc(1_000, 'x'));
		let sent = 0;
		const closed: Promise<number>[] = [];
		const client = await clientFor((stream) => {
			closed.push(new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode))));
			stream.respond(grpcType);
			const write = () => {
				for (let more = true; more && stream.writable; sent++) more = stream.write(frame);
			};
			stream.on('drain', write);
			write();
		});
		let taken = 0;
		for await (const message of client.stream(ask)) {
			assert.equal(message.length, 1_000);
			if (++taken === 3) break;
		}
		assert.equal(await closed[0], constants.NGHTTP2_CANCEL);
		assert.ok(sent < 1_000, String(sent));
	});

	it('makes a new connection after GOAWAY, and lets the open calls end', async () => {
		const { server, port } = await serve((stream, headers) => {
			// Calls that are open at GOAWAY.
			if (headers['x-last'] === undefined) return ok(stream, headers);
			stream.session?.close();
			setImmediate(() => ok(stream, headers));
		});
		let sessions = 0;
		server.on('session', () => sessions++);
		const client = clientOf(port);
		const last = { ...ask, metadata: { 'x-last': 'yes' } };
		assert.deepEqual([text(await client.unary(last)), await allOf(client.stream(last))], ['answer', ['answer']]);
		assert.equal(text(await client.unary(ask)), 'answer');
		assert.equal(sessions, 3);
	});

	it('UNAVAILABLE: the connection is lost during a call; the next one makes a new connection', async () => {
		let isLost = true;
		const client = await clientFor((stream, headers) => {
			if (!isLost) return ok(stream, headers);
			stream.respond(grpcType);
			stream.write(frameOf(Buffer.from('first')));
			setImmediate(() => sockets.at(-1)?.destroy());
		});
		for (const work of [() => client.unary(ask), () => allOf(client.stream(ask))])
			assert.deepEqual((await failureOf(work())).code, 14);
		isLost = false;
		assert.equal(text(await client.unary(ask)), 'answer');
		assert.equal(dials.length, 3);
	});

	it('fails at once while it backs off, with the error of the last connection, and then dials again', async () => {
		const { server, port } = await serve(ok);
		await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0]?.close(resolve));
		const patient = clientOf(port, { firstBackoffMs: 60_000 });
		const first = await failureOf(patient.unary(ask));
		assert.deepEqual([first.code, first.details, first.dial], [14, `connect ECONNREFUSED 127.0.0.1:${port}`, 'failed']);
		assert.equal(await failureOf(patient.unary(ask)), first);
		assert.equal(dials.length, 1);
		const eager = clientOf(port, { firstBackoffMs: 0 });
		await failureOf(eager.unary(ask));
		servers.push(server.listen(port, '127.0.0.1'));
		assert.equal(text(await eager.unary(ask)), 'answer');
	});

	it('doubles the back-off up to its most, and begins again after a connection', async () => {
		const { server, port } = await serve(ok);
		await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0]?.close(resolve));
		let nowMs = 0;
		const client = clientOf(port, { firstBackoffMs: 10, maxBackoffMs: 40 }, () => nowMs);
		const dialsAfter = async (ms: number): Promise<number> => {
			nowMs += ms;
			const { length } = dials;
			await client.unary(ask).catch(() => undefined);
			return dials.length - length;
		};
		assert.equal(await dialsAfter(0), 1);
		for (const backoffMs of [10, 20, 40, 40])
			assert.deepEqual([await dialsAfter(backoffMs - 1), await dialsAfter(1)], [0, 1], String(backoffMs));
		servers.push(server.listen(port, '127.0.0.1'));
		await once(server, 'listening');
		assert.equal(await dialsAfter(40), 1);
		for (const socket of sockets.splice(0)) socket.destroy();
		await once(dials.at(-1) as TLSSocket, 'close');
		await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0]?.close(resolve));
		assert.deepEqual([await dialsAfter(0), await dialsAfter(9), await dialsAfter(1)], [1, 0, 1]);
	});

	it('close ends the connection, an attempt to connect, and the calls that wait for it', async () => {
		const { server, port } = await serve(ok);
		const client = clientOf(port);
		await client.unary(ask);
		const ended = once(dials[0] as TLSSocket, 'close');
		client.close();
		await ended;
		assert.equal((await failureOf(client.unary(ask))).details, 'the channel is closed');
		const dialing = clientOf(port);
		const waiting = failureOf(dialing.unary(ask));
		server.once('connection', () => dialing.close());
		assert.equal((await waiting).code, 14);
	});

	it('lets open calls end after close', async () => {
		const client = await clientFor((stream, headers) => {
			client.close();
			ok(stream, headers);
		});
		assert.equal(text(await client.unary(ask)), 'answer');
	});

	it('has no connection to a server that is silent, or that closes it, after the TLS handshake', async () => {
		const tls = { ...identity, ALPNProtocols: ['h2'] };
		const silent = await listen(createTlsServer(tls, (socket) => socket.on('error', () => undefined)));
		const late = await failureOf(clientOf(silent, { dialMs: 200 }).unary(ask));
		assert.deepEqual([late.code, late.dial, late.details], [14, 'failed', 'no HTTP/2 connection after 200 ms']);
		const closing = await listen(createTlsServer(tls, (socket) => void socket.on('error', () => undefined).end()));
		const closed = await failureOf(clientOf(closing).unary(ask));
		assert.deepEqual([closed.code, closed.dial, closed.details], [14, 'closed', '']);
		const other = await listen(
			createTlsServer(
				tls,
				(socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
			),
		);
		const malformed = await failureOf(clientOf(other).unary(ask));
		assert.deepEqual([malformed.code, malformed.dial, malformed.details], [14, 'failed', 'Protocol error']);
	});

	it('accepts informational answers, and refuses headers and trailers without end', async () => {
		const informed = await clientFor((stream, headers) => {
			for (let count = 0; count < 100; count++) stream.additionalHeaders({ ':status': 103 });
			ok(stream, headers);
		});
		assert.equal(text(await informed.unary(ask)), 'answer');
		const flood: Behavior = (stream) => {
			const inform = (): void => {
				if (stream.destroyed) return;
				for (let count = 0; count < 20; count++) stream.additionalHeaders({ ':status': 103 });
				setImmediate(inform);
			};
			stream.on('error', () => undefined);
			inform();
		};
		assert.match((await failureFrom(flood)).details, /too many informational headers/);
		const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, 'x'.repeat(100)]));
		const frame = frameOf(Buffer.from('answer'));
		const status = { 'grpc-status': '0' };
		for (const behavior of [answer([frame], status, { ...grpcType, ...many }), answer([frame], { ...status, ...many })])
			assert.notEqual((await failureFrom(behavior)).code, 0);
	});

	it('refuses metadata that HTTP/2 cannot send, without its text', () => {
		assert.deepEqual(checkedMetadata({ a: 'b c~', d: ['e', ''] }), { a: 'b c~', d: ['e', ''] });
		for (const value of ['a\nb', 'a\0', '\u00e9', '\x7f'])
			for (const metadata of [{ token: value }, { token: ['a', value] }])
				assert.throws(() => checkedMetadata(metadata), new TypeError('the metadata token contains illegal characters'));
	});
});
