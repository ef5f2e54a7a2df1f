import assert from 'node:assert/strict';
import { COLUMNS, createConsoleReporter, verdictText, wrap } from './console-reporter.ts';
import type { ExperimentEnded } from './events.ts';

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
	problems: ['probe p: wanted 0, found 1', 'something else'],
};

function told(color: boolean): string {
	let text = '';
	const tell = createConsoleReporter({ write: (more) => (text += more), color, live: false });
	const about = { atMs: 0, experiment: 'x', part: 'method', index: 0, type: 'probe', name: 'p'.repeat(60) } as const;
	tell({ event: 'activity-started', ...about, isBackground: false });
	tell({ event: 'activity-ended', ...about, seconds: 1, status: 'succeeded', problem: 'probe p: wanted 0, found 1' });
	tell(ended);
	tell({
		event: 'run-ended',
		atMs: 0,
		seconds: 75,
		seed: 1,
		passed: [],
		failed: ['x'],
		notRun: ['y'],
		isInterrupted: false,
		directory: 'd',
		report: 'd/report.html',
	});
	return text;
}

describe('what people are told', () => {
	it('has a violation that was predicted in red all the same', () => {
		assert.ok(told(true).includes('\u001b[31mviolated, as predicted\u001b[39m'));
		assert.equal(told(false).includes('\u001b'), false);
	});

	it('keeps to 80 columns, and says nothing twice', () => {
		const text = told(false);
		assert.ok(
			text.split('\n').every((line) => line.length <= COLUMNS),
			text,
		);
		assert.equal(text.split('wanted 0, found 1').length, 2);
		assert.match(text, /0 passed, 1 failed, 1 not run, in 1 min 15 s; seed 1/);
	});

	it('shows what a failed program printed, and nothing of it moves the cursor, hides or turns text', () => {
		let text = '';
		const tell = createConsoleReporter({ write: (more) => (text += more), color: false, live: false });
		const about = { atMs: 0, experiment: 'x', part: 'after', index: 0, type: 'probe', name: 'p' } as const;
		const output = ['not steady: node-2 is not Ready', '\u001b[2J\u202eevil\u200b'];
		tell({ event: 'activity-ended', ...about, seconds: 1, status: 'succeeded', problem: 'wanted 0', output });
		assert.match(text, /^ +\| not steady: node-2 is not Ready$/m);
		assert.match(text, /^ +\| \^\[\[2J\\u202eevil\\u200b$/m);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
		assert.doesNotMatch(text, /[\u001b\u202e\u200b]/);
	});

	it('says of a verdict what it is and what it should have been', () => {
		assert.equal(verdictText('held', 'held'), 'held, as predicted');
		assert.equal(verdictText('unknown', 'unknown'), 'not at stake');
		assert.equal(verdictText('violated', 'unknown'), 'VIOLATED, and it was not at stake');
		assert.equal(verdictText('violated', 'held'), 'VIOLATED, and held was predicted');
		assert.equal(verdictText('unknown', 'violated'), 'unknown: no probe said; violated was predicted');
	});

	it('wraps words', () => assert.equal(wrap('one two three', '  ', 9), '  one two\n  three'));
});
