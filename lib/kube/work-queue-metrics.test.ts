import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { createLog } from '../log.ts';
import { startWorkQueue } from './work-queue.ts';
import { workQueueMetrics } from './work-queue-metrics.ts';

describe('workQueueMetrics', () => {
	let registry: Registry;
	let nowMs: number;
	const elapsedMs = () => nowMs;
	const sample = async (line: string) => {
		const found = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${line} `));
		return found === undefined ? undefined : Number(found.slice(line.length + 1));
	};
	const of = (metric: string) => sample(`workqueue_${metric}{name="q"}`);

	beforeEach(() => {
		registry = new Registry();
		nowMs = 1_000;
	});

	it('a queue is there with zeros before anything is added', async () => {
		workQueueMetrics(registry, elapsedMs)('q');
		const metrics = [
			'depth',
			'adds_total',
			'retries_total',
			'unfinished_work_seconds',
			'longest_running_processor_seconds',
		];
		for (const metric of [...metrics, 'queue_duration_seconds_count', 'work_duration_seconds_count'])
			assert.equal(await of(metric), 0, metric);
	});

	it('counts the waiting keys, the keys in progress, and their durations', async () => {
		const { added, started, retried } = workQueueMetrics(registry, elapsedMs)('q');
		for (let i = 0; i < 3; i++) added();
		const first = started(20);
		nowMs += 2_000;
		const second = started(40);
		nowMs += 1_000;
		assert.deepEqual([await of('depth'), await of('adds_total')], [1, 3]);
		assert.deepEqual([await of('unfinished_work_seconds'), await of('longest_running_processor_seconds')], [4, 3]);
		first();
		second();
		retried();
		assert.deepEqual([await of('unfinished_work_seconds'), await of('longest_running_processor_seconds')], [0, 0]);
		assert.equal(await of('queue_duration_seconds_sum'), 0.06);
		assert.deepEqual(
			[await of('work_duration_seconds_sum'), await of('work_duration_seconds_count'), await of('retries_total')],
			[4, 2, 1],
		);
	});

	it("has upstream's ten buckets, from 10 ns to 10 s", async () => {
		workQueueMetrics(registry, elapsedMs)('q');
		const bounds = [
			...(await registry.metrics()).matchAll(/^workqueue_work_duration_seconds_bucket\{le="([^"]*)"/gm),
		].map(([, bound]) => Number(bound));
		assert.equal(bounds.length, 11);
		assert.ok(
			Math.abs((bounds[0] ?? 0) / 1e-8 - 1) < 1e-9 && Math.abs((bounds[9] ?? 0) / 10 - 1) < 1e-9,
			bounds.join(),
		);
	});
});

describe('the observer of a work queue', () => {
	const log = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });

	it('sees a key once while it waits, its work from begin to end, and keys that are due later', async () => {
		const seen: string[] = [];
		let finish: () => void = () => undefined;
		const work = async (key: string) => {
			if (key === 'bad') throw new Error('no');
			await new Promise<void>((resolve) => {
				finish = resolve;
			});
		};
		const observe = (name: string) => ({
			added: () => void seen.push(`${name} added`),
			retried: () => void seen.push('retried'),
			started(waitedMs: number) {
				assert.ok(waitedMs >= 0);
				seen.push('started');
				return () => void seen.push('ended');
			},
		});
		const queue = startWorkQueue('q', work, log, observe);
		queue.add('good');
		queue.add('good');
		queue.add('good');
		assert.deepEqual(seen.splice(0), ['q added', 'started', 'q added']);
		queue.add('bad');
		await new Promise(setImmediate);
		assert.deepEqual(seen.splice(0), ['q added', 'started', 'retried', 'ended']);
		queue.add('later', 60_000);
		assert.deepEqual(seen.splice(0), ['retried']);
		const closed = queue.close();
		finish();
		await closed;
		assert.deepEqual(seen, ['ended']);
	});
});
