import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type LimitName, limits } from '../../lib/limits.ts';
import { deriveTracesKey, type TracedProgram } from '../../lib/traces-key.ts';
import { type Asked, keptLog, type ServedApp, serveApp } from './app.fixture.ts';
import { createAuthenticate } from './authenticate.ts';
import type { Span } from './otlp.ts';
import { createTracesApp } from './traces-app.ts';

const rootKey = 'r'.repeat(43);
const bearer = (program: TracedProgram) => `Bearer ${deriveTracesKey(rootKey, program)}`;
const json = { 'content-type': 'application/json', host: 'localhost' };
const known = { ...json, authorization: bearer('kubelet-sim') };

const exported = (service: string, span: object = {}) => ({
	resourceSpans: [
		{
			resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
			scopeSpans: [
				{
					spans: [
						{
							...{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'join', kind: 1 },
							...{ startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000000100000000' },
							...span,
						},
					],
				},
			],
		},
	],
});

describe('the port that receives traces', () => {
	let app: ServedApp;
	let spans: Span[];
	let bodies: Buffer[];
	let counted: LimitName[];
	let logged: readonly string[];
	beforeEach(async () => {
		spans = [];
		bodies = [];
		counted = [];
		const { log, lines } = keptLog();
		logged = lines;
		const traces = createTracesApp({
			authenticate: createAuthenticate(rootKey),
			hosts: ['localhost', '127.0.0.1', '[::1]', 'observer'],
			onSpans(received, body) {
				spans.push(...received);
				bodies.push(body);
			},
			count: (name) => counted.push(name),
			clock: () => performance.now(),
			log,
		});
		app = await serveApp(traces);
	});
	afterEach(() => app.close());

	const post = ({ body = JSON.stringify(exported('kubelet-sim')), headers = {} }: Asked = {}) =>
		app.ask({ method: 'POST', path: '/v1/traces', headers: { ...known, ...headers }, body });

	it('accepts the spans of a program with its key', async () => {
		const { status, text } = await post();
		assert.deepEqual([status, text, spans.length], [200, '{}', 1]);
		assert.deepEqual(JSON.parse(String(bodies[0])), exported('kubelet-sim'));
	});

	it('PAGE_BAD_REQUEST: refuses more values than the limit', async () => {
		const groups = (count: number) => `{"resourceSpans":[${Array(count).fill('{}').join()}]}`;
		const { value } = limits.tracesValues;
		assert.equal((await post({ body: groups(value / 2 - 2) })).status, 200);
		const { status, code } = await post({ body: groups(value) });
		assert.deepEqual([status, code, counted], [400, 'PAGE_BAD_REQUEST', ['tracesValues']]);
	});

	it('refuses a request without its key with TRACES_UNAUTHENTICATED, and does not read it', async () => {
		for (const authorization of ['', 'Bearer x', `Bearer ${rootKey}`]) {
			const { status, code, headers } = await post({ headers: { authorization }, body: 'x'.repeat(100_000) });
			assert.deepEqual([status, code], [401, 'TRACES_UNAUTHENTICATED']);
			assert.match(String(headers['www-authenticate']), /^Bearer /);
		}
		assert.deepEqual([spans, bodies], [[], []]);
	});

	it('leaves out spans in the name of another program, and the answer says so', async () => {
		for (const service of ['ca-service', 'kubelet-sim ', '', 'attacker-sim']) {
			const { status, text } = await post({ body: JSON.stringify(exported(service)) });
			assert.equal(status, 200);
			assert.deepEqual(JSON.parse(text), {
				partialSuccess: {
					rejectedSpans: '1',
					errorMessage: 'service.name is not kubelet-sim, whose key this is',
				},
			});
		}
		assert.deepEqual(spans, []);
	});

	it('refuses another host name with TRACES_REQUEST_REFUSED, also with the key', async () => {
		for (const host of ['evil.example', 'evil.example:4318', 'localhost.evil.example', 'observer.', '0.0.0.0'])
			assert.deepEqual((await post({ headers: { host } })).code, 'TRACES_REQUEST_REFUSED', host);
		for (const host of ['localhost:6446', '127.0.0.1:1', '[::1]:4318', 'observer:4318', 'OBSERVER'])
			assert.equal((await post({ headers: { host } })).status, 200, host);
	});

	it('refuses a web page with TRACES_REQUEST_REFUSED, also with the key', async () => {
		for (const headers of [
			{ origin: 'https://evil.example' },
			{ origin: 'null' },
			{ origin: 'http://localhost' },
			{ 'sec-fetch-site': 'cross-site' },
			{ 'sec-fetch-site': 'same-origin' },
		] as Record<string, string>[])
			assert.equal((await post({ headers })).code, 'TRACES_REQUEST_REFUSED', JSON.stringify(headers));
		assert.deepEqual(spans, []);
	});

	it('refuses a body that is not JSON in UTF-8, or cannot be decompressed, with PAGE_BAD_REQUEST', async () => {
		const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - 3);
		const body = JSON.stringify(exported('kubelet-sim', { name: 'x'.repeat(200) }));
		const bad: [string, Record<string, string>, string | Uint8Array][] = [
			['text/plain', { 'content-type': 'text/plain' }, body],
			['a form', { 'content-type': 'application/x-www-form-urlencoded' }, body],
			['no type', { 'content-type': '' }, body],
			['another charset', { 'content-type': 'application/json; charset=iso-8859-1' }, body],
			['UTF-16', { 'content-type': 'application/json; charset=utf-16le' }, Buffer.from(body, 'utf16le')],
			['not UTF-8', {}, Buffer.from([0x22, 0xff, 0xfe, 0x22])],
			['nothing', {}, ''],
			['half', {}, body.slice(0, 50)],
			['deep', {}, '['.repeat(200_000)],
			['gzip that is none', { 'content-encoding': 'gzip' }, body],
			['half gzip', { 'content-encoding': 'gzip' }, cut(gzipSync(body))],
			['deflate that is none', { 'content-encoding': 'deflate' }, body],
			['half deflate', { 'content-encoding': 'deflate' }, cut(deflateSync(body))],
			['br that is none', { 'content-encoding': 'br' }, body],
			['half br', { 'content-encoding': 'br' }, cut(brotliCompressSync(body))],
			['gzip with a wrong checksum', { 'content-encoding': 'gzip' }, withWrongEnd(gzipSync(body))],
			['an encoding that there is not', { 'content-encoding': 'zip' }, body],
		];
		for (const [what, headers, sent] of bad) {
			const { status, code } = await post({ headers, body: sent });
			assert.deepEqual([status, code], [400, 'PAGE_BAD_REQUEST'], what);
		}
		assert.deepEqual(spans, []);
		assert.ok(!logged.some((line) => line.includes('"level":"error"')), logged.join(''));
	});

	it('leaves out invalid spans without an error', async () => {
		for (const span of [
			{ status: { code: 2, message: { toString: 1 } } },
			{ status: { code: 2, message: ['x'] } },
			{ name: { toString: null } },
			{ attributes: { length: 3 } },
			{ attributes: [{ key: 'k', value: { stringValue: { toString: 1 } } }] },
			{ events: [null, 7, { name: 'e', timeUnixNano: {} }] },
			{ kind: { valueOf: 1 } },
			{ parentSpanId: { length: 16 } },
			JSON.parse('{"__proto__": {"traceId": 1}, "constructor": 1}'),
		]) {
			const { status } = await post({ body: JSON.stringify(exported('kubelet-sim', span)) });
			assert.equal(status, 200, JSON.stringify(span));
		}
		for (const body of ['null', '7', '"x"', '[]', '{"resourceSpans":{"length":1}}', '{"resourceSpans":[null,[],7]}'])
			assert.equal((await post({ body })).status, 200, body);
	});

	it('accepts compressed bodies', async () => {
		const body = JSON.stringify(exported('kubelet-sim'));
		for (const [encoding, bytes] of [
			['gzip', gzipSync(body)],
			['deflate', deflateSync(body)],
			['br', brotliCompressSync(body)],
		] as const)
			assert.equal((await post({ headers: { 'content-encoding': encoding }, body: bytes })).status, 200, encoding);
		assert.equal(spans.length, 3);
	});

	it('refuses a body above the limit with PAGE_TOO_LARGE, also when it is short only while compressed', async () => {
		const max = limits.tracesBodyBytes.value;
		const long = Buffer.alloc(max + 1, ' ');
		const { status, code } = await post({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(long) });
		assert.deepEqual([status, code, counted], [413, 'PAGE_TOO_LARGE', ['tracesBodyBytes']]);
		const whole = Buffer.alloc(max, ' ');
		whole.write(JSON.stringify(exported('kubelet-sim')));
		assert.equal((await post({ body: whole })).status, 200);
	});

	it('refuses too many bytes at the same time with OBSERVER_BUSY and the time to retry', async () => {
		const max = limits.tracesBodyBytes.value;
		const head = (program: TracedProgram) =>
			`POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${max}\r\n` +
			`Authorization: ${bearer(program)}\r\nExpect: 100-continue\r\n\r\n`;
		const sockets = await Promise.all(
			Array.from({ length: limits.tracesBytesInFlight.value / max }, async () => {
				const socket = connect(app.port, '127.0.0.1');
				socket.write(head('ca-service'));
				// The server has seen the headers when it asks for the body.
				await once(socket, 'data');
				return socket;
			}),
		);
		const { status, code, headers } = await post();
		assert.deepEqual([status, code, headers['retry-after']], [429, 'OBSERVER_BUSY', '1']);
		assert.deepEqual(counted, ['tracesBytesInFlight']);
		for (const socket of sockets) socket.destroy();
		while ((await post()).status !== 200);
	});

	it('refuses any other path and method with PAGE_NOT_FOUND', async () => {
		for (const [method, path] of [
			['GET', '/v1/traces'],
			['POST', '/'],
			['POST', '//'],
			['GET', '/%ff'],
			['POST', '/v1/traces/%00'],
			['PUT', '/v1/traces'],
			['POST', '/v1/metrics'],
			['GET', `/${'x'.repeat(10_000)}`],
		] as const) {
			const { status, text } = await app.ask({ method, path, headers: known });
			assert.equal(status, 404, path);
			assert.ok(text.length < 1_000, `${text.length} characters`);
		}
	});

	it('logs no key', async () => {
		await post({ headers: { authorization: 'Bearer hunter2hunter2' } });
		await post({ body: '{' });
		const key = deriveTracesKey(rootKey, 'kubelet-sim');
		assert.ok(logged.length >= 2, 'nothing was logged');
		for (const secret of ['hunter2', key, rootKey]) assert.ok(!logged.join('').includes(secret), secret);
	});
});

function withWrongEnd(bytes: Buffer): Buffer {
	const wrong = Buffer.from(bytes);
	wrong[wrong.length - 6] = (wrong[wrong.length - 6] ?? 0) ^ 0xff;
	return wrong;
}
