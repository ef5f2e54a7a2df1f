import assert from 'node:assert/strict';
import { columnsOf } from '../../lib/cli/terminal-columns.ts';
import type { Language } from '../../lib/language.ts';
import { COLUMNS, createConsoleReporter, wrap } from './console-reporter.ts';
import type { ActivityEnded, ActivityStarted, ChaosEvent, ExperimentEnded } from './events.ts';
import { runWords } from './words.ts';

const ended: ExperimentEnded = {
	event: 'experiment-ended',
	atMs: 0,
	experiment: 'a-name-that-is-longer-than-its-column-is-wide',
	id: 'X01',
	seconds: 75,
	status: 'completed',
	deviated: false,
	expected: { security: 'violated', availability: 'held' },
	verdicts: { security: 'violated', availability: 'unknown' },
	passed: false,
	evidence: [],
	problems: ['probe p: expected exit code 0, got 1', 'something else'],
};
const step = { atMs: 0, experiment: 'x', part: 'method', index: 0, type: 'probe', name: 'p' } as const;
const started: ActivityStarted = { event: 'activity-started', ...step };
const failed: ActivityEnded = {
	event: 'activity-ended',
	...step,
	seconds: 1,
	status: 'succeeded',
	problem: 'probe p: expected exit code 0, got 1',
};

interface PrintOptions {
	readonly color?: boolean;
	readonly live?: boolean;
	readonly nowMs?: number;
	readonly language?: Language;
}

function print(events: readonly ChaosEvent[], options: PrintOptions = {}): string {
	let text = '';
	const { color = false, live = false, nowMs = 0, language = 'en' } = options;
	const write = (more: string) => (text += more);
	const { report, tick } = createConsoleReporter({ write, color, live, clock: () => nowMs, language });
	for (const event of events) report(event);
	tick();
	return text;
}

