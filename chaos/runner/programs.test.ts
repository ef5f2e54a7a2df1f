import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '../../lib/poll.ts';
import { machine } from './fixtures/fixtures.ts';
import type { Plan, Step } from './plan.ts';
import { findProgram, LAB_PATH, type Machine, type RunLab, runProgram, usesLab } from './programs.ts';

const step = (path: string, args: readonly string[], timeoutSeconds = 30): Step => ({
	type: 'action',
	name: 's',
	activity: {},
	path,
	args,
	timeoutSeconds,
	pauseBeforeSeconds: 0,
	pauseAfterSeconds: 0,
});
const never = new AbortController().signal;

describe('a program of a step', () => {
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-programs-'));
	});
	after(() => rmSync(folder, { recursive: true }));

	it('is the lab when its path is, in any part of an experiment', () => {
		mkdirSync(join(folder, 'bin'), { recursive: true });
		writeFileSync(join(folder, LAB_PATH), '', { mode: 0o755 });
		const here = { ...machine, directory: folder };
		const [other, lab] = [step('node', ['bin/lab']), step(LAB_PATH, ['steady'])];
		const uses = (probe: Step, action: Step, rollback: Step) => {
			const parts = { hypothesis: { title: '', probes: [probe] }, method: [action], rollbacks: [rollback] };
			return usesLab(parts as unknown as Plan, here);
		};
		assert.equal(uses(other, other, other), false);
		assert.deepEqual([uses(lab, other, other), uses(other, lab, other), uses(other, other, lab)], [true, true, true]);
	});

	it('returns exit code and both streams', async () => {
		const script = 'console.log(process.cwd()); console.error("e"); process.exit(3)';
		assert.deepEqual(await runProgram(step('node', ['-e', script]), { ...machine, directory: folder }, never), {
			status: 3,
			stdout: `${folder}\n`,
			stderr: 'e\n',
		});
	});

	it('returns a signal as a negative exit code', async () => {
		const { status } = await runProgram(step('node', ['-e', 'process.kill(process.pid, "SIGKILL")']), machine, never);
		assert.equal(status, -9);
	});

	it('ends at its time limit together with its children', async () => {
		const pidFile = join(folder, 'child.pid');
		const script = `const { spawn } = require('node:child_process');
			const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' });
			require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`;
		const running = runProgram(step('node', ['-e', script], 3), machine, never);
		await assert.rejects(running, { message: 'the program took longer than 3 s' });
		const pid = Number(readFileSync(pidFile, 'utf8'));
		const isGone = async () => assert.throws(() => process.kill(pid, 0));
		await poll(isGone, { retryMs: 20, timeoutMs: 10_000, say: () => undefined });
	});

	it('stops when the signal aborts, also when it ignores SIGTERM', async () => {
		const abort = new AbortController();
		const ready = join(folder, 'ready');
		const script = `process.on('SIGTERM', () => 0); setInterval(() => 0, 1000);
			require('node:fs').writeFileSync(${JSON.stringify(ready)}, '')`;
		const running = runProgram(step('node', ['-e', script]), machine, abort.signal);
		const stopped = assert.rejects(running, { message: 'the program was stopped' });
		await poll(async () => readFileSync(ready), { retryMs: 20, timeoutMs: 20_000, say: () => undefined });
		abort.abort();
		await stopped;
	});

	it('is refused when it does not exist or is not executable', async () => {
		writeFileSync(join(folder, 'plain'), '', { mode: 0o644 });
		for (const path of ['no-such-program', './plain', '', 'a\0b'])
			assert.equal(findProgram(path, { ...machine, directory: folder }), undefined, JSON.stringify(path));
		await assert.rejects(runProgram(step('no-such-program', []), machine, never), /no-such-program was not found/);
	});
});

describe('the lab', () => {
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-lab-'));
		mkdirSync(join(folder, 'bin'));
		writeFileSync(join(folder, LAB_PATH), '#!/bin/sh\necho started a process\n', { mode: 0o755 });
	});
	after(() => rmSync(folder, { recursive: true }));
	const machineWith = (runLab: RunLab): Machine => ({ environment: { CHAOS_SEED: '7' }, directory: folder, runLab });

	it('runs in this process, with the arguments and the environment of the step', async () => {
		const calls: unknown[] = [];
		const runLab: RunLab = async (args, { env }) => {
			calls.push([args, env]);
			return { code: 1, stdout: 'out', stderr: 'err' };
		};
		const output = await runProgram(step(LAB_PATH, ['node', 'x']), machineWith(runLab), never);
		assert.deepEqual(output, { status: 1, stdout: 'out', stderr: 'err' });
		assert.deepEqual(calls, [[['node', 'x'], { CHAOS_SEED: '7' }]]);
	});

	it('is a program like any other when the runner has no lab', async () => {
		const { stdout } = await runProgram(step(LAB_PATH, []), { ...machine, directory: folder }, never);
		assert.equal(stdout, 'started a process\n');
	});

	it('does not replace another executable of the same name', async () => {
		const runLab: RunLab = async () => assert.fail('ran in this process');
		writeFileSync(join(folder, 'lab'), '#!/bin/sh\necho other\n', { mode: 0o755 });
		assert.equal((await runProgram(step('./lab', []), machineWith(runLab), never)).stdout, 'other\n');
	});

	const untilAbort: RunLab = (_args, { signal }) =>
		new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

	it('ends at its time limit', async () => {
		const running = runProgram(step(LAB_PATH, [], 0.05), machineWith(untilAbort), never);
		await assert.rejects(running, { message: 'the program took longer than 0.05 s' });
	});

	it('stops when the signal aborts', async () => {
		const abort = new AbortController();
		const running = runProgram(step(LAB_PATH, []), machineWith(untilAbort), abort.signal);
		abort.abort();
		await assert.rejects(running, { message: 'the program was stopped' });
	});
});
