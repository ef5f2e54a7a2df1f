import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { targets } from './table.ts';

describe('the table of mutants', () => {
	for (const { file, tests, mutants } of targets) {
		it(`replaces a text that occurs once in ${file}`, () => {
			const text = readFileSync(projectPath(file), 'utf8');
			const occurrences = mutants.map(([search]) => [search, text.split(search).length - 1] as const);
			assert.deepEqual(
				occurrences.filter(([, times]) => times !== 1),
				[],
			);
			assert.deepEqual(
				mutants.filter(([search, replace]) => search === replace),
				[],
			);
			assert.deepEqual(
				tests.filter((test) => !existsSync(projectPath(test))),
				[],
			);
		});
	}

	it('has no mutant twice', () => {
		const mutants = targets.flatMap(({ file, mutants: pairs }) => pairs.map((pair) => JSON.stringify([file, ...pair])));
		assert.deepEqual(
			mutants.filter((mutant, index) => mutants.indexOf(mutant) !== index),
			[],
		);
	});
});
