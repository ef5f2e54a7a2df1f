/**
 * The metrics of one process, in a registry that is passed to the code that counts; there is no global registry. The
 * values of a label are few and known in advance: a name, address, token or text of a caller is never a label.
 */
import { Counter, collectDefaultMetrics, type Histogram, type LabelValues, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

/** Milliseconds from a clock that never jumps, since an arbitrary moment. */
export type ElapsedMs = () => number;

/** The label of an unexpected value. @source apiserver/pkg/endpoints/metrics OtherRequestMethod */
export const OTHER = 'other';

/** The outcome of an operation, as a label. */
export type Outcome = 'done' | 'failed';

/** Creates a registry with the metrics of any process: processor, memory, garbage collection, event loop. */
export function createRegistry(): Registry {
	const registry = new Registry();
	collectDefaultMetrics({ register: registry });
	return registry;
}

interface SeriesConfiguration<Label extends string> {
	readonly name: string;
	readonly help: string;
	readonly labelNames: readonly Label[];
}

/**
 * A counter whose series are found once. Each time that prom-client counts, it joins all labels to one text, which
 * takes longer than an authorization; here it does so when the metrics are read.
 *
 * @returns  creates the series of these labels, which adds one; the caller keeps it and creates no second one
 */
export function seriesCounter<Label extends string>(
	registry: Registry,
	configuration: SeriesConfiguration<Label>,
): (labels: LabelValues<Label>) => () => void {
	const series: { readonly labels: LabelValues<Label>; uncounted: number }[] = [];
	const counter = new Counter({
		...configuration,
		registers: [registry],
		collect() {
			for (const one of series) {
				if (one.uncounted > 0) counter.inc(one.labels, one.uncounted);
				one.uncounted = 0;
			}
		},
	});
	return (labels) => {
		const one = { labels, uncounted: 0 };
		series.push(one);
		counter.inc(labels, 0);
		return () => {
			one.uncounted++;
		};
	};
}

/** For the series of a metric: their keys are few and known in advance, as the values of their labels. */
export function memoized<Input, Output>(make: (input: Input) => Output): (key: string, input: Input) => Output {
	const made = new Map<string, Output>();
	return (key, input) => {
		const known = made.get(key);
		if (known !== undefined) return known;
		const output = make(input);
		made.set(key, output);
		return output;
	};
}

interface Measured {
	readonly labels: LabelValues<string>;
	/** Of each bucket, and of the values above the last one. */
	readonly counts: number[];
	sum: number;
}

/**
 * A histogram whose series are found once, as those of `seriesCounter`. The histogram of prom-client has no such form.
 *
 * @param configuration  the upper bounds of the buckets, in their order
 * @returns  creates the series of these labels, which adds a value
 */
export function seriesHistogram<Label extends string>(
	registry: Registry,
	{ buckets, ...configuration }: SeriesConfiguration<Label> & { readonly buckets: readonly number[] },
): (labels: LabelValues<Label>) => (value: number) => void {
	const all: Measured[] = [];
	const metric = {
		...configuration,
		type: 'histogram',
		aggregator: 'sum',
		get: async () => ({ ...metric, values: all.flatMap((one) => exposed(configuration.name, buckets, one)) }),
		reset() {
			for (const one of all) {
				one.counts.fill(0);
				one.sum = 0;
			}
		},
	};
	registry.registerMetric(metric as unknown as Histogram<Label>);
	return (labels) => {
		const one: Measured = { labels, counts: new Array(buckets.length + 1).fill(0), sum: 0 };
		all.push(one);
		return (value) => {
			let bucket = 0;
			while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket++;
			one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
			one.sum += value;
		};
	};
}

/** The values of a series as Prometheus reads them: each bucket includes the ones below it. */
function exposed(name: string, buckets: readonly number[], { labels, counts, sum }: Measured) {
	let count = 0;
	const cumulative = counts.map((ofBucket, index) => {
		count += ofBucket;
		return { metricName: `${name}_bucket`, labels: { le: buckets[index] ?? '+Inf', ...labels }, value: count };
	});
	return [
		...cumulative,
		{ metricName: `${name}_sum`, labels, value: sum },
		{ metricName: `${name}_count`, labels, value: count },
	];
}
