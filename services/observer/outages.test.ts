import assert from 'node:assert/strict';
import type { Cluster, Experiment, ExperimentActivity, ExperimentRun, FaultStep } from './api.ts';
import { Outages } from './outages.ts';

type Why = 'stopped' | 'silent' | 'unreachable';
const health = (...away: readonly Why[]): Cluster['services'] => [
	{ name: 'token-store', health: 'failing', problem: 'a dependency' },
	away[0] === undefined
		? { name: 'ca-service', health: 'ok' }
		: { name: 'ca-service', health: 'away', problem: 'x', why: away[0] },
];
const experimentWith = (faults: readonly FaultStep[]): Experiment => ({
	...{
		name: 'ca-service-down',
		id: 'X1',
		tier: 'A',
		title: '',
		description: '',
		lesson: '',
		group: 'outage',
		steps: 9,
	},
	...{ expected: { security: 'held', availability: 'held' }, faults },
});
const activity = (
	name: string,
	startedMs: number,
	part: ExperimentActivity['part'] = 'method',
): ExperimentActivity => ({ part, index: startedMs, type: 'action', name, startedMs, state: 'well', durationMs: 10 });
const run = (activities: readonly ExperimentActivity[], state: ExperimentRun['state'] = 'running'): ExperimentRun => ({
	...{
		experiment: 'ca-service-down',
		state,
		from: 'page',
		startedMs: 1_000,
		durationMs: 900,
		activities,
		problems: [],
	},
	expected: { security: 'held', availability: 'held' },
});

describe('outages', () => {
	let changes: number[];
	let outages: Outages;
	beforeEach(() => {
		changes = [];
		outages = new Outages({ onChange: (fromMs) => void changes.push(fromMs) });
	});
	const during = (fromMs: number, toMs: number, isOfJoin = (_party: string) => true) =>
		outages.during(fromMs, toMs, isOfJoin);

	it('last from the probe that found them until the probe that was answered', () => {
		outages.addProbes(health(), 900, 910);
		outages.addProbes(health('stopped'), 1_000, 1_010);
		outages.addProbes(health('stopped'), 2_000, 2_010);
		assert.deepEqual(during(500, 1_500), [{ party: 'ca-service', why: 'stopped', startMs: 500 }]);
		assert.deepEqual(during(500, Number.POSITIVE_INFINITY), [{ party: 'ca-service', why: 'stopped', startMs: 500 }]);
		outages.addProbes(health(), 3_000, 3_010);
		assert.deepEqual(during(500, 5_000), [{ party: 'ca-service', why: 'stopped', startMs: 500, endMs: 2_510 }]);
		assert.deepEqual([during(500, 900), during(3_100, 4_000)], [[], []]);
		assert.deepEqual(changes, [1_000, 1_000]);
	});

	it('that began before the join are at its beginning', () => {
		outages.addProbes(health('silent'), 1_000, 3_000);
		assert.deepEqual(during(2_000, 9_000), [{ party: 'ca-service', why: 'silent', startMs: 0 }]);
	});

	it('have one reason each: another is another outage', () => {
		outages.addProbes(health('silent'), 1_000, 3_000);
		outages.addProbes(health('stopped'), 4_000, 4_010);
		assert.deepEqual(
			during(0, 9_000).map(({ why, startMs, endMs }) => [why, startMs, endMs]),
			[
				['silent', 1_000, 4_010],
				['stopped', 4_000, undefined],
			],
		);
	});

	it('of programs that take no part in the join are left out', () => {
		outages.addProbes(health('stopped'), 1_000, 1_010);
		assert.deepEqual(
			during(0, 9_000, (party) => party === 'node-1'),
			[],
		);
	});

	describe('of an experiment', () => {
		const down = { step: 'kill-ca', party: 'ca-service', fault: 'killed' } as const;
		const up = { step: 'start-ca', party: 'ca-service', fault: 'restored' } as const;
		const other = { step: 'change-role', party: 'apiserver-sim', fault: 'changed' } as const;

		it('begin with its step, and end with the step that restores the party', () => {
			const steps = [activity('change-role', 1_050), activity('kill-ca', 1_100), activity('start-ca', 1_500)];
			outages.addRun(run(steps), experimentWith([down, up, other]));
			assert.deepEqual(during(1_000, 9_000), [
				{ party: 'ca-service', why: 'killed', startMs: 100, endMs: 510, experiment: 'ca-service-down' },
			]);
		});

		it('end with the first rollback, or with the run', () => {
			const killed = activity('kill-ca', 1_100);
			outages.addRun(run([killed]), experimentWith([down]));
			assert.equal(during(1_000, 9_000)[0]?.endMs, undefined);
			outages.addRun(run([killed, activity('reset', 1_300, 'rollbacks')]), experimentWith([down]));
			assert.equal(during(1_000, 9_000)[0]?.endMs, 310);
			outages.addRun(run([killed], 'ended'), experimentWith([down]));
			assert.equal(during(1_000, 9_000)[0]?.endMs, 900);
		});

		it('of every party end together', () => {
			const all = { step: 'skew', party: '*', fault: 'skewed' } as const;
			const restored = { step: 'restore', party: '*', fault: 'restored' } as const;
			const steps = [activity('skew', 1_100), activity('kill-ca', 1_200), activity('restore', 1_300)];
			outages.addRun(run(steps), experimentWith([all, down, restored]));
			assert.deepEqual(
				during(1_000, 9_000).map(({ party, endMs }) => [party, endMs]),
				[
					['*', 310],
					['ca-service', 310],
				],
			);
		});

		it('that a probe finds too are one, until the probe is answered', () => {
			outages.addRun(run([activity('kill-ca', 1_100), activity('start-ca', 1_500)]), experimentWith([down, up]));
			outages.addProbes(health('stopped'), 1_200, 1_210);
			outages.addProbes(health(), 1_900, 1_950);
			assert.deepEqual(
				during(1_000, 9_000).map(({ why, startMs, endMs }) => [why, startMs, endMs]),
				[['killed', 100, 950]],
			);
		});
	});

	it('are bounded', () => {
		for (let round = 0; round < 500; round++) {
			outages.addProbes(health('stopped'), round * 10, round * 10 + 1);
			outages.addProbes(health(), round * 10 + 5, round * 10 + 6);
		}
		assert.equal(during(0, 9_000).length, 20);
		assert.equal(during(0, 2_000).length, 0);
	});
});
