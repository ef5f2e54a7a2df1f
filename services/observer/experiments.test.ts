import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { limits } from '../../lib/limits.ts';
import { createLog } from '../../lib/log.ts';
import type { Experiment, ExperimentHistory, ExperimentRun, Experiments } from './api.ts';
import { beginRun, endRun, readEvent, takeEvent } from './experiment-run.ts';
import { createExperimentRunner, type Runner } from './experiments.ts';
import { RunHistory } from './run-history.ts';

const experiment = (name: string): Experiment => ({
	name,
	id: 'X02',
	tier: 'A',
	title: 'A wrong pin',
	description: 'One digit is changed.',
	lesson: 'The pin comes first.',
	expected: { security: 'held', availability: 'held' },
	...{ group: 'pin', steps: 3, faults: [] },
});
const activity = { experiment: 'wrong-pin', part: 'method', index: 0, type: 'action', name: 'join' };
const begun = { event: 'activity-started', atMs: 1_100, ...activity };
const ended = { event: 'activity-ended', atMs: 1_600, ...activity, seconds: 0.5, status: 'succeeded' };
const result = {
	event: 'experiment-ended',
	status: 'completed',
	verdicts: { security: 'held', availability: 'held' },
	passed: true,
	problems: [],
};
const told = (...events: readonly object[]): ExperimentRun =>
	events.reduce<ExperimentRun>(
		(run, event) => takeEvent(run, readEvent(JSON.stringify(event)) ?? assert.fail(), 2_000),
		beginRun(experiment('wrong-pin'), 1_000),
	);

describe('a run of an experiment, from the events of the runner', () => {
	it('has a state for each activity from its start to its end', () => {
		assert.deepEqual(told(begun).activities, [
			{ part: 'method', index: 0, type: 'action', name: 'join', startedMs: 1_100, state: 'running', durationMs: 0 },
		]);
		const { activities, durationMs } = told(begun, { ...begun, index: 1, name: 'look' }, ended);
		assert.deepEqual(
			activities.map(({ name, state, durationMs }) => [name, state, durationMs]),
			[
				['join', 'well', 500],
				['look', 'running', 0],
			],
		);
		assert.equal(durationMs, 1_000);
	});

	it('has the outputs that decided its verdicts, as many as the limit', () => {
		const one = { kind: 'security', verdict: 'held', probe: 'steady', text: 'no token was sent' };
		const many = Array(limits.experimentEvidence.value + 1).fill(one);
		assert.deepEqual(told({ ...result, evidence: [one] }).evidence, [one]);
		assert.equal(told({ ...result, evidence: many }).evidence?.length, limits.experimentEvidence.value);
	});

	it('shows as many activities as the limit, and counts the others', () => {
		const { value: most } = limits.experimentActivities;
		const exceeded: string[] = [];
		let run = beginRun(experiment('wrong-pin'), 1_000);
		for (let index = 0; index < most + 2; index++) {
			const event = readEvent(JSON.stringify({ ...begun, index })) ?? assert.fail();
			run = takeEvent(run, event, 2_000, (limit) => exceeded.push(limit));
		}
		assert.equal(run.activities.length, most);
		assert.deepEqual(exceeded, Array(2).fill('experimentActivities'));
	});

	it('has two activities of the same name before and after the method', () => {
		assert.equal(told({ ...begun, part: 'before' }, { ...begun, part: 'after' }).activities.length, 2);
	});

	for (const bad of [{ status: 'failed' }, { toleranceMet: false }, { problem: 'wanted 0, found 1' }]) {
		it(`one that ended with ${JSON.stringify(bad)} went badly`, () => {
			assert.equal(told(begun, { ...ended, ...bad }).activities[0]?.state, 'badly');
		});
	}

	it('verdicts and report', () => {
		const run = endRun(
			told(begun, ended, result, { event: 'run-ended', report: '/tmp/report.md' }),
			'ended with exit code 0',
			['words'],
			3_000,
		);
		const { state, outcome, passed, verdicts, problems, report, durationMs } = run;
		assert.deepEqual(
			{ state, outcome, passed, verdicts, problems, report, durationMs },
			{
				...{
					state: 'ended',
					outcome: 'completed',
					passed: true,
					problems: [],
					report: '/tmp/report.md',
					durationMs: 2_000,
				},
				verdicts: { security: 'held', availability: 'held' },
			},
		);
	});

	it('fails when the runner ends without a result, with its output and without secrets', () => {
		const run = endRun(told(begun), 'was ended by SIGKILL', ['error: no', 'abcdef.0123456789abcdef'], 3_000);
		assert.deepEqual([run.outcome, run.passed], ['failed', false]);
		assert.match(run.problems.join('\n'), /was ended by SIGKILL[\s\S]*error: no/);
		assert.doesNotMatch(run.problems.join('\n'), /0123456789abcdef/);
	});

	it('ignores lines that are no events', () => {
		for (const line of ['', 'words', '{', '{}', '{"event":"new-in-a-later-version"}', '[]'])
			assert.equal(readEvent(line), undefined);
	});
});

