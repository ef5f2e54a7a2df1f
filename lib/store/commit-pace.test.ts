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
		async function move(ms: number) {
			nowMs += ms;
			for (const { untilMs, wake } of sleeping) if (untilMs <= nowMs) wake();
			await turn();
			await turn();
		}
		/** Changes at an even rate. @returns the times of those that did not wait, and of the commits of the others */
		async function change(count: number, everyMs: number) {
			const atOnce: number[] = [];
			const waited = new Map<number, number[]>();
			for (let index = 0; index < count; index++) {
				const waits = pace.turn();
				if (waits === undefined) atOnce.push(nowMs);
				else void waits.then(() => waited.set(nowMs, [...(waited.get(nowMs) ?? []), index]));
				await move(everyMs);
			}
			return { atOnce, waited };
		}
		return { pace, move, change };
	}

	it('never delays 250 changes a second, one after another', async () => {
		const { change } = paced();
		const { atOnce, waited } = await change(1_000, 4);
		assert.equal(atOnce.length, 1_000);
		assert.equal(waited.size, 0);
	});

	it('begins a commit each ten milliseconds under load, with all changes that wait, in their order', async () => {
		const { change, move } = paced();
		await change(200, 1);
		const { atOnce, waited } = await change(100, 1);
		await move(10);
		assert.deepEqual(atOnce, []);
		const timesMs = [...waited.keys()];
		assert.ok(timesMs.length >= 9);
		for (const [index, timeMs] of timesMs.slice(1).entries()) assert.ok(timeMs - (timesMs[index] ?? 0) >= 10);
		assert.deepEqual(
			[...waited.values()].flat(),
			Array.from({ length: 100 }, (_, index) => index),
		);
	});

	it('does not delay the changes of a turn that has a commit', async () => {
		const { pace } = paced();
		for (let count = 0; count < 100; count++) assert.equal(pace.turn(), undefined);
		await turn();
		const waits = pace.turn();
		assert.ok(waits !== undefined);
		assert.equal(pace.turn(), waits);
	});

	it('delays no change a tenth of a second after a load, and 25 at once after a fifth', async () => {
		for (const [pauseMs, count] of [
			[104, 1],
			[204, 25],
			[60_000, 25],
		] as const) {
			const { pace, move, change } = paced();
			await change(500, 1);
			await move(pauseMs);
			for (let index = 0; index < count; index++) {
				assert.equal(pace.turn(), undefined, `change ${index} after ${pauseMs} ms`);
				await turn();
			}
			assert.ok(pauseMs === 104 || pace.turn() !== undefined);
		}
	});
});
