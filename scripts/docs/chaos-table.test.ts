import assert from 'node:assert/strict';
import { fixtureText, planOf } from '../../chaos/runner/fixtures/fixtures.ts';
import { catalogueOf } from './chaos-table.ts';

describe('the catalogue of experiments', () => {
	it('contains the predicted and the recorded verdicts of each mesh', () => {
		const plans = [planOf(fixtureText('two-verdicts.yaml'))];
		const result = {
			security: 'violated',
			availability: 'unknown',
			seconds: 1.5,
			date: '2026-01-31',
			passed: false,
		} as const;
		const lines = catalogueOf(plans, { fixture: { compose: result } }).split('\n');
		const cells = (lines[2] ?? '').split('|').map((text) => text.trim());
		assert.deepEqual(cells.slice(1, -1), [
			'X98',
			'[fixture](#fixture)',
			'violated, held',
			'not measured',
			'violated, unknown; 1.5 s; **failed** (2026-01-31)',
		]);
		assert.deepEqual(
			lines.slice(3).filter((line) => line !== ''),
			[
				'### fixture',
				'**An open door admits a stranger** ([X98](../fixture.yaml)). The door is opened with node alone; no mesh is needed.',
				'Lesson: An open door admits any caller.',
			],
		);
		assert.ok(lines.every((line) => line.length <= 200));
	});
});