describe('the runner of experiments', () => {
	interface Work {
		readonly name: string;
		readonly say: (event: object | string) => void;
		readonly end: (how: string) => Promise<void>;
		interrupts: number;
	}
	function open({ mayRun = true, isThere = true } = {}) {
		const works: Work[] = [];
		const there = { is: isThere };
		const runner: Runner = {
			isThere: async () => there.is,
			async start(name, onLine) {
				if (!there.is) throw new KubejoinError('EXPERIMENT_RUNNER_UNAVAILABLE', { problem: 'no runner listens' });
				let end: (how: string) => void = () => undefined;
				const done = new Promise<string>((resolve) => {
					end = resolve;
				});
				const work: Work = {
					name,
					say: (event) => onLine(typeof event === 'string' ? event : JSON.stringify(event)),
					async end(how) {
						end(how);
						await done;
						// Its waiters run first.
						await Promise.resolve();
					},
					interrupts: 0,
				};
				works.push(work);
				return { interrupt: () => void work.interrupts++, ended: done };
			},
		};
		const log = createLog({ service: 'observer', level: 'error', format: 'json', write: () => undefined });
		const desk = createExperimentRunner({
			list: () => [experiment('wrong-pin'), experiment('expired-token')],
			runner,
			mayRun,
			history: new RunHistory({ recorded: new Map([['expired-token', 27]]), log }),
			clock: () => 1_000,
			log,
		});
		const runs: ExperimentRun[] = [];
		const offers: Experiments['offer'][] = [];
		const histories: ExperimentHistory[] = [];
		desk.listen({
			run: (run) => void runs.push(run),
			offered: ({ offer }) => void offers.push(offer),
			history: (history) => void histories.push(history),
		});
		return { desk, works, runs, offers, histories, there };
	}
	const refused = (code: string) => (error: unknown) => error instanceof KubejoinError && error.code === code;

	it('reports every change, and keeps the last run for a later page', async () => {
		const { desk, works, runs } = open();
		await desk.run('wrong-pin');
		works[0]?.say(begun);
		works[0]?.say(result);
		await works[0]?.end('ended with exit code 0');
		assert.deepEqual(
			runs.map(({ state, activities, passed }) => [state, activities.length, passed]),
			[
				['running', 0, undefined],
				['running', 1, undefined],
				['running', 1, true],
				['ended', 1, true],
			],
		);
		assert.deepEqual(desk.runs(), [runs.at(-1)]);
	});

	it('lists the runs that ended, and the duration that a run is expected to take', async () => {
		const { desk, works, histories } = open();
		assert.deepEqual(desk.histories(), [{ experiment: 'expired-token', runs: [], expectedMs: 27_000 }]);
		await desk.run('wrong-pin');
		works[0]?.say(result);
		await works[0]?.end('ended with exit code 0');
		assert.deepEqual(
			histories.map(({ experiment, runs }) => [experiment, runs.map(({ from, passed }) => [from, passed])]),
			[['wrong-pin', [['page', true]]]],
		);
	});

	describe('in a terminal', () => {
		const started = { event: 'experiment-started', atMs: 500, experiment: 'wrong-pin' } as const;
		const event = (value: object) => readEvent(JSON.stringify(value)) ?? assert.fail();

		it('is shown as it runs, and no other runs beside it', async () => {
			const { desk, runs } = open();
			desk.hearTerminal('a', started);
			desk.hearTerminal('a', event(begun));
			const { from, startedMs, activities } = runs.at(-1) ?? assert.fail();
			assert.deepEqual([from, startedMs, activities.length], ['terminal', 500, 1]);
			await assert.rejects(desk.run('expired-token'), refused('EXPERIMENT_ALREADY_RUNNING'));
			desk.hearTerminal('a', event({ ...result, atMs: 2_500 }));
			const { state, passed, durationMs } = runs.at(-1) ?? assert.fail();
			assert.deepEqual([state, passed, durationMs], ['ended', true, 2_000]);
			await desk.run('expired-token');
		});

		it('has failed when its runner is killed', () => {
			const { desk, runs } = open();
			desk.hearTerminal('a', started);
			desk.loseTerminal('a');
			desk.loseTerminal('b');
			assert.deepEqual([runs.at(-1)?.state, runs.at(-1)?.outcome], ['ended', 'failed']);
		});

		it('ignores an experiment that the page does not have', () => {
			const { desk, runs } = open();
			desk.hearTerminal('a', { ...started, experiment: 'other' });
			desk.hearTerminal('a', event(begun));
			assert.deepEqual(runs, []);
		});
	});

	it('runs one experiment at a time', async () => {
		const { desk, works } = open();
		await desk.run('wrong-pin');
		await assert.rejects(desk.run('expired-token'), refused('EXPERIMENT_ALREADY_RUNNING'));
		await assert.rejects(desk.run('wrong-pin'), refused('EXPERIMENT_ALREADY_RUNNING'));
		assert.equal(works.length, 1);
		await works[0]?.end('ended with exit code 0');
		await desk.run('expired-token');
		assert.deepEqual(
			works.map(({ name }) => name),
			['wrong-pin', 'expired-token'],
		);
	});

	it('runs only experiments of the list', async () => {
		const { desk, works } = open();
		await assert.rejects(desk.run('absent'), refused('PAGE_BAD_REQUEST'));
		assert.equal(works.length, 0);
	});

	it('continues with its rollback after a stop', async () => {
		const { desk, works, runs } = open();
		assert.throws(() => desk.stop(), refused('PAGE_BAD_REQUEST'));
		await desk.run('wrong-pin');
		assert.equal(desk.stop(), 'wrong-pin');
		assert.deepEqual([works[0]?.interrupts, runs.at(-1)?.state], [1, 'stopping']);
		works[0]?.say({ ...begun, part: 'rollbacks' });
		assert.equal(runs.at(-1)?.state, 'stopping');
		assert.equal(desk.stop(), 'wrong-pin');
		assert.equal(works[0]?.interrupts, 1);
		await assert.rejects(desk.run('expired-token'), refused('EXPERIMENT_ALREADY_RUNNING'));
		await works[0]?.end('ended with exit code 130');
		assert.deepEqual([runs.at(-1)?.state, runs.at(-1)?.outcome], ['ended', 'interrupted']);
	});

	it('interrupts the runner when the observer ends, and waits for it', async () => {
		const { desk, works, runs } = open();
		await desk.close();
		await desk.run('wrong-pin');
		const closing = desk.close();
		assert.equal(works[0]?.interrupts, 1);
		works[0]?.say({ ...begun, part: 'rollbacks' });
		await works[0]?.end('ended with exit code 130');
		await closing;
		assert.equal(runs.at(-1)?.activities.length, 1);
	});

	it('reports that the runner is unavailable, and that it is available again', async () => {
		const { desk, offers, there } = open({ isThere: false });
		await desk.check();
		assert.equal(desk.offered().offer, 'no-runner');
		await assert.rejects(desk.run('wrong-pin'), refused('EXPERIMENT_RUNNER_UNAVAILABLE'));
		there.is = true;
		await desk.check();
		await desk.check();
		assert.deepEqual(offers, ['run']);
		await desk.run('wrong-pin');
	});

	it('offers a read-only page nothing to run', async () => {
		const { desk } = open({ mayRun: false });
		await desk.check();
		assert.equal(desk.offered().offer, 'not-allowed');
		assert.equal(desk.offered().list.length, 2);
	});
});
