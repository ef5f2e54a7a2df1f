import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import type { Request, Response } from 'express';
import { hasCode } from '../../lib/errors.ts';
import { type LimitName, limits } from '../../lib/limits.ts';
import type { Join } from './api.ts';
import { createJoins, type Joins } from './joins.ts';
import { OpenJoins } from './open-joins.ts';
import type { Span } from './otlp.ts';
import { joinedSpans, phase, span, traceId } from './spans.fixture.ts';
import { createStreams, streamAll, streamJoin } from './stream.ts';

/** A reader that takes everything, or nothing. */
class Reader extends EventEmitter {
	text = '';
	writableLength = 0;
	destroyed = false;
	isTaking = true;
	writeHead(): void {}
	write(chunk: string): boolean {
		this.text += chunk;
		if (!this.isTaking) this.writableLength += chunk.length;
		return this.isTaking;
	}
	take(): void {
		this.writableLength = 0;
		this.emit('drain');
	}
	destroy(): void {
		this.destroyed = true;
		this.emit('close');
	}
	count(event: string): number {
		return this.text.split(`event: ${event}\n`).length - 1;
	}
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a stream', () => {
	let counted: LimitName[];
	let joins: Joins;
	let open: (reader: Reader, address?: string, query?: object) => ReturnType<ReturnType<typeof createStreams>['open']>;
	let readers: Reader[];
	beforeEach(() => {
		mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
		counted = [];
		readers = [];
		joins = createJoins({ keptJoins: 10, keptLines: 10, clock: () => 0 });
		const streams = createStreams((name) => counted.push(name));
		open = (reader, remoteAddress = '127.0.0.1', query = {}) => {
			const request = { socket: { remoteAddress }, query } as unknown as Request;
			const stream = streams.open(request, reader as unknown as Response);
			readers.push(reader);
			return stream;
		};
	});
	afterEach(() => {
		for (const reader of readers) reader.destroy();
		mock.timers.reset();
	});
	const source = () => ({
		joins,
		openJoins: new OpenJoins(joins),
		cluster: { follow: async () => undefined, issued: () => [] },
		session: { key: 'k', actions: [], version: 'v1' },
		clock: () => 0,
	});
	const add = (spans: readonly Span[]) => {
		joins.add(spans);
		joins.flush();
	};
	/** Joins whose steps are 300 kB of JSON each. */
	const addLong = (number: number) => {
		for (let id = 1; id <= number; id++) {
			const spans = Array.from({ length: 250 }, (_, index) =>
				span(index + 100, 'm', { kind: 'client', attributes: { 'rpc.service': 's'.repeat(1_000), 'rpc.method': 'm' } }),
			);
			add([phase(2, 'preflight'), ...spans].map((one) => ({ ...one, traceId: id.toString(16).padStart(32, '0') })));
		}
	};

	it('sends the present state, then every change once, until the reader disconnects', async () => {
		add(joinedSpans.slice(0, 4));
		const reader = new Reader();
		streamAll(source(), open(reader), true);
		await turn();
		const known = reader.count('step');
		assert.ok(known > 0, 'nothing was sent');
		assert.match(reader.text, /event: storm\n[^\n]+\n\n$/);
		add(joinedSpans);
		assert.equal(new Set(reader.text.match(/"id":"[0-9a-f-]+","join"/g)).size, joins.steps(traceId).length);
		reader.destroy();
		const before = reader.text;
		add([span(99, 'm', { kind: 'client' })]);
		mock.timers.tick(60_000);
		assert.equal(reader.text, before);
	});

