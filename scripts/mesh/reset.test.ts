import assert from 'node:assert/strict';
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import { type ResetOptions, resetState } from './reset.ts';
import { lockState } from './state-lock.ts';

const OTHER_USER = 65_534;

describe('a reset', () => {
	let directory: string;
	let state: string;
	let said: string[];
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-reset-'));
		state = join(directory, 'state');
		said = [];
		for (const part of ['pki/ca-service', 'apiserver-sim', 'nodes/node-1/etc', 'logs', 'lab', 'chaos'])
			mkdirSync(join(state, part), { recursive: true });
		writeFileSync(join(state, 'join.yaml'), '');
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const reset = (options: Partial<ResetOptions> = {}) =>
		resetState({
			state,
			isConfirmed: true,
			say: (text) => said.push(text),
			language: 'en',
			...options,
		});
	const refuses = (code: ErrorCode, options: Partial<ResetOptions> = {}) =>
		assert.rejects(reset(options), (error) => hasCode(error, code));

	it('deletes a cluster, and the directory if nothing else is in it', async () => {
		assert.equal(await reset(), true);
		assert.equal(existsSync(state), false);
		assert.deepEqual(said, [`Deleted the cluster in ${state}.`]);
	});

	it('succeeds where there is no cluster', async () => {
		assert.equal(await reset({ state: join(directory, 'none') }), true);
		assert.deepEqual(said, [`There is no cluster in ${join(directory, 'none')}.`]);
	});

	it('keeps files that kubejoin did not create, and names them', async () => {
		writeFileSync(join(state, 'notes.txt'), 'mine');
		await reset();
		assert.deepEqual(readdirSync(state), ['notes.txt']);
		assert.match(said.join(), /Other files were kept: notes\.txt/);
	});

	it('keeps such files in the directories of kubejoin too, and counts those that it does not name', async () => {
		const own = [
			'logs/node-1.log',
			'lab/control.json',
			'chaos/2026-11-28T01-00-00/report.md',
			'pki/ca-service/ca.key',
			...['lab/other-cluster-RSA-2048/admin/admin.conf', 'lab/workers/x02-digit.log', 'lab/home/.kube/config'],
			...['lab/nodes/a.json', 'lab/nodes/a/b/etc/kubernetes/kubelet.conf', 'lab/attackers/a.report.json'],
			...['lab/kubejoin-matrix-aZ09/matrix-1/etc/kubernetes/pki/ca.crt', 'lab/kubejoin-matrix-aZ09/token'],
			...['etc/kubernetes/kubelet.conf', 'etc/kubernetes/bootstrap-kubelet.conf.tmp', 'etc/kubernetes/pki/ca.crt']
				.concat('var/lib/kubelet/config.yaml', 'var/lib/kubelet/pki/kubelet-client-2026-11-28-07-22-48-1.pem')
				.concat('var/lib/kubelet/pki/kubelet-client-current.pem', 'var/lib/kubelet/pki/kubelet-server.key.tmp')
				.concat('join.yaml', 'traces-key', 'var/lib/kubelet/version', 'var/lib/kubelet/pki/kubelet.key.damaged')
				.map((path) => `nodes/node-7/${path}`),
		];
		const mine = [
			'logs/mine.txt',
			'logs/app.log',
			'chaos/a.yaml',
			'lab/b.md',
			'nodes/node-1/c',
			'pki/d.key',
			'logs/e/f',
			...['nodes/node-1/etc/kubernetes/mine.conf', 'nodes/node-1/var/lib/kubelet/pki/mine.pem', 'nodes/n/var/f'],
			...['lab/mine.json', 'lab/nodes/x/mine', 'lab/workers/a/b', 'lab/home/mine', 'lab/tokens/mine.txt'],
			...['lab/other-cluster-RSA-2048/mine.key', 'lab/kubejoin-matrix-aZ09/mine', 'chaos/2026-11-28T01-00-00/mine.md'],
			...['pki/admin/mine.crt', 'apiserver-sim/copy.mdb'],
		];
		for (const path of [...own, ...mine]) {
			mkdirSync(dirname(join(state, path)), { recursive: true });
			writeFileSync(join(state, path), '');
		}
		await reset();
		for (const path of own) assert.equal(existsSync(join(state, path)), false, path);
		for (const path of mine) assert.equal(existsSync(join(state, path)), true, path);
		assert.match(said.join(), /Other files were kept: [^ ]+(, [^ ]+){4} and /);
		assert.ok(said.join().endsWith(` and ${mine.length - 5} more.`), said.join());
	});

	it('deletes symbolic links and no file behind them', async () => {
		const outside = join(directory, 'outside');
		mkdirSync(outside);
		writeFileSync(join(outside, 'precious'), '');
		symlinkSync(outside, join(state, 'nodes', 'node-2'));
		rmSync(join(state, 'logs'), { recursive: true });
		symlinkSync(outside, join(state, 'logs'));
		await reset();
		assert.deepEqual([existsSync(state), readdirSync(outside)], [false, ['precious']]);
	});

	/** As a user without any right, also where root runs the tests. */
	const asOtherUser = async (work: () => Promise<void>) => {
		const user = process.geteuid?.();
		if (user === 0) process.seteuid?.(OTHER_USER);
		try {
			await work();
		} finally {
			if (user === 0) process.seteuid?.(0);
		}
	};

	it('does not take a directory of another user for an empty one', async () => {
		chmodSync(state, 0);
		await asOtherUser(() => refuses('FILE_UNUSABLE'));
		chmodSync(directory, 0);
		await asOtherUser(() => refuses('FILE_UNUSABLE'));
		chmodSync(directory, 0o700);
		chmodSync(state, 0o700);
		assert.deepEqual([said, existsSync(join(state, 'pki'))], [[], true]);
	});

	it('names a file that this user cannot delete', async () => {
		writeFileSync(join(state, 'pki/ca-service/ca.key'), '');
		chmodSync(directory, 0o755);
		if (process.geteuid?.() === 0) chownSync(state, OTHER_USER, OTHER_USER);
		chmodSync(join(state, 'pki/ca-service'), 0o555);
		await asOtherUser(() =>
			assert.rejects(reset(), (error) => {
				assert.ok(hasCode(error, 'FILE_UNUSABLE'));
				assert.equal(error.message, `${join(state, 'pki/ca-service/ca.key')}: permission denied`);
				return true;
			}),
		);
		chmodSync(join(state, 'pki/ca-service'), 0o755);
	});

	it('refuses a symbolic link, a file, and a directory of another program', async () => {
		const link = join(directory, 'link');
		symlinkSync(state, link);
		const other = join(directory, 'other');
		for (const name of ['logs', 'nodes']) mkdirSync(join(other, name), { recursive: true });
		for (const path of [link, join(state, 'join.yaml'), other]) await refuses('STATE_UNKNOWN', { state: path });
		assert.deepEqual(readdirSync(other).sort(), ['logs', 'nodes']);
		assert.ok(existsSync(join(state, 'pki')));
	});

	it('refuses while a mesh runs in the directory', async () => {
		const unlock = await lockState(state);
		// The lock of this process would count as stale: another process holds it.
		writeFileSync(join(state, 'lock'), `${process.ppid}`);
		await refuses('STATE_IN_USE');
		assert.ok(existsSync(join(state, 'pki')));
		unlock();
	});

	it('asks on a terminal, deletes after yes, and keeps everything after no', async () => {
		const questions: string[] = [];
		const answer = (isYes: boolean) => async (question: string) => {
			questions.push(question);
			return isYes;
		};
		assert.equal(await reset({ isConfirmed: false, ask: answer(false) }), false);
		assert.ok(existsSync(join(state, 'pki')));
		assert.equal(existsSync(join(state, 'lock')), false);
		assert.equal(await reset({ isConfirmed: false, ask: answer(true) }), true);
		assert.equal(existsSync(state), false);
		assert.equal(
			questions[0],
			`Delete the cluster in ${state}: its CA, its tokens, the files of 1 node and all logs? [y/N] `,
		);
	});

	it('refuses without --yes where there is no terminal', async () => {
		await refuses('RESET_UNCONFIRMED', { isConfirmed: false });
		assert.ok(existsSync(join(state, 'pki')));
	});
});
