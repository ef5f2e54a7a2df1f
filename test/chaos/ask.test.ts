import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { machine } from '../../chaos/runner/fixtures/fixtures.ts';
import { runHttp } from '../../chaos/runner/http-provider.ts';
import type { JsonMap } from '../../chaos/runner/json.ts';
import { seeJoins } from '../../chaos/runner/observer.ts';

let server: Server | undefined;
async function serve(listener: RequestListener): Promise<string> {
	const listening = createServer(listener);
	server = listening;
	await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
	return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}
afterEach(() => {
	server?.closeAllConnections();
	server?.close();
	server = undefined;
});

describe('the http provider', () => {
	const values = { configuration: { name: 'a b' }, secrets: {} };
	const ask = (provider: JsonMap, signal = new AbortController().signal) =>
		runHttp(provider, { machine, values, signal });
	const echo: RequestListener = (request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			response.writeHead(request.url === '/bad' ? 503 : 200, { 'Content-Type': 'application/json', 'X-Own': 'yes' });
			response.end(
				JSON.stringify({
					method: request.method,
					url: request.url,
					type: request.headers['content-type'],
					body: Buffer.concat(chunks).toString(),
				}),
			);
		});
	};
	const variable = `$${'{name}'}`;

	it('asks with parameters, a form or JSON, and takes an answer that is JSON for a value', async () => {
		const url = await serve(echo);
		const got = await ask({ url: `${url}/x?a=1`, arguments: { n: variable, l: [1, 2] } });
		assert.deepEqual(
			[got.status, (got.headers as JsonMap)['X-Own'], (got.body as JsonMap).url],
			[200, 'yes', '/x?a=1&n=a+b&l=1&l=2'],
		);
		const form = (await ask({ url, method: 'post', arguments: { n: variable } })).body as JsonMap;
		assert.deepEqual([form.method, form.type, form.body], ['POST', 'application/x-www-form-urlencoded', 'n=a+b']);
		const json = (
			await ask({ url, method: 'PUT', headers: { 'Content-Type': 'application/json' }, arguments: { n: [variable] } })
		).body as JsonMap;
		assert.deepEqual([json.type, json.body], ['application/json', '{"n":["a b"]}']);
		assert.equal((await ask({ url: `${url}/bad` })).status, 503);
	});

	it('follows, gives up after its time, and stops when it is told to', async () => {
		const url = await serve((request, response) => {
			if (request.url === '/from') response.writeHead(302, { location: '/to' }).end();
			else if (request.url === '/to') response.end('there');
		});
		assert.equal((await ask({ url: `${url}/from` })).body, 'there');
		await assert.rejects(ask({ url: `${url}/never`, timeout: 0.2 }), /took longer than 0.2 s/);
		const stop = new AbortController();
		const stopped = assert.rejects(ask({ url: `${url}/never` }, stop.signal), /told to stop/);
		stop.abort();
		await stopped;
	});
});

describe('the joins of an experiment', () => {
	it('are those that began while it ran, with their steps, and without those of the store', async () => {
		const join = { id: 'a', node: 'n', startedMs: 10, durationMs: 1, state: 'joined' };
		const step = {
			id: '1',
			join: 'a',
			kind: 'message',
			from: 'n',
			to: 's',
			label: 'get',
			startMs: 0,
			durationMs: 1,
			secretField: 'x',
		};
		const events: readonly (readonly [string, object])[] = [
			['join', join],
			['join', { ...join, id: 'before', startedMs: 1 }],
			['step', { ...step, id: '2', startMs: 5 }],
			['step', step],
			['step', { ...step, id: '3', kind: 'store' }],
			['step', { ...step, join: 'before' }],
			['storm', {}],
			['join', { ...join, state: 'refused', failure: { code: 'C', sentence: 's', remedy: 'r' } }],
		];
		const url = await serve((_request, response) => {
			response.writeHead(200, { 'content-type': 'text/event-stream' });
			for (const [event, data] of events) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
		});
		const { joins, more, problem } = await seeJoins(url, 5, 20);
		const { join: _of, secretField: _own, ...kept } = step;
		assert.deepEqual(
			[joins, more, problem],
			[
				[
					{
						...join,
						state: 'refused',
						failure: { code: 'C', sentence: 's' },
						steps: [kept, { ...kept, id: '2', startMs: 5 }],
					},
				],
				0,
				undefined,
			],
		);
	});

	it('are none with a reason when nobody answers, or somebody else does', async () => {
		assert.match((await seeJoins('http://127.0.0.1:1', 0, 1)).problem ?? '', /127\.0\.0\.1:1 cannot be reached/);
		assert.match(
			(await seeJoins(await serve((_request, response) => response.end('hello')), 0, 1)).problem ?? '',
			/and not with a stream/,
		);
	});
});
