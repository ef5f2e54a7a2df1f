import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seeJoins } from './observer.ts';

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

describe('seeJoins', () => {
	it('returns the joins that began during the experiment, without the operations of the store', async () => {
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

	it('returns no joins and the reason when the observer does not answer', async () => {
		assert.match((await seeJoins('http://127.0.0.1:1', 0, 1)).problem ?? '', /127\.0\.0\.1:1 cannot be reached/);
		assert.match(
			(await seeJoins(await serve((_request, response) => response.end('hello')), 0, 1)).problem ?? '',
			/status 200 and no event stream/,
		);
	});
});
