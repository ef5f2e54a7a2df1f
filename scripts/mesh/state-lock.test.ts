import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { lockState } from './state-lock.ts';

describe('the lock of a state directory', () => {
	let directory: string;
	beforeEach(() => {
		directory = join(mkdtempSync(join(tmpdir(), 'kubejoin-lock-')), 'state');
	});
	afterEach(() => rmSync(directory, { recursive: true, force: true }));
	const leave = async (contents: string) => {
		(await lockState(directory))();
		writeFileSync(join(directory, 'lock'), contents);
	};

	it('is taken and given up, and nothing else is left', async () => {
		const unlock = await lockState(directory);
		assert.deepEqual(readdirSync(directory), ['lock']);
		unlock();
		assert.deepEqual(readdirSync(directory), []);
		(await lockState(directory))();
	});

	it('STATE_IN_USE: a process that lives has it', async () => {
		await leave(String(process.ppid));
		await assert.rejects(
			lockState(directory),
			(error) => hasCode(error, 'STATE_IN_USE') && error.facts.pid === process.ppid,
		);
		assert.ok(existsSync(join(directory, 'lock')));
	});

	it('is taken over from a process that is dead, and from nonsense', async () => {
		const { pid } = spawnSync('true');
		for (const contents of [String(pid), 'nonsense', '', '-1', '0']) {
			await leave(contents);
			(await lockState(directory))();
		}
	});

	it('FILE_UNUSABLE: the directory cannot be made', async () => {
		writeFileSync(directory, 'a file');
		await assert.rejects(lockState(directory), (error) => hasCode(error, 'FILE_UNUSABLE'));
	});
});
