import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { limits } from '../../../lib/limits.ts';
import { createHttpServer, isUpgrade } from '../../../lib/rpc/http-server.ts';
import { RequestLifetime } from '../request/lifetime.ts';
import { gzipMembers, writeAnswer } from './answer.ts';

describe('a compressed stream', () => {
	const textOf = (bytes: Uint8Array | undefined) => gunzipSync(bytes ?? Buffer.alloc(0)).toString();

	it('compresses chunks that are there together, and sends them before the next one exists', async () => {
		let release = (): void => undefined;
		const later = new Promise<void>((resolve) => {
			release = resolve;
		});
		const members = gzipMembers(
			(async function* () {
				yield 'a';
				yield Buffer.from('b');
				await later;
				yield 'c';
			})(),
		);
		assert.equal(textOf((await members.next()).value ?? undefined), 'ab');
		release();
		assert.equal(textOf((await members.next()).value ?? undefined), 'c');
		assert.equal((await members.next()).done, true);
	});

	it("flushes the data of a member before its last block, because Go's reader waits for the next member there", async () => {
		for (const text of ['a', 'x'.repeat(70_000), '']) {
			const members = gzipMembers(
				(async function* () {
					yield text;
				})(),
			);
			const member = Buffer.from((await members.next()).value ?? Buffer.alloc(0));
			assert.equal(textOf(member), text);
			const flushedThenLastBlock = '0000ffff0300';
			assert.equal(member.subarray(-14, -8).toString('hex'), flushedThenLastBlock);
		}
	});

	it('ends a member that is long, and is one valid stream', async () => {
		const chunk = 'x'.repeat(50_000);
		const members: Uint8Array[] = [];
		for await (const member of gzipMembers(
			(async function* () {
				for (let index = 0; index < 4; index++) yield chunk;
			})(),
		))
			members.push(member);
		assert.equal(members.length, 2);
		assert.equal(textOf(Buffer.concat(members)), chunk.repeat(4));
	});

	it('fails as its source does, after the chunks before', async () => {
		const members = gzipMembers(
			(async function* () {
				yield 'x'.repeat(70_000);
				throw new Error('source');
			})(),
		);
		assert.equal(textOf((await members.next()).value ?? undefined).length, 70_000);
		await assert.rejects(members.next(), /source/);
	});

	it('ends its source when its reader leaves', async () => {
		let isEnded = false;
		const members = gzipMembers(
			(async function* () {
				try {
					for (;;) yield 'a'.repeat(70_000);
				} finally {
					isEnded = true;
				}
			})(),
		);
		await members.next();
		await members.return(undefined);
		assert.equal(isEnded, true);
	});
});

