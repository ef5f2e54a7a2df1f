import assert from 'node:assert/strict';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import { killDuringJoins } from './kill-during-joins.ts';

describe('killDuringJoins', () => {
	let driver: FakeDriver;
	beforeEach(() => {
		driver = fakeDriver();
	});
	const kill = () => killDuringJoins(driver, { service: 'ca-service', token: 't', downSeconds: 0 });
	const isWaiting = (args: readonly string[]) => args[0] === 'node';

	it('kills the service when every node is at its step, and continues the nodes before the restart', async () => {
		driver.answer = (args) => (isWaiting(args) ? { stdout: `${args[1]}: joined\n` } : {});
		await kill();
		const first = (what: string) => driver.done.findIndex((line) => line.startsWith(what));
		const last = (what: string) => driver.done.findLastIndex((line) => line.startsWith(what));
		assert.ok(last('run join') < first('kill ca-service'));
		assert.ok(first('kill ca-service') < first('run continue'));
		assert.ok(last('run continue') < first('start ca-service'));
		assert.ok(first('start ca-service') < first('run node'));
		const joins = driver.done.filter((line) => line.startsWith('run join'));
		assert.equal(new Set(joins.map((line) => /--pause-after (.*) --discovery/.exec(line)?.[1])).size, 7);
	});

	it('reports a node that joins afterwards as resumed', async () => {
		driver.answer = (args) => (isWaiting(args) ? { stdout: `${args[1]}: joined\n` } : {});
		const [head, ...lines] = (await kill()).split('\n');
		assert.equal(head, 'ca-service was running for 0 s');
		assert.deepEqual([lines.length, lines.every((line) => /^[a-z-]+: resumed$/.test(line))], [7, true]);
	});

	it('starts an ended node again, which then joins or is half joined', async () => {
		const asked = new Map<string, number>();
		driver.answer = (args) => {
			const [verb, node = ''] = args;
			if (verb !== 'node') return {};
			const times = (asked.get(node) ?? 0) + 1;
			asked.set(node, times);
			if (node.includes('certified')) return { stdout: `${node}: refused CSR_FAILED, exit code 1\n` };
			return { stdout: times === 1 ? `${node}: refused CSR_TIMEOUT, exit code 1\n` : `${node}: joined\n` };
		};
		const text = await kill();
		assert.match(text, /^confirmed: ended with CSR_TIMEOUT, joined when started again$/m);
		assert.match(text, /^certified: half joined: ended with CSR_FAILED, and again when it was started again$/m);
		assert.equal(driver.done.filter((line) => line.startsWith('run restart')).length, 7);
	});
});
