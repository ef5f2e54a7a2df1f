import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { memoized, seriesCounter, seriesHistogram } from './metrics.ts';

describe('the series of a metric', () => {
	const labelNames = ['verb', 'code'] as const;
	const named = { name: 'kubejoin_test', help: 'A "test".', labelNames };
	const labels = fc.record({ verb: fc.constantFrom('GET', 'a "quoted" one'), code: fc.constantFrom(200, 404) });

	it('are exposed as prom-client exposes a counter', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(labels), async (increments) => {
				const [own, reference] = [new Registry(), new Registry()];
				const counter = new Counter({ ...named, registers: [reference] });
				const countOf = memoized(seriesCounter(own, named));
				for (const one of increments) {
					counter.inc(one);
					countOf(JSON.stringify(one), one)();
				}
				assert.equal(await own.metrics(), await reference.metrics());
				assert.equal(await own.metrics(), await reference.metrics(), 'nothing is counted twice');
			}),
		);
	});

	it('are exposed as prom-client exposes a histogram', async () => {
		const buckets = [0.25, 1, 4];
		const value = fc.oneof(fc.constantFrom(...buckets, 0), fc.double({ min: -1, max: 8, noNaN: true }));
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(labels, value)), async (measured) => {
				const [own, reference] = [new Registry(), new Registry()];
				const histogram = new Histogram({ ...named, buckets, registers: [reference] });
				const measureOf = memoized(seriesHistogram(own, { ...named, buckets }));
				for (const [one, seconds] of measured) {
					histogram.observe(one, seconds);
					measureOf(JSON.stringify(one), one)(seconds);
				}
				assert.equal(await own.metrics(), await reference.metrics());
				own.resetMetrics();
				assert.doesNotMatch(await own.metrics(), / [1-9]\d*$/m);
			}),
		);
	});

	it('are exposed from their creation, with zero', async () => {
		const registry = new Registry();
		seriesCounter(registry, named)({ verb: 'GET', code: 200 });
		assert.match(await registry.metrics(), /\{verb="GET",code="200"\} 0\n/);
	});
});