describe('an answer that is a list', () => {
	const PART = 64 * 1024;
	/** Random, so that compression does not make it short. */
	const partOf = (index: number) =>
		randomBytes(PART / 2)
			.toString('hex')
			.concat(`part-${index}`);

	/** Serves `count` parts, and reports how many were made and whether the list was given up. */
	async function serve(count: number, use: (fetched: Fetched) => Promise<void>, failsAt = count): Promise<void> {
		const made: string[] = [];
		let hasEnded = false;
		const outcomes: unknown[] = [];
		async function* parts() {
			try {
				for (let index = 0; index < count; index++) {
					if (index === failsAt) throw new Error('of the list');
					made.push(partOf(index));
					yield Buffer.from(made.at(-1) ?? '');
				}
			} finally {
				hasEnded = true;
			}
		}
		const server = createServer((request, response) => {
			const lifetime = new RequestLifetime();
			response.once('close', () => lifetime.end());
			const acceptsGzip = request.headers['accept-encoding'] === 'gzip';
			const answer = { status: 200, headers: { 'Content-Type': 'text/plain' }, body: parts(), isList: true };
			writeAnswer(response, answer, { acceptsGzip, lifetime })?.then(
				() => outcomes.push('written'),
				(error: unknown) => {
					outcomes.push(error);
					response.destroy();
				},
			);
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		const ask = async (headers: Record<string, string>) => {
			const [response] = await once(get({ host: '127.0.0.1', port, headers, agent: false }), 'response');
			return response as IncomingMessage;
		};
		try {
			await use({ ask, made, outcomes, hasEnded: () => hasEnded });
		} finally {
			server.closeAllConnections();
			server.close();
		}
	}
	interface Fetched {
		readonly ask: (headers: Record<string, string>) => Promise<IncomingMessage>;
		readonly made: readonly string[];
		readonly outcomes: readonly unknown[];
		readonly hasEnded: () => boolean;
	}

	it('has a length and is not compressed when it is short', () =>
		serve(1, async ({ ask, made }) => {
			const response = await ask({ 'accept-encoding': 'gzip' });
			assert.equal((await buffer(response)).toString(), made.join(''));
			assert.equal(response.headers['content-length'], String(made.join('').length));
			assert.equal(response.headers['content-encoding'], undefined);
		}));

	for (const encoding of ['gzip', 'identity'])
		it(`arrives whole when it is long, for a caller that accepts ${encoding}`, () =>
			serve(40, async ({ ask, made }) => {
				const response = await ask({ 'accept-encoding': encoding });
				const bytes = await buffer(response);
				assert.equal(response.headers['content-encoding'], encoding === 'gzip' ? 'gzip' : undefined);
				assert.equal((encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString(), made.join(''));
			}));

	for (const encoding of ['gzip', 'identity']) {
		it(`is not made faster than it is read, and ends with its caller (${encoding})`, () =>
			serve(2_000, async ({ ask, made, outcomes, hasEnded }) => {
				const response = await ask({ 'accept-encoding': encoding });
				for (let before = -1; made.length > before; await delay(100)) before = made.length;
				assert.ok(made.length < 1_000, `${made.length} parts`);
				assert.equal(hasEnded(), false);
				response.destroy();
				while (!hasEnded() || outcomes.length === 0) await delay(5);
				assert.deepEqual(outcomes, ['written']);
			}));

		it(`is cut off, not ended, when a part fails (${encoding})`, () =>
			serve(
				40,
				async ({ ask, outcomes }) => {
					const response = await ask({ 'accept-encoding': encoding });
					await assert.rejects(buffer(response), { code: 'ECONNRESET' });
					assert.deepEqual(outcomes.map(String), ['Error: of the list']);
				},
				20,
			));
	}

	const head = 'GET / HTTP/1.1\r\nHost: a\r\n';
	const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n';
	const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
	for (const { version, sent = '', more } of [
		{ version: 'HTTP/1.1', sent: `${head}\r\n` },
		{ version: 'HTTP/1.1, and sends empty lines', sent: `${head}\r\n`, more: '\r\n' },
		{ version: 'a WebSocket, and sends pings', sent: `${head}${upgrade}\r\n`, more: ping },
		{ version: 'HTTP/2' },
	])
		it(`httpAnswerTime: is cut when its client reads nothing, over ${version}`, async () => {
			const refused: string[] = [];
			let isGivenUp = false;
			async function* endless() {
				try {
					for (;;) yield Buffer.alloc(PART);
				} finally {
					isGivenUp = true;
				}
			}
			const http = createHttpServer(
				(request, response) => {
					const lifetime = new RequestLifetime();
					response.once('close', () => lifetime.end());
					// The time of the table is too long for a test.
					const setTimeoutOf = response.setTimeout.bind(response);
					response.setTimeout = (ms, listener) => setTimeoutOf(ms === limits.httpAnswerTime.value ? 50 : ms, listener);
					const body = endless();
					const answer = isUpgrade(request)
						? { status: 101, headers: {}, body, webSocket: 'binary' as const }
						: { status: 200, headers: {}, body, isList: true };
					return writeAnswer(response, answer, { acceptsGzip: false, lifetime });
				},
				{
					...{ unforeseen: () => assert.fail('unforeseen'), count: (limit) => refused.push(limit) },
					acceptsUpgrades: true,
				},
			);
			const isSecond = version === 'HTTP/2';
			const server = isSecond ? createHttp2Server((...exchange) => http.emit('request', ...exchange)) : http;
			await once(server.listen(0, '127.0.0.1'), 'listening');
			const { port } = server.address() as AddressInfo;
			let sending: NodeJS.Timeout | undefined;
			const client = isSecond ? connectHttp2(`http://127.0.0.1:${port}`) : connect(port, '127.0.0.1');
			try {
				client.on('error', () => undefined);
				if ('request' in client) client.request({ ':path': '/' }).on('error', () => undefined);
				else {
					client.pause().write(sent);
					if (more !== undefined) sending = setInterval(() => client.write(more), 10);
				}
				while (!isGivenUp) await delay(5);
				assert.deepEqual(refused, ['httpAnswerTime']);
			} finally {
				clearInterval(sending);
				client.destroy();
				server.close();
			}
		});
});
