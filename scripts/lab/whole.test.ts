import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { type FakeDriver, fakeDriver } from './driver.fixture.ts';
import { begunMs, leak, reset, scan, steady } from './whole.ts';

const secret = '0123456789abcdef';

describe('the whole mesh', () => {
	let driver: FakeDriver;
	let state: string;
	beforeEach(() => {
		driver = fakeDriver();
		state = mkdtempSync(join(tmpdir(), 'kubejoin-whole-'));
		driver.answer = ([verb]) => ({
			stdout:
				verb === 'token-secrets'
					? JSON.stringify([secret])
					: verb === 'texts'
						? '[{"where":"output of n","text":"hello"}]'
						: '',
		});
	});
	afterEach(() => rmSync(state, { recursive: true }));

	it('is steady when every service runs unchanged and every node is Ready', async () => {
		driver.answer = () => ({ stdout: 'availability: held after 0.0 s: every node is Ready\n' });
		assert.equal(await steady(driver, 7), 'steady: 2 services run, after 0.0 s: every node is Ready');
		assert.deepEqual(driver.done, ['inside judge availability --within 7']);
	});

	it('is not steady when a service is paused, stopped or changed, or a node is not Ready; which, is told', async () => {
		driver.answer = () => ({ stdout: 'availability: violated: after 7 s n is not Ready\n' });
		assert.equal(await steady(driver, 7), 'not steady: availability: violated: after 7 s n is not Ready');
		const [first, second] = driver.states;
		assert.ok(first && second);
		driver.states.splice(0, 2, { ...first, state: 'paused' }, { ...second, isChanged: true });
		assert.equal(await steady(driver, 7), 'not steady: ca-service is paused, token-store is changed');
	});

	it('SERVICE_FAILED: where the nodes are nobody answers well; that is not steady and nothing is reset', async () => {
		driver.answer = () => ({ code: 1, stderr: 'error: no' });
		for (const ask of [
			() => steady(driver, 1),
			() => reset(driver),
			() => begunMs(driver),
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
		assert.equal(await reset({ ...driver, isEntered: async () => false }), 'there was nothing to put back');
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
				'security: held: no secret stands where none may be',
				'searched 2 texts, 5 bytes, for 1 secrets',
			].join('\n'),
		);
		assert.equal(await leak(driver, true, state), `planted in ${path}`);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.ok(readFileSync(path, 'utf8').includes(secret));
		const found = await scan(driver, true, state);
		assert.match(
			found,
			/^secrets found: 1\nsecurity: violated: a secret stands where none may be\nin .*canary\.txt\nsearched 3 texts/,
		);
		assert.ok(!found.includes(secret));
		for (let time = 0; time < 2; time++) assert.equal(await leak(driver, false, state), 'taken away');
		assert.equal(existsSync(path), false);
		assert.match(await scan(driver, true, state), /^secrets found: 0\n/);
	});

	it('the logs of the services are searched too', async () => {
		driver.text = `{"msg":"${secret}"}`;
		assert.match(await scan(driver, false, state), /^secrets found: 1\nin the logs of the services\n/);
	});
});
