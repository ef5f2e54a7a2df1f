import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../lib/limits.ts';
import type { ExperimentRun } from './api.ts';
import { keptLog } from './app.fixture.ts';
import { RunHistory } from './run-history.ts';

const run = (startedMs: number, fields: Partial<ExperimentRun> = {}): ExperimentRun => ({
	...{ experiment: 'wrong-pin', state: 'ended', from: 'page', startedMs, durationMs: 1_000, activities: [] },
	...{ expected: { security: 'held', availability: 'held' }, passed: true, outcome: 'completed', problems: [] },
	...fields,
});

describe('the history of experiments', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'run-history-'));
	});
	afterEach(() => rmSync(directory, { recursive: true }));
	const open = (recorded = new Map<string, number>()) => {
		const { log, lines } = keptLog();
		return { history: new RunHistory({ file: join(directory, 'experiments.json'), recorded, log }), lines };
	};

	it('is there after a restart, each run whole', async () => {
		const { history } = open();
		history.keep(run(1));
		history.keep(run(2, { from: 'terminal', passed: false }));
		history.keep(run(3, { state: 'running' }));
		await history.saved();
		assert.equal(statSync(join(directory, 'experiments.json')).mode & 0o777, 0o600);
		const { history: second } = open();
		assert.deepEqual(
			second.of('wrong-pin').runs.map(({ startedMs, from, passed }) => [startedMs, from, passed]),
			[
				[2, 'terminal', false],
				[1, 'page', true],
			],
		);
		second.keep(run(4));
		await second.saved();
		const { history: third } = open();
		assert.deepEqual(third.runs(), [run(4)]);
		assert.deepEqual(third.find('wrong-pin', 1), run(1));
		assert.deepEqual([third.find('wrong-pin', 3), third.find('other', 1)], [undefined, undefined]);
	});

	it('has as many runs of an experiment as the limit, the newest, and each once', () => {
		const { history } = open();
		const { value: most } = limits.experimentRuns;
		for (let startedMs = 1; startedMs <= most + 2; startedMs++) history.keep(run(startedMs));
		history.keep(run(most + 2));
		const { runs } = history.of('wrong-pin');
		assert.deepEqual([runs.length, runs[0]?.startedMs, runs.at(-1)?.startedMs], [most, most + 2, 3]);
	});

	it('is written once for runs that are kept at once, as at the start of the observer', async () => {
		const { history } = open();
		const kept = (count: number, experiment: string) => {
			for (let startedMs = 1; startedMs <= count; startedMs++) history.keep(run(startedMs, { experiment }));
		};
		const writes: string[] = [];
		const watcher = watch(directory, (_, name) => void (name === 'experiments.json' && writes.push(name)));
		kept(100, 'a');
		await history.saved();
		kept(1, 'b');
		await history.saved();
		watcher.close();
		assert.deepEqual(
			open()
				.history.runs()
				.map(({ experiment }) => experiment),
			['a', 'b'],
		);
		assert.ok(writes.length < 10, String(writes.length));
	});

	it('keeps the newest run as the last one, in any order of their ends', () => {
		const { history } = open();
		assert.equal(history.keep(run(2)), true);
		assert.equal(history.keep(run(1)), false);
		assert.deepEqual(
			history.runs().map(({ startedMs }) => startedMs),
			[2],
		);
	});

	it('expects the median of the runs that passed, or else the recorded duration', () => {
		const { history } = open(new Map([['wrong-pin', 12]]));
		assert.equal(history.of('wrong-pin').expectedMs, 12_000);
		history.keep(run(1, { durationMs: 7, passed: false }));
		assert.equal(history.of('wrong-pin').expectedMs, 12_000);
		for (const [index, durationMs] of [900, 100, 300].entries()) history.keep(run(10 + index, { durationMs }));
		assert.equal(history.of('wrong-pin').expectedMs, 300);
		assert.equal(history.of('nothing').expectedMs, undefined);
	});

	it('begins again, and logs it, when the file is not readable', () => {
		for (const text of ['{', 'null', '{"runs":[{},{"experiment":7}]}', '{"runs":7}']) {
			writeFileSync(join(directory, 'experiments.json'), text);
			const { history } = open();
			assert.deepEqual([history.runs(), history.of('wrong-pin').runs], [[], []]);
		}
		writeFileSync(join(directory, 'experiments.json'), '{');
		assert.match(open().lines.join(''), /cannot be read/);
	});
});
