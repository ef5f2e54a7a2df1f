import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { requireOpenFiles } from './open-files.ts';

describe('the open files of a process with many nodes', () => {
	it('suffice for a connection of each node', () => {
		requireOpenFiles(800, 1_000);
		requireOpenFiles(1);
	});

	it('are named with the command that raises their limit', () => {
		assert.throws(
			() => requireOpenFiles(801, 1_000),
			(error) =>
				hasCode(error, 'JOIN_ARGUMENTS_INVALID') &&
				/--nodes=801 needs 1001 open files, and this process may open 1000/.test(error.message) &&
				error.remedy.endsWith('ulimit -n 1001'),
		);
	});
});