	it('in batches has every event, in order, and one write in 100 ms', async () => {
		const plain = new Reader();
		const batched = new Reader();
		for (const [reader, query] of [
			[plain, {}],
			[batched, { batch: 'true' }],
		] as const)
			streamAll(source(), open(reader, '127.0.0.1', query), true);
		await turn();
		for (const spans of [joinedSpans.slice(0, 4), joinedSpans]) {
			add(spans);
			assert.equal(batched.count('batch'), 0);
		}
		mock.timers.tick(100);
		assert.equal(batched.count('batch'), 1);
		const [, json = ''] = /^event: batch\ndata: (.*)$/m.exec(batched.text) ?? [];
		assert.deepEqual(
			(JSON.parse(json) as [string, unknown][]).map(([event, data]) => `${event} ${JSON.stringify(data)}`),
			[...plain.text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, event, data]) => `${event} ${data}`),
		);
		batched.destroy();
		add([span(99, 'm', { kind: 'client' })]);
		mock.timers.tick(1_000);
		assert.equal(batched.count('batch'), 1);
	});

	it('of one join has its steps and no other’s', async () => {
		const other = 'f'.repeat(32);
		add([...joinedSpans, ...joinedSpans.map((one) => ({ ...one, traceId: other }))]);
		const reader = new Reader();
		streamJoin(source(), open(reader), traceId);
		await turn();
		assert.deepEqual([reader.count('join'), reader.count('step')], [1, joins.steps(traceId).length]);
		assert.ok(!reader.text.includes(other), 'the other join is in the stream');
	});

	it('to a reader that does not keep up ends, and that is counted', async () => {
		const reader = new Reader();
		streamAll(source(), open(reader), true);
		await turn();
		reader.isTaking = false;
		addLong(5);
		assert.ok(reader.destroyed, 'it is still open');
		assert.deepEqual(counted, ['pageStreamBytes']);
		assert.ok(reader.text.length < 2 * limits.pageStreamBytes.value, `${reader.text.length} characters`);
	});

	it('to a late reader waits until it has taken a piece, and ends when it takes nothing for half a minute', async () => {
		addLong(8);
		const reader = new Reader();
		reader.isTaking = false;
		streamAll(source(), open(reader), true);
		for (let turns = 0; turns < 3; turns++) {
			await turn();
			assert.ok(
				reader.writableLength > 200_000 && reader.writableLength < 300_000,
				`${reader.writableLength} bytes wait`,
			);
			reader.take();
		}
		await turn();
		mock.timers.tick(limits.pageStreamStalledMs.value - 1);
		assert.equal(reader.destroyed, false);
		mock.timers.tick(1);
		assert.ok(reader.destroyed, 'it is still open');
		assert.deepEqual(counted, ['pageStreamStalledMs']);
	});

	it('has a heartbeat', () => {
		const reader = new Reader();
		open(reader);
		mock.timers.tick(45_000);
		assert.equal(reader.text.match(/^: $/gm)?.length, 3);
	});

	it('is refused with OBSERVER_BUSY above the limits of an address and of all', () => {
		const perAddress = limits.pageStreamsPerAddress.value;
		for (let number = 0; number < perAddress; number++) open(new Reader());
		const busy = (error: unknown) => hasCode(error, 'OBSERVER_BUSY');
		assert.throws(() => open(new Reader()), busy);
		for (let number = perAddress; number < limits.pageStreams.value; number++) open(new Reader(), `10.0.0.${number}`);
		assert.throws(() => open(new Reader(), '10.1.0.1'), busy);
		assert.deepEqual(counted, ['pageStreamsPerAddress', 'pageStreams']);
		readers[0]?.destroy();
		open(new Reader());
	});

	it('frees one place when it is closed twice', () => {
		const perAddress = limits.pageStreamsPerAddress.value;
		for (let number = 0; number < perAddress; number++) open(new Reader());
		readers[0]?.destroy();
		readers[0]?.destroy();
		open(new Reader());
		assert.throws(
			() => open(new Reader()),
			(error: unknown) => hasCode(error, 'OBSERVER_BUSY'),
		);
	});

	it('sends a join that was forgotten without its steps', async () => {
		for (let number = 1; number <= 12; number++)
			add(joinedSpans.map((one) => ({ ...one, traceId: number.toString(16).padStart(32, '0') })));
		const reader = new Reader();
		streamAll(source(), open(reader), true);
		await turn();
		const told = [...reader.text.matchAll(/^event: join\ndata: (.*)$/gm)].map(
			([, json = '']) => JSON.parse(json) as Join,
		);
		assert.equal(told.filter(({ isForgotten }) => isForgotten).length, 0);
		assert.equal(told.length, 10);
	});
});
