import assert from 'node:assert/strict';
import { fixtureText, planOf } from '../../chaos/runner/fixtures/fixtures.ts';
import { tableOf } from './chaos-table.ts';

describe('the table of experiments', () => {
	it('contains the predicted and the recorded verdicts of each mesh', () => {
		const plans = [planOf(fixtureText('two-verdicts.yaml'))];
		const result = {
			security: 'violated',
			availability: 'unknown',
			seconds: 1.5,
			date: '2026-01-31',
			passed: false,
		} as const;
		const [, , row = ''] = tableOf(plans, { fixture: { compose: result } }).split('\n');
		const cells = row.split('|').map((text) => text.trim());
		assert.deepEqual(cells.slice(1, -1), [
			'[fixture](../fixture.yaml)',
			'X98',
			'The door is opened with node alone; no mesh is needed.',
			'violated, held',
			'not measured',
			'violated, unknown; 1.5 s; **failed** (2026-01-31)',
			'An open door admits any caller.',
		]);
	});
});
