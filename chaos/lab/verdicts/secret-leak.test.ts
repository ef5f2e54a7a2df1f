import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import { plantSecret, removePlantedSecret } from './secret-leak.ts';
import { scanForSecrets } from './secret-scan.ts';

const secret = '0123456789abcdef';

describe('a planted secret', () => {
	let driver: FakeDriver;
	let state: string;
	beforeEach(() => {
		driver = fakeDriver();
		state = mkdtempSync(join(tmpdir(), 'kubejoin-leak-'));
		driver.results = {
			tokenSecrets: [secret],
			processTexts: [{ where: 'output of n', text: 'hello' }],
			nodeFiles: { count: 4, problems: [] },
		};
	});
	afterEach(() => rmSync(state, { recursive: true }));
	const scan = (isJudged = true) => scanForSecrets(driver, { isJudged, state });

	it('is found by its place until it is removed; the secret itself is in no result', async () => {
		const path = join(state, 'chaos/canary.txt');
		assert.equal(
			await scan(),
			[
				'secrets found: 0',
				'security: held: no secret is in a forbidden place',
				'searched 2 texts, 5 bytes, for 1 secrets; and 4 files of nodes',
			].join('\n'),
		);
		assert.equal(await plantSecret(driver, state), `planted in ${path}`);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.ok(readFileSync(path, 'utf8').includes(secret));
		const found = await scan();
		assert.match(
			found,
			/^secrets found: 1\nsecurity: violated: a secret is in a forbidden place\nin .*canary\.txt\nsearched 3 texts/,
		);
		assert.ok(!found.includes(secret));
		for (let time = 0; time < 2; time++) assert.equal(await removePlantedSecret(state), 'removed');
		assert.equal(existsSync(path), false);
		assert.match(await scan(), /^secrets found: 0\n/);
	});

	it('counts with the problems of node files, and the verdict is recorded', async () => {
		driver.results.nodeFiles = { count: 4, problems: ['/n/bootstrap-kubelet.conf was left behind'] };
		assert.match(
			await scan(),
			/^secrets found: 1\nsecurity: violated: .*\n\/n\/bootstrap-kubelet.conf was left behind\n/,
		);
		assert.ok(driver.done.includes('recordVerdict security: violated: a secret is in a forbidden place'));
	});

	it('is also found in the logs of the services', async () => {
		driver.text = `{"msg":"${secret}"}`;
		assert.match(await scan(false), /^secrets found: 1\nin the logs of the services\n/);
	});

	it('is neither planted nor searched when the lab does not answer', async () => {
		driver.failure = new Error('no');
		await assert.rejects(plantSecret(driver, state), driver.failure);
		await assert.rejects(scan(), driver.failure);
	});
});
