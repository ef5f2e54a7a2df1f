import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { lockState } from './state-lock.ts';

/** Field 22 of proc(5) stat. */
const startTicks = (pid: number): string =>
	readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';

describe('the lock of a state directory', () => {
	let directory: string;
	beforeEach(() => {
		directory = join(mkdtempSync(join(tmpdir(), 'kubejoin-lock-')), 'state');
	});
	afterEach(() => rmSync(dirname(directory), { recursive: true }));
	const leave = async (contents: string) => {
		(await lockState(directory))();
		writeFileSync(join(directory, 'lock'), contents);
	};

	it('is acquired and released, and leaves no file', async () => {
		const unlock = await lockState(directory);
		assert.deepEqual(readdirSync(directory), ['lock']);
		unlock();
		assert.deepEqual(readdirSync(directory), []);
		(await lockState(directory))();
	});

	it('is refused while a running process holds it', async () => {
		await leave(String(process.ppid));
		await assert.rejects(
			lockState(directory),
			(error) => hasCode(error, 'STATE_IN_USE') && error.details.pid === process.ppid,
		);
		assert.ok(existsSync(join(directory, 'lock')));
	});

	it('is refused in the directory of another user, who could replace its files', async function () {
		if (process.getuid?.() !== 0) this.skip();
		mkdirSync(directory);
		chownSync(directory, 65_534, 65_534);
		await assert.rejects(lockState(directory), (error) => {
			assert.ok(hasCode(error, 'FILE_UNUSABLE'));
			assert.equal(error.message, `${directory}: it belongs to another user`);
			assert.match(error.remedy, /^Choose another directory/);
			return true;
		});
		assert.deepEqual(readdirSync(directory), []);
	});

	it('leaves a directory that no other user can write', async () => {
		mkdirSync(directory);
		chmodSync(directory, 0o777);
		(await lockState(directory))();
		assert.equal(statSync(directory).mode & 0o777, 0o755);
	});

	it('is stale when another program has the process id', async () => {
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
		for (const start of [`${boot}/1`, `another-boot/${startTicks(process.ppid)}`]) {
			await leave(`${process.ppid} ${start}`);
			(await lockState(directory))();
		}
		await leave(`${process.ppid} ${boot}/${startTicks(process.ppid)}`);
		await assert.rejects(lockState(directory), (error) => hasCode(error, 'STATE_IN_USE'));
	});

	it('is stale when its process has ended or its contents are invalid', async () => {
		const { pid } = spawnSync('true');
		for (const contents of [String(pid), `${pid} boot/1`, 'nonsense', '', '-1', '0']) {
			await leave(contents);
			(await lockState(directory))();
		}
	});

	it('is refused when a directory has its name, or the directory cannot be created', async () => {
		const lock = join(directory, 'lock');
		mkdirSync(lock, { recursive: true });
		await assert.rejects(
			lockState(directory),
			(error) => hasCode(error, 'FILE_UNUSABLE') && error.message === `${lock}: is a directory`,
		);
		rmSync(directory, { recursive: true });
		writeFileSync(directory, 'a file');
		await assert.rejects(
			lockState(directory),
			(error) => hasCode(error, 'FILE_UNUSABLE') && error.message === `${directory}: file exists`,
		);
	});
});
