import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withTimeout } from './abort.ts';
import { projectPath } from './paths.ts';

/** In a process of its own, which can collect garbage without an effect on other tests. */
const program = `
const { withTimeout } = await import(process.argv[1]);
const signal = withTimeout(new AbortController().signal, 100);
// What a weak reference has returned is kept until the end of a turn.
for (let turn = 0; turn < 5; turn++) {
	await new Promise(setImmediate);
	gc();
}
const ended = setTimeout(() => {}, 5_000);
signal.addEventListener('abort', () => clearTimeout(ended));
process.once('exit', () => console.log(signal.reason?.name));
`;

describe('a signal with a timeout', () => {
	it('aborts after the time, also when garbage was collected before', async () => {
		const node = ['--expose-gc', '--import=tsx/esm', '--input-type=module', '--eval', program];
		const { stdout } = await promisify(execFile)(process.execPath, [...node, projectPath('lib', 'abort.ts')], {
			cwd: projectPath(),
		});
		assert.equal(stdout, 'TimeoutError\n');
	});

	it('aborts with the other signal, and with its reason', () => {
		const other = new AbortController();
		const signal = withTimeout(other.signal, 60_000);
		assert.equal(signal.aborted, false);
		other.abort('stopped');
		assert.equal(signal.reason, 'stopped');
	});
});