describe('the console reporter', () => {
	const whole: readonly ChaosEvent[] = [
		{ ...started, name: 'p'.repeat(60) },
		failed,
		ended,
		{
			event: 'run-ended',
			atMs: 0,
			seconds: 75,
			seed: 1,
			passed: [],
			failed: ['x'],
			interrupted: ['z'],
			notRun: ['y'],
			isInterrupted: false,
			directory: 'd',
			report: 'd/report.html',
		},
	];

	it('prints a predicted violation in red', () => {
		assert.ok(print(whole, { color: true }).includes('\u001b[31mviolated, as predicted\u001b[39m'));
		assert.equal(print(whole).includes('\u001b'), false);
	});

	it('keeps to 80 columns, and lists the problems and the counts', () => {
		const text = print(whole);
		assert.ok(
			text.split('\n').every((line) => line.length <= COLUMNS),
			text,
		);
		assert.match(text, /^ {2}- something else$/m);
		assert.match(text, /0 passed, 1 failed, 1 interrupted, 1 not run, in 1 min 15 s; seed 1/);
	});

	it('prints titles, steps, verdicts, problems and progress in Chinese, within 80 columns', () => {
		const experiments = [{ name: 'wrong-pin', id: 'X02', title: 'A node refuses', expectedSeconds: 60 }];
		const begun = { event: 'experiment-started', atMs: 0, experiment: 'wrong-pin', id: 'X02', title: 'A node refuses' };
		const problem = 'the mesh is not in its steady state after the method: expected exit code 0, got 1';
		const events: readonly ChaosEvent[] = [
			{ event: 'run-started', atMs: 0, pid: 1, seed: 1, experiments },
			{ ...begun, expected: ended.expected, pace: 2 } as ChaosEvent,
			{ ...started, name: 'mesh-is-steady-and-verdicts-match', waitsFor: { pattern: 'p', seconds: 9 } },
			{ ...failed, name: 'mesh-is-steady-and-verdicts-match', problem },
			{ ...failed, name: 'create-token', problem: undefined as never, code: 3 },
			{ event: 'interrupted', atMs: 0, isFirst: true },
			{ event: 'interrupted', atMs: 0, isFirst: false },
			{ ...ended, experiment: 'wrong-pin', problems: [problem] },
			{ ...ended, experiment: 'wrong-pin', verdicts: ended.expected, problems: [problem] },
			...whole.slice(-1),
		];
		const text = print(events, { live: true, language: 'zh' });
		for (const line of text.replaceAll('\r\u001b[K', '\n').split('\n')) {
			assert.ok(columnsOf(line) <= COLUMNS, line);
			assert.doesNotMatch(line, /[a-z]{2,} [a-z]{2,}|\d s\b/, line);
		}
		assert.match(text, /服务和节点处于稳态，结论符合预期/);
		assert.match(text, /安全性 +被破坏，符合预期/);
	});

	it('prints the output of a failed program without control characters', () => {
		const output = ['not steady: node-2 is not Ready', '\u001b[2J\u202eevil\u200b'];
		const text = print([{ ...failed, output }]);
		assert.match(text, /^ +\| not steady: node-2 is not Ready$/m);
		assert.match(text, /^ +\| \^\[\[2J\\u202eevil\\u200b$/m);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: the output must not contain these
		assert.doesNotMatch(text, /[\u001b\u202e\u200b]/);
	});

	it('never prints "held" above FAILED without the sentence that joins them', () => {
		const verdicts = { security: 'held', availability: 'held' } as const;
		const asPredicted: ExperimentEnded = { ...ended, verdicts, expected: verdicts };
		const text = print([asPredicted]).replace(/\s+/g, ' ');
		const joined =
			'held, as predicted The verdicts are as predicted but do not count, because 2 checks failed. - probe p';
		assert.ok(text.includes(joined), text);
		assert.doesNotMatch(print([{ ...asPredicted, passed: true, problems: [] }]), /do not count/);
		assert.match(print([{ ...asPredicted, status: 'interrupted' }]), /because the experiment was\s+interrupted/);
	});

	it('shows the position and the time that is left', () => {
		const experiments = ['a', 'b', 'c'].map((name) => ({ name, id: 'X01', title: 't', expectedSeconds: 60 }));
		const begin: ChaosEvent = {
			event: 'experiment-started',
			atMs: 0,
			experiment: 'a',
			id: 'X01',
			title: 't',
			expected: ended.expected,
			pace: 1,
		};
		const text = print([
			{ event: 'run-started', atMs: 0, pid: 1, seed: 1, experiments },
			begin,
			{ ...ended, seconds: 120 },
			{ ...begin, experiment: 'b' },
		]);
		assert.match(text, /^3 experiments, seed 1$/m);
		assert.match(text, /^1\/3, about 3 min left$/m);
		assert.match(text, /^2\/3, about 4 min left$/m, 'twice as slow as recorded');
		assert.doesNotMatch(text, /slow now/);
		assert.match(print([{ ...begin, pace: 2.5 }]), /slow now: waiting times and time limits are 2\.5 times longer$/m);
	});

	it('shows the running step, its duration and its pattern on a terminal', () => {
		const waitsFor = { pattern: 'x45-node +Ready', seconds: 45 };
		const text = print([{ ...started, waitsFor }], { live: true, nowMs: 4_200 });
		assert.ok(
			text.endsWith('\r\u001b[K  method    p … 4 s, waits for "x45-node +Ready" up to 45 s'),
			JSON.stringify(text),
		);
		assert.equal(print([{ ...started, waitsFor }]), '', 'a pipe has no live line');
		assert.equal(print([started, { ...failed, problem: undefined as never }], { live: true }).includes('…\n'), false);
	});
});

describe('verdictText', () => {
	it('gives the verdict and the prediction', () => {
		assert.equal(runWords.en.verdict('held', 'held'), 'held, as predicted');
		assert.equal(runWords.en.verdict('unknown', 'unknown'), 'not at stake');
		assert.equal(runWords.en.verdict('violated', 'unknown'), 'VIOLATED, although it was not at stake');
		assert.equal(runWords.en.verdict('violated', 'held'), 'VIOLATED, but held was predicted');
		assert.equal(
			runWords.en.verdict('unknown', 'violated'),
			'unknown: no probe gave a verdict; violated was predicted',
		);
	});
});

describe('wrap', () => {
	it('breaks lines between words and indents each', () =>
		assert.equal(wrap('one two three', '  ', 9), '  one two\n  three'));
});
