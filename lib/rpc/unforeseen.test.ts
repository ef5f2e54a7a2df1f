import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { Registry } from 'prom-client';
import { createLog } from '../log.ts';
import { reportUnforeseen, sayUnforeseen } from './unforeseen.ts';
import { unforeseenCounter } from './unforeseen-counter.ts';

describe('unforeseen errors', () => {
	it('are logged under an id and counted, without the secret of a token', async () => {
		const lines: string[] = [];
		const registry = new Registry();
		const log = createLog({ service: 'test', level: 'info', format: 'json', write: (line) => lines.push(line) });
		const report = reportUnforeseen(log, unforeseenCounter(registry));
		const id = report('request', new TypeError('no abcdef.0123456789abcdef'));
		const { error, stack, ...fields } = JSON.parse(lines.join(''));
		assert.deepEqual([fields.level, fields.id, fields.origin], ['error', id, 'request']);
		assert.equal(error, 'no abcdef.****************');
		assert.match(stack, /unforeseen\.test/);
		assert.match(await registry.metrics(), /^kubejoin_unforeseen_errors_total\{origin="request"\} 1$/m);
	});

	it('a program without a log says them in one line', () => {
		const lines: string[] = [];
		const id = sayUnforeseen((line) => lines.push(line))('uncaughtException', new Error('broken'));
		assert.deepEqual(lines, [`unforeseen error (uncaughtException, id ${id}): broken; the process continues`]);
	});

	for (const [what, cause] of Object.entries({
		'a rejected promise': 'Promise.reject(new Error("cause"))',
		'a timer that throws': 'setTimeout(() => { throw new Error("cause") }, 1)',
		"an 'error' event without a listener":
			'process.nextTick(() => new EventEmitter().emit("error", new Error("cause")))',
		'something else than an Error': 'process.nextTick(() => { throw undefined })',
		'output that no process reads': 'process.stdout.destroy(new Error("cause"))',
	})) {
		it(`${what} does not end the process`, async () => {
			const program = `
				import { EventEmitter } from 'node:events';
				import { sayUnforeseen, surviveUnforeseen } from './lib/rpc/unforeseen.ts';
				surviveUnforeseen(sayUnforeseen((line) => process.stderr.write(line)));
				setTimeout(() => process.exit(7), 50);
				${cause};`;
			const code = await new Promise((resolve) =>
				execFile(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], (error) =>
					resolve(error?.code),
				),
			);
			assert.equal(code, 7);
		});
	}
});
