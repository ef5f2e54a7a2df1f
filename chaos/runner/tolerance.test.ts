import assert from 'node:assert/strict';
import { chaosToolkit } from './fixtures/fixtures.ts';
import { pythonRegex } from './python-regex.ts';
import { noValues } from './substitute.ts';
import { judgeTolerance } from './tolerance.ts';

const ask = async () => {
	throw new Error('no probe is to be asked');
};

describe('a tolerance', () => {
	const { tolerances, values } = chaosToolkit();

	it(`is met when Chaos Toolkit says so, ${tolerances.length} times`, async () => {
		assert.ok(tolerances.length > 90);
		for (const { tolerance, output, isMet } of tolerances) {
			const judged = await judgeTolerance(tolerance, output, values, ask);
			assert.equal(judged.isMet, isMet, `${JSON.stringify(tolerance)} of ${JSON.stringify(output)}: ${judged.why}`);
		}
	});

	it('is not met, and says why, where Chaos Toolkit would crash', async () => {
		const output = { status: 0, stdout: 'x', stderr: '' };
		for (const tolerance of [
			{ type: 'regex', pattern: 'x' },
			{ type: 'regex', pattern: 'x', target: 'status' },
			{ type: 'regex', pattern: '(', target: 'stdout' },
			{ type: 'jsonpath', path: 'a[', target: 'stdout' },
			{ type: 'range', range: [0, 1] },
			{ type: 'range', range: [0], target: 'status' },
			{ type: 'other' },
			null,
		]) {
			const { isMet, why } = await judgeTolerance(tolerance, output, noValues, ask);
			assert.equal(isMet, false, JSON.stringify(tolerance));
			assert.notEqual(why, '');
		}
		assert.equal((await judgeTolerance([1, 2], 'text', noValues, ask)).isMet, false);
	});

	it('of type probe is what the probe says', async () => {
		const tolerance = { type: 'probe', name: 'p', provider: {} };
		for (const isMet of [true, false])
			assert.equal(
				(await judgeTolerance(tolerance, 1, noValues, async (_probe, value) => value === 1 && isMet)).isMet,
				isMet,
			);
	});
});

describe('a Python pattern', () => {
	it('that JavaScript cannot say is refused', () => {
		for (const pattern of ['(?x)a', 'a++', '(?>a)', '(?(1)a|b)', '(?#a)', '\\y', 'a\\', '\\x1', '(?i:a)', '[a'])
			assert.throws(() => pythonRegex(pattern), Error, pattern);
	});
});
