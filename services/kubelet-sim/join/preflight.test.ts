import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasCode } from '../../../lib/errors.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import type { NodeIdentity } from '../identity.ts';
import { testRequest } from './fixtures.test.ts';
import { preflight } from './preflight.ts';

describe('preflight', () => {
	let root: string;
	let remedy = '';
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'kubejoin-preflight-'));
	});
	afterEach(() => rmSync(root, { recursive: true }));
	const run = async (nowMs: number, changes: { replaces?: NodeIdentity } = {}) =>
		preflight({ paths: nodePaths(root), clock: () => nowMs, say: () => undefined }).run({ ...testRequest, ...changes });
	const problemsOf = async (running: Promise<unknown>): Promise<unknown> => {
		const error = await running.then(
			() => assert.fail('the join was not refused'),
			(thrown: unknown) => thrown,
		);
		assert.ok(hasCode(error, 'PREFLIGHT_FAILED'), String(error));
		remedy = error.remedy;
		return error.details.problems;
	};
	const validMs = Date.UTC(2026, 6, 1);

	it('refuses a node that has a kubelet.conf, unless the join replaces its identity', async () => {
		const { kubeconfig } = nodePaths(root);
		mkdirSync(dirname(kubeconfig), { recursive: true });
		writeFileSync(kubeconfig, '');
		assert.deepEqual(await problemsOf(run(validMs)), [
			`FileAvailable--etc-kubernetes-kubelet.conf]: ${kubeconfig} already exists`,
		]);
		assert.match(remedy, new RegExp(`: kubelet-sim reset --root ${root}$`));
		assert.equal((await run(validMs, { replaces: {} as NodeIdentity })).pins.length, 1);
	});

	it('refuses a clock before 2026', async () => {
		assert.deepEqual(await problemsOf(run(Date.UTC(2025, 11, 31))), [
			'Clock]: the system clock says 2025-12-31T00:00:00.000Z, which is in the past',
		]);
		assert.equal((await run(Date.UTC(2026, 0, 1))).pins.length, 1);
	});

	it('refuses a directory that it cannot create', async () => {
		writeFileSync(join(root, 'etc'), '');
		assert.match(String(await problemsOf(run(validMs))), /DirAvailable\]: .*: not a directory/);
	});
});
