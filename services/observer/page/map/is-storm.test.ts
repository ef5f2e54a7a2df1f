import assert from 'node:assert/strict';
import type { Join } from '../../api.ts';
import { isStorm } from './is-storm.ts';

const NOW = 1_700_000_000_000;
const newestFirst = (count: number, gapMs: number, more: Partial<Join> = {}): readonly Join[] =>
	Array.from({ length: count }, (_, index) => ({
		...{ id: String(index), node: `node-${index}`, startedMs: NOW - 1_000 - index * gapMs, durationMs: 300 },
		...{ state: 'joined', phase: 'register', nextPhase: '', steps: 9, isForgotten: false },
		...more,
	}));

describe('a storm on the map', () => {
	it('is ten joins within ten seconds', () => {
		assert.equal(isStorm(newestFirst(10, 100), NOW), true);
		assert.equal(isStorm(newestFirst(9, 100), NOW), false);
		assert.equal(isStorm(newestFirst(10, 2_000), NOW), false);
	});

	it('ends some seconds after its last join, and not before', () => {
		assert.equal(isStorm(newestFirst(10, 100), NOW + 60_000), false);
		assert.equal(isStorm(newestFirst(10, 100, { state: 'joining' }), NOW + 60_000), true);
	});
});
