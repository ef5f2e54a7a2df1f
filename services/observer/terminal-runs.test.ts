import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../lib/limits.ts';
import { keptLog } from './app.fixture.ts';
import { TerminalRuns } from './terminal-runs.ts';

describe('runs of experiments in a terminal', () => {
	let directory: string;
	let heard: string[];
	let lost: string[];
	let counted: string[];
	let isRunning: boolean;
	let lines: readonly string[];
	let runs: TerminalRuns;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'terminal-runs-'));
		[heard, lost, counted] = [[], [], []];
		isRunning = true;
		const kept = keptLog();
		lines = kept.lines;
		runs = new TerminalRuns({
			directory: join(directory, 'chaos'),
			onEvent(run, event) {
				if (event.event === 'interrupted') throw new TypeError('not of this version');
				heard.push(`${run} ${event.event}${event.event === 'run-ended' ? ` ${event.report}` : ''}`);
			},
			onLost: (run) => void lost.push(run),
			count: (name) => void counted.push(name),
			isRunning: () => isRunning,
			log: kept.log,
		});
	});
	afterEach(() => rmSync(directory, { recursive: true }));
	const write = (run: string, text: string | Buffer): string => {
		mkdirSync(join(directory, 'chaos', run), { recursive: true });
		const path = join(directory, 'chaos', run, 'events.jsonl');
		appendFileSync(path, text);
		return path;
	};

	it('are none before the first experiment', () => {
		runs.read();
		assert.deepEqual(heard, []);
	});

	it('are heard once, line by line, also when a line is written in two parts', () => {
		write('a', '{"event":"run-started","pid":1}\n{"event":"experiment-');
		runs.read();
		assert.deepEqual(heard, ['a run-started']);
		write('a', 'started","experiment":"x","atMs":1}\nno event\n');
		runs.read();
		runs.read();
		assert.deepEqual(heard, ['a run-started', 'a experiment-started']);
		write('b', '{"event":"run-started","pid":2}\n');
		runs.read();
		assert.equal(heard.at(-1), 'b run-started');
	});

	it('are heard as they are written, also when a character is written in two parts', () => {
		const event = Buffer.from('{"event":"run-ended","report":"é"}\n');
		write('a', event.subarray(0, -4));
		runs.read();
		write('a', event.subarray(-4));
		runs.read();
		assert.deepEqual(heard, ['a run-ended é']);
	});

	it('are directories: another file is no run', () => {
		write('a', '{"event":"run-started","pid":1}\n');
		writeFileSync(join(directory, 'chaos', 'notes.txt'), 'text');
		runs.read();
		assert.deepEqual([heard, lost, lines], [['a run-started'], [], []]);
	});

	it('are lost, with a line in the log, when their events cannot be read', () => {
		mkdirSync(join(directory, 'chaos', 'a', 'events.jsonl'), { recursive: true });
		write('b', '{"event":"run-started","pid":1}\n{"event":"interrupted"}\n');
		write('c', '{"event":"run-started","pid":1}\n');
		runs.read();
		runs.read();
		assert.deepEqual(
			[heard, lost],
			[
				['b run-started', 'c run-started'],
				['a', 'b'],
			],
		);
		assert.match(
			lines.join('\n'),
			/"journal":"a","problem":"is a directory.*"journal":"b","problem":"not of this version/s,
		);
	});

	it('are lost when the runner has ended without its last event', () => {
		write('a', '{"event":"run-started","pid":1}\n');
		write('b', '{"event":"run-started","pid":1}\n{"event":"run-ended"}\n');
		runs.read();
		isRunning = false;
		runs.read();
		runs.read();
		assert.deepEqual(lost, ['a']);
	});

	it('are lost when another process has the id of the runner', () => {
		const asked: unknown[] = [];
		const own = new TerminalRuns({
			...{ directory: join(directory, 'chaos'), onEvent: () => undefined, onLost: (run) => void lost.push(run) },
			...{ count: () => undefined, log: keptLog().log },
			isRunning: (pid, start) => asked.push([pid, start]) === 0,
		});
		write('a', '{"event":"run-started","pid":7,"processStart":"boot/1"}\n');
		own.read();
		own.read();
		assert.deepEqual([asked, lost], [[[7, 'boot/1']], ['a']]);
	});

	it('are the newest of as many journals as the limit', () => {
		const { value: most } = limits.terminalRuns;
		const name = (index: number) => String(index).padStart(4, '0');
		for (let index = 0; index <= most; index++) write(name(index), '{"event":"run-started"}\n');
		runs.read();
		assert.deepEqual([heard.length, heard[0]], [most, `${name(1)} run-started`]);
	});

	it('end when their events take more bytes than the limit', () => {
		truncateSync(write('a', ''), limits.terminalRunBytes.value + 1);
		runs.read();
		runs.read();
		assert.deepEqual([lost, counted, heard], [['a'], ['terminalRunBytes'], []]);
	});
});
