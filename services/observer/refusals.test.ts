import assert from 'node:assert/strict';
import { Refusals } from './refusals.ts';
import { joinedSpans, span } from './spans.fixture.ts';

describe('refused connections', () => {
	const refused = (startMs: number) =>
		span(startMs, 'connection refused', {
			...{ service: 'token-store', kind: 'server', startMs },
			attributes: { 'kubejoin.refused': 'no client certificate', 'network.peer.address': '127.0.0.1:4711' },
		});

	it('have their service, peer, reason and time, and concern the joins of that time', () => {
		const changes: number[] = [];
		const refusals = new Refusals((fromMs) => void changes.push(fromMs));
		refusals.add([...joinedSpans, refused(2_000), refused(1_000)]);
		refusals.add(joinedSpans);
		assert.deepEqual(changes, [1_000]);
		const [first, ...others] = refusals.during(1_500, 2_500);
		assert.deepEqual(
			[first?.party, first?.peer, first?.reason, first?.atMs, others],
			['token-store', '127.0.0.1:4711', 'no client certificate', 2_000, []],
		);
		assert.deepEqual([refusals.during(2_001, 9_000), refusals.during(0, 999)], [[], []]);
	});

	it('are the newest hundred, and twenty of one join', () => {
		const refusals = new Refusals(() => undefined);
		for (let atMs = 1; atMs <= 150; atMs++) refusals.add([refused(atMs)]);
		assert.deepEqual([refusals.list().length, refusals.list()[0]?.atMs], [100, 51]);
		assert.equal(refusals.during(0, 1_000).length, 20);
	});
});
