/**
 * Metrics of work queues, under upstream's names. The label of a queue is its name in the code; a key is never a label.
 * @source k8s.io/component-base metrics/prometheus/workqueue metrics.go; k8s.io/client-go util/workqueue metrics.go
 */
import { Counter, exponentialBuckets, Gauge, Histogram } from 'prom-client';
import type { ElapsedMs, Registry } from '../metrics.ts';
import type { ObserveQueue } from './work-queue.ts';

const labelNames = ['name'] as const;
const buckets = exponentialBuckets(10e-9, 10, 10);

export function workQueueMetrics(registry: Registry, elapsedMs: ElapsedMs): ObserveQueue {
	const common = { labelNames, registers: [registry] };
	/** Start times of the keys in progress, by queue. */
	const running = new Map<string, Set<{ readonly startedMs: number }>>();
	const ages = (name: string): number[] =>
		[...(running.get(name) ?? [])].map(({ startedMs }) => (elapsedMs() - startedMs) / 1000);
	const ageGauge = (name: string, help: string, of: (seconds: readonly number[]) => number) =>
		new Gauge({
			name,
			help,
			...common,
			collect() {
				for (const queue of running.keys()) this.set({ name: queue }, of(ages(queue)));
			},
		});

	const depth = new Gauge({ name: 'workqueue_depth', help: 'Current depth of workqueue', ...common });
	const adds = new Counter({
		name: 'workqueue_adds_total',
		help: 'Total number of adds handled by workqueue',
		...common,
	});
	const retries = new Counter({
		name: 'workqueue_retries_total',
		help: 'Total number of retries handled by workqueue',
		...common,
	});
	const queueDuration = new Histogram({
		name: 'workqueue_queue_duration_seconds',
		help: 'How long in seconds an item stays in workqueue before being requested.',
		buckets,
		...common,
	});
	const workDuration = new Histogram({
		name: 'workqueue_work_duration_seconds',
		help: 'How long in seconds processing an item from workqueue takes.',
		buckets,
		...common,
	});
	ageGauge(
		'workqueue_unfinished_work_seconds',
		"How many seconds of work has done that is in progress and hasn't been observed by work_duration. " +
			'Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate ' +
			'at which this increases.',
		(seconds) => seconds.reduce((sum, age) => sum + age, 0),
	);
	ageGauge(
		'workqueue_longest_running_processor_seconds',
		'How many seconds has the longest running processor for workqueue been running.',
		(seconds) => Math.max(0, ...seconds),
	);

	return (name) => {
		const labels = { name };
		const underWay = new Set<{ readonly startedMs: number }>();
		running.set(name, underWay);
		for (const metric of [depth, adds, retries]) metric.inc(labels, 0);
		for (const histogram of [queueDuration, workDuration]) histogram.zero(labels);
		return {
			added() {
				adds.inc(labels);
				depth.inc(labels);
			},
			retried: () => retries.inc(labels),
			started(waitedMs) {
				depth.dec(labels);
				queueDuration.observe(labels, waitedMs / 1000);
				const work = { startedMs: elapsedMs() };
				underWay.add(work);
				return () => {
					underWay.delete(work);
					workDuration.observe(labels, (elapsedMs() - work.startedMs) / 1000);
				};
			},
		};
	};
}
