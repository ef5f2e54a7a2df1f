import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../../lib/errors.ts';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import { leak, reset, scan, startedAtMs, steady } from './steady-state.ts';

const secret = '0123456789abcdef';

describe('the whole mesh', () => {
	let driver: FakeDriver;
	let state: string;
	let files: { count: number; problems: readonly string[] };
	beforeEach(() => {
		files = { count: 4, problems: [] };
		driver = fakeDriver();
		state = mkdtempSync(join(tmpdir(), 'kubejoin-whole-'));
		driver.answer = ([verb]) => ({
			stdout:
				verb === 'token-secrets'
					? JSON.stringify([secret])
					: verb === 'texts'
						? '[{"where":"output of n","text":"hello"}]'
						: verb === 'node-files'
							? JSON.stringify(files)
							: '',
		});
	});
	afterEach(() => rmSync(state, { recursive: true }));

	const judged = (lines: readonly string[], problems: readonly string[] = []) => ({
		stdout: JSON.stringify({ lines, problems }),
	});

	it('is steady when every service runs unchanged and every verdict is as expected; the verdicts follow', async () => {
		driver.answer = () => judged(['security: held: x', 'availability: held after 0.0 s']);
		assert.deepEqual(await steady(driver, 7), {
			code: 0,
			stdout: 'steady: 2 services run\nsecurity: held: x\navailability: held after 0.0 s\n',
			stderr: '',
		});
		assert.deepEqual(driver.done, ['inside expectations --within 7']);
	});

	it('is not steady when a verdict is not as expected: exit code 1, the reason, and every verdict', async () => {
		driver.answer = () => judged(['security: violated: x', 'availability: held'], ['security is violated']);
		const { code, stdout } = await steady(driver, 7);
		assert.equal(code, 1);
		assert.equal(stdout, 'not steady: security is violated\nsecurity: violated: x\navailability: held\n');
	});

	it('is not steady when a service is paused, stopped or changed: which one, and the remedy', async () => {
		const [first, second] = driver.states;
		assert.ok(first && second);
		driver.states.splice(0, 2, { ...first, state: 'paused' }, { ...second, isChanged: true });
		const { code, stdout } = await steady(driver, 7);
		assert.equal(code, 1);
		assert.match(stdout, /^not steady: ca-service is paused; token-store is changed\navailability: violated: /);
		assert.match(stdout, /Restore the services with "node dist\/chaos\/lab\/main.js reset"/);
	});

	it('SERVICE_FAILED: where the nodes are nobody answers well; that is not steady and nothing is reset', async () => {
		driver.answer = () => ({ code: 1, stderr: 'error: no' });
		for (const ask of [
			() => steady(driver, 1),
			() => reset(driver),
			() => startedAtMs(driver),
			() => leak(driver, true, state),
			() => scan(driver, true, state),
		])
			await assert.rejects(ask(), (error) => hasCode(error, 'SERVICE_FAILED') && error.message.endsWith('error: no'));
	});

	it('is reset: first the services, for the nodes are taken out of the cluster through them', async () => {
		driver.restored = ['resumed ca-service'];
		driver.left = ['removed the lab'];
		driver.answer = () => ({ stdout: 'removed n\n' });
		assert.equal(await reset(driver), 'resumed ca-service\nremoved n\nremoved the lab');
		assert.deepEqual(driver.done, ['restore', 'inside reset-nodes']);
	});

	it('looks for nothing where no experiment has been: no container is made for that', async () => {
		assert.equal(await reset({ ...driver, labExists: async () => false }), 'there was nothing to put back');
		assert.deepEqual(driver.done, ['restore']);
	});

	it('a reset that finds nothing says so', async () => {
		assert.equal(await reset(driver), 'there was nothing to put back');
	});

	it('a planted secret is found and its place told, and not once it is taken away; the secret itself is in no answer', async () => {
		const path = join(state, 'chaos/canary.txt');
		const clean = await scan(driver, true, state);
		assert.equal(
			clean,
			[
				'secrets found: 0',
				'security: held: no secret was found where none may be',
				'searched 2 texts, 5 bytes, for 1 secrets; and 4 files of nodes',
			].join('\n'),
		);
		assert.equal(await leak(driver, true, state), `planted in ${path}`);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.ok(readFileSync(path, 'utf8').includes(secret));
		const found = await scan(driver, true, state);
		assert.match(
			found,
			/^secrets found: 1\nsecurity: violated: a secret was found where none may be\nin .*canary\.txt\nsearched 3 texts/,
		);
		assert.ok(!found.includes(secret));
		for (let time = 0; time < 2; time++) assert.equal(await leak(driver, false, state), 'taken away');
		assert.equal(existsSync(path), false);
		assert.match(await scan(driver, true, state), /^secrets found: 0\n/);
	});

	it('a problem with the files of a node counts as a secret that was found, and the verdict is recorded', async () => {
		files = { count: 4, problems: ['/n/bootstrap-kubelet.conf was left behind'] };
		assert.match(
			await scan(driver, true, state),
			/^secrets found: 1\nsecurity: violated: .*\n\/n\/bootstrap-kubelet.conf was left behind\n/,
		);
		assert.ok(driver.done.includes('inside record-verdict security: violated: a secret was found where none may be'));
	});

	it('the logs of the services are searched too', async () => {
		driver.text = `{"msg":"${secret}"}`;
		assert.match(await scan(driver, false, state), /^secrets found: 1\nin the logs of the services\n/);
	});
});
