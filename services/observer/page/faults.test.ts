import assert from 'node:assert/strict';
import type { ExperimentActivity } from '../api.ts';
import { faultsOf } from './faults.ts';

const experiment = {
	faults: [
		{ step: 'kill-ca', party: 'ca-service', fault: 'killed' },
		{ step: 'pause-store', party: 'token-store', fault: 'paused' },
		{ step: 'start-ca', party: 'ca-service', fault: 'restored' },
		{ step: 'restore', party: '*', fault: 'restored' },
	],
} as const;
const activity = (name: string, part: ExperimentActivity['part'] = 'method'): ExperimentActivity => ({
	...{ part, index: 0, type: 'action', name, startedMs: 0, state: 'well', durationMs: 1 },
});
const faultsAfter = (...names: string[]) =>
	Object.fromEntries(faultsOf(experiment, { state: 'running', activities: names.map((name) => activity(name)) }));

describe('the faults of a run', () => {
	it('begin with their step, and end with the step that restores the party', () => {
		assert.deepEqual(faultsAfter('join'), {});
		assert.deepEqual(faultsAfter('kill-ca', 'pause-store'), { 'ca-service': 'killed', 'token-store': 'paused' });
		assert.deepEqual(faultsAfter('kill-ca', 'pause-store', 'start-ca'), { 'token-store': 'paused' });
		assert.deepEqual(faultsAfter('kill-ca', 'pause-store', 'restore'), {});
	});

	it('have ended when the rollbacks run, and when the run has ended', () => {
		const activities = [activity('kill-ca')];
		assert.equal(faultsOf(experiment, { state: 'ended', activities }).size, 0);
		const rolled = [...activities, activity('reset', 'rollbacks')];
		assert.equal(faultsOf(experiment, { state: 'running', activities: rolled }).size, 0);
	});
});
