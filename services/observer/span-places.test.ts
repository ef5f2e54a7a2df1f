import assert from 'node:assert/strict';
import { SpanPlaces } from './span-places.ts';
import { idOf, joinedSpans, phase, root, span } from './spans.fixture.ts';

const placeOf = (spans: typeof joinedSpans, id: number) =>
	new SpanPlaces(spans).of(spans.find(({ spanId }) => spanId === idOf(id)) ?? assert.fail());

describe('the place of a span', () => {
	it('has the phase of its ancestors, and its depth below it', () => {
		const { phase: name, phaseIndex, depth } = placeOf(joinedSpans, 6);
		assert.deepEqual([name, phaseIndex, depth], ['discovery/confirm', 1, 3]);
		assert.deepEqual(placeOf(joinedSpans, 3).depth, 0);
	});

	it('has no phase while its phase is unknown', () => {
		const early = joinedSpans.filter(({ spanId }) => spanId !== idOf(3));
		const { phase: name, phaseIndex } = placeOf(early, 4);
		assert.deepEqual([name, phaseIndex], ['', undefined]);
	});

	it('does not change when the root arrives, which is last', () => {
		for (const { spanId } of joinedSpans.slice(1)) {
			const id = Number.parseInt(spanId, 16);
			const { beginMs: _, ...before } = placeOf(joinedSpans.slice(1), id);
			const { beginMs: __, ...after } = placeOf(joinedSpans, id);
			assert.deepEqual(before, after);
		}
	});

	it('begins no earlier than its parent, and than the check of the phase before it', () => {
		const spans = [
			root(),
			phase(2, 'preflight', { 'kubejoin.phase.index': 0 }, { from: 5, to: 5.8 }),
			phase(3, 'discovery/confirm', { 'kubejoin.phase.index': 1 }, { from: 5, to: 9 }),
			span(4, 'm', { parentId: idOf(3), kind: 'client', from: 5, to: 6 }),
			span(5, 'm', { parentId: idOf(4), kind: 'server', service: 'apiserver-sim', from: -3_600_000, to: -3_599_999 }),
		];
		const about = (ms: number) => Math.round(ms * 10) / 10;
		assert.equal(about(placeOf(spans, 3).beginMs), 5.8);
		assert.equal(about(placeOf(spans, 4).beginMs), 5.8);
		assert.equal(about(placeOf(spans, 5).beginMs), 5.8);
	});

	it('orders phases by their index, also if their starts are equal or the clock was set back', () => {
		const spans = [
			phase(9, 'b', { 'kubejoin.phase.index': 1 }, { from: 2, to: 2.1 }),
			phase(3, 'a', { 'kubejoin.phase.index': 0 }, { from: 50, to: 51 }),
		];
		assert.deepEqual([placeOf(spans, 3).phaseIndex, placeOf(spans, 9).phaseIndex], [0, 1]);
		assert.ok(placeOf(spans, 9).beginMs >= placeOf(spans, 3).beginMs + 1);
	});

	it('is not one of the join below a request that only names its message', () => {
		const stranger = span(100, 'm', { parentId: idOf(4), kind: 'server', service: 'apiserver-sim', from: 200 });
		const below = span(101, 'm', { parentId: idOf(100), kind: 'client', service: 'apiserver-sim', from: 201 });
		const spans = [...joinedSpans, stranger, below];
		assert.deepEqual(
			[placeOf(spans, 5).isOwn, placeOf(spans, 100).isOwn, placeOf(spans, 101).isOwn],
			[true, false, false],
		);
	});
});
