import assert from 'node:assert/strict';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import { steady } from './steady-state.ts';

describe('the steady state', () => {
	let driver: FakeDriver;
	beforeEach(() => {
		driver = fakeDriver();
	});

	it('holds when every service runs unchanged and every verdict is as expected', async () => {
		driver.results.judgeExpectations = { lines: ['security: held: x', 'availability: held after 0.0 s'], problems: [] };
		assert.deepEqual(await steady(driver, 7), {
			code: 0,
			stdout: 'steady: 2 services run\nsecurity: held: x\navailability: held after 0.0 s\n',
			stderr: '',
		});
		assert.deepEqual(driver.done, ['judgeExpectations 7']);
	});

	it('fails with exit code 1, the problem and every verdict when a verdict is not as expected', async () => {
		const lines = ['security: violated: x', 'availability: held'];
		driver.results.judgeExpectations = { lines, problems: ['security is violated'] };
		const { code, stdout } = await steady(driver, 7);
		assert.equal(code, 1);
		assert.equal(stdout, 'not steady: security is violated\nsecurity: violated: x\navailability: held\n');
	});

	it('names each service that is paused, stopped or changed, with a remedy', async () => {
		const [first, second] = driver.states;
		assert.ok(first && second);
		driver.states.splice(0, 2, { ...first, state: 'paused' }, { ...second, isChanged: true });
		const { code, stdout } = await steady(driver, 7);
		assert.equal(code, 1);
		assert.match(stdout, /^not steady: ca-service is paused; token-store is changed\navailability: violated: /);
		assert.match(stdout, /Restore the services with "bin\/lab reset"/);
	});

	it('rejects when the lab does not answer', async () => {
		driver.failure = new Error('no');
		await assert.rejects(steady(driver, 1), driver.failure);
	});
});
