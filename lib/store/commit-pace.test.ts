import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { CommitPace } from './commit-pace.ts';

describe('the pace of commits', () => {
	/** With a clock of its own; `sleep` ends when the clock is moved. */
	function paced() {
		let nowMs = 0;
		const sleeping: { readonly untilMs: number; readonly wake: () => void }[] = [];
		const sleep = (ms: number) =>
			new Promise<void>((resolve) => {
				sleeping.push({ untilMs: nowMs + ms, wake: resolve });
			});
		const pace = new CommitPace(() => nowMs, sleep);
		return {
			pace,
			now: () => nowMs,
			async move(ms: number) {
				nowMs += ms;
				for (const { untilMs, wake } of sleeping) if (untilMs <= nowMs) wake();
				await turn();
				await turn();
			},
		};
	}

	it('does not delay ten commits after a pause, nor the changes that share one', async () => {
		const { pace } = paced();
		for (let commit = 0; commit < 10; commit++) {
			assert.equal(pace.turn(), undefined);
			assert.equal(pace.turn(), undefined);
			await turn();
		}
		assert.ok(pace.turn() instanceof Promise);
	});

	it('begins a commit each ten milliseconds under load, with all changes that wait', async () => {
		const { pace, move, now } = paced();
		for (let commit = 0; commit < 10; commit++) {
			pace.turn();
			await turn();
		}
		const commitsMs = new Set<number>();
		const written: number[] = [];
		for (let change = 0; change < 30; change++) {
			void pace.turn()?.then(() => {
				written.push(change);
				commitsMs.add(now());
			});
			await move(1);
		}
		assert.deepEqual(
			written,
			Array.from({ length: 30 }, (_, change) => change),
		);
		assert.deepEqual([...commitsMs], [10, 20, 30]);
		const waits = pace.turn();
		assert.ok(waits !== undefined);
		assert.equal(pace.turn(), waits);
	});

	it('allows ten commits again after a tenth of a second, and no more after a longer time', async () => {
		const { pace, move } = paced();
		for (const pauseMs of [100, 5_000, 0]) {
			for (let commit = 0; commit < 10; commit++) {
				assert.equal(pace.turn(), undefined);
				await turn();
			}
			await move(pauseMs);
		}
		assert.ok(pace.turn() instanceof Promise);
	});
});
