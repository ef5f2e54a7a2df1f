import assert from 'node:assert/strict';
import type { Step } from './plan.ts';
import { LAB_PATH } from './programs.ts';
import { lastLines, runStep, waitOf } from './step.ts';
import type { Output } from './tolerance.ts';

const step = (change: Partial<Step> = {}): Step => ({
	type: 'probe',
	name: 'p',
	activity: { name: 'p' },
	path: LAB_PATH,
	args: [],
	timeoutSeconds: 1,
	pauseBeforeSeconds: 0,
	pauseAfterSeconds: 0,
	...change,
});
const tolerance = { type: 'status', status: 0 } as const;

describe('runStep', () => {
	/** The checkout has bin/lab; the output comes from a lab in this process. */
	async function run(
		one: Step,
		{ status = 0, stdout = '', stderr = '' }: Partial<Output>,
		part: 'method' | 'rollbacks' = 'method',
	) {
		const times = [1_000, 3_500];
		return runStep(one, part, {
			machine: {
				environment: {},
				directory: process.cwd(),
				runLab: async () => ({ code: status, stdout, stderr }),
			},
			clock: () => times.shift() ?? 0,
			signal: new AbortController().signal,
		});
	}

	it('records the activity, its output and its time', async () => {
		const { run: recorded, problem } = await run(step({ tolerance }), { stdout: 'o' });
		assert.deepEqual(recorded, {
			activity: { name: 'p' },
			output: { status: 0, stdout: 'o', stderr: '' },
			start: '1970-01-01T00:00:01.000Z',
			end: '1970-01-01T00:00:03.500Z',
			duration: 2.5,
			status: 'succeeded',
			tolerance_met: true,
		});
		assert.equal(problem, undefined);
	});

	it('names the reason: the error line, else the last line of stderr, else the first of stdout', async () => {
		const problemOf = async (output: Partial<Output>) =>
			(await run(step({ tolerance }), { status: 1, ...output })).problem;
		const expected = 'probe p: expected exit code 0, got 1';
		assert.equal(await problemOf({}), expected);
		assert.equal(
			await problemOf({ stderr: 'note\nerror: the reason\n  do this: x\n' }),
			`${expected} (error: the reason)`,
		);
		assert.equal(await problemOf({ stderr: 'a\nb\n', stdout: 'c' }), `${expected} (b)`);
		assert.equal(
			await problemOf({ stdout: '\nnot steady: n is not Ready\nmore' }),
			`${expected} (not steady: n is not Ready)`,
		);
	});

	it('judges an action without tolerance only in the rollbacks', async () => {
		const action = step({ type: 'action' });
		assert.equal((await run(action, { status: 4 })).problem, undefined);
		assert.match((await run(action, { status: 4 }, 'rollbacks')).problem ?? '', /exit code 4 and has no tolerance/);
		assert.match(
			(await run(step({ type: 'action', tolerance }), { status: 4 })).problem ?? '',
			/expected exit code 0, got 4/,
		);
	});

	it('takes evidence from probes only', async () => {
		const stdout = 'security: held';
		assert.equal((await run(step(), { stdout })).evidence.length, 1);
		assert.equal((await run(step({ type: 'action' }), { stdout })).evidence.length, 0);
	});

	it('fails a step whose program does not run to its end', async () => {
		const { run: recorded, problem } = await run(step({ path: 'no-such-program', tolerance }), {});
		assert.deepEqual(
			[recorded.status, recorded.output, recorded.tolerance_met, recorded.exception],
			['failed', null, false, ['the program no-such-program was not found']],
		);
		assert.equal(problem, 'probe p: the program no-such-program was not found');
	});
});

describe('lastLines', () => {
	it('keeps eight lines of each stream', () => {
		const stdout = Array.from({ length: 20 }, (_, index) => `o${index}`).join('\n');
		assert.deepEqual(lastLines({ status: 1, stdout, stderr: 'e\n\n' }), [
			...['o12', 'o13', 'o14', 'o15', 'o16', 'o17', 'o18', 'o19'],
			'e',
		]);
		assert.deepEqual(lastLines(null), []);
	});
});

describe('waitOf', () => {
	it('reads the pattern and the time of the lab', () => {
		assert.deepEqual(waitOf(step({ args: ['node', 'n', '--until', 'x', '--within', '45'] })), {
			pattern: 'x',
			seconds: 45,
		});
		assert.deepEqual(waitOf(step({ args: ['node', 'n', '--until', 'x'] })), { pattern: 'x', seconds: 30 });
		assert.equal(waitOf(step({ args: ['node', 'n', '--within', '45'] })), undefined);
	});
});
