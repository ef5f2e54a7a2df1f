import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectPath } from '../../paths.ts';
import { errorTable } from './index.ts';

const directory = projectPath('lib/errors/table');

describe('the error table', () => {
	it('defines each code in exactly one area', () => {
		const rows = readdirSync(directory)
			.filter((name) => !/^index|\.test\./.test(name))
			.flatMap((name) => readFileSync(join(directory, name), 'utf8').match(/^\t[A-Z_]+(?=: )/gm) ?? [])
			.map((row) => row.trim());
		assert.deepEqual(rows.toSorted(), Object.keys(errorTable).toSorted());
	});
});
