import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Join } from '../api.ts';
import { SortedJoins } from './sorted-joins.ts';

const join = (id: string, startedMs: number, durationMs = 1): Join => ({
	...{ id, node: id, startedMs, durationMs, state: 'joined', phase: '', nextPhase: '', steps: 0, isForgotten: false },
});

describe('the list of joins', () => {
	it('is sorted by start, newest first, with the last state of each join, after any changes', () => {
		const change = fc.record({
			id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
			startedMs: fc.nat(5),
			durationMs: fc.nat(),
		});
		fc.assert(
			fc.property(fc.array(change), (changes) => {
				const joins = new SortedJoins();
				const last = new Map<string, Join>();
				for (const { id, startedMs, durationMs } of changes) {
					last.set(id, join(id, startedMs, durationMs));
					joins.set(join(id, startedMs, durationMs));
				}
				const expected = [...last.values()].sort((a, b) => b.startedMs - a.startedMs || (a.id < b.id ? -1 : 1));
				assert.deepEqual(joins.take(), expected);
			}),
		);
	});

	it('has changed until it is taken', () => {
		const joins = new SortedJoins();
		joins.set(join('a', 1));
		assert.equal(joins.hasChanged, true);
		joins.take();
		assert.equal(joins.hasChanged, false);
		joins.clear();
		assert.deepEqual([joins.hasChanged, joins.take()], [true, []]);
	});
});
