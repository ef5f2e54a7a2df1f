import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USAGE_EXIT_CODE } from '../../lib/cli/run-cli.ts';
import { runLab } from './run.ts';

describe('runLab', () => {
	let state: string;
	let env: Readonly<Record<string, string>>;
	before(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-run-lab-'));
		env = { CHAOS_MESH: 'local', CHAOS_STATE: state };
	});
	after(() => rmSync(state, { recursive: true }));

	it('returns help and usage errors as results, without a mesh and without ending the process', async () => {
		const help = await runLab(['--help'], { env });
		assert.equal(help.code, 0);
		assert.match(help.stdout, /^Usage: bin\/lab /);
		const unknown = await runLab(['explode'], { env });
		assert.deepEqual([unknown.code, unknown.stdout], [USAGE_EXIT_CODE, '']);
		assert.match(unknown.stderr, /unknown command 'explode'/);
		assert.equal(process.exitCode, undefined);
	});

	it('reads the mesh from the given environment, not from that of the process', async () => {
		const { code, stderr } = await runLab(['node', 'n'], { env });
		assert.equal(code, 1);
		assert.ok(stderr.includes(join(state, 'lab/control.json')), stderr);
	});

	it('rejects with the reason of an abort, before and during a command', async () => {
		const reason = new Error('stopped');
		await assert.rejects(runLab(['--help'], { env, signal: AbortSignal.abort(reason) }), reason);
		const controller = new AbortController();
		const running = runLab(['node', 'n'], { env, signal: controller.signal });
		controller.abort(reason);
		await assert.rejects(running, reason);
	});
});
