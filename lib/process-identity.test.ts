import assert from 'node:assert/strict';
import { isProcessRunning, processStart } from './process-identity.ts';

const { pid } = process;

describe('a process that wrote its id into a file', () => {
	it('runs while a process has its id and its start', () => {
		assert.ok(isProcessRunning(pid, processStart(pid)));
		assert.ok(isProcessRunning(pid, undefined));
	});

	it('does not run when another process has its id, after a reboot too', function () {
		const start = processStart(pid);
		if (start === undefined) this.skip();
		const [boot, ticks] = start.split('/');
		assert.equal(isProcessRunning(pid, `${boot}/${Number(ticks) - 1}`), false);
		assert.equal(isProcessRunning(pid, `00000000-0000-0000-0000-000000000000/${ticks}`), false);
	});

	it('does not run when no process has its id', () => {
		assert.equal(isProcessRunning(2 ** 22 + 1, undefined), false);
	});
});
