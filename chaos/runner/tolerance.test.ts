import assert from 'node:assert/strict';
import { parseText } from './document.ts';
import { chaosToolkit, fixtureText, machine, planOf } from './fixtures/fixtures.ts';
import type { Json } from './json.ts';
import type { Tolerance } from './plan.ts';
import { judgeTolerance } from './tolerance.ts';
import { validate } from './validate.ts';

/** Through the document, because a tolerance is compiled when the document is validated. */
function compile(tolerance: Json): Tolerance {
	const text = fixtureText('all-holds.yaml').replace(/tolerance: 0/g, `tolerance: ${JSON.stringify(tolerance)}`);
	const [step] = planOf(text).method;
	assert.ok(step?.tolerance);
	return step.tolerance;
}

describe('judgeTolerance', () => {
	const { tolerances } = chaosToolkit();

	it(`agrees with Chaos Toolkit on ${tolerances.length} tolerances`, () => {
		assert.ok(tolerances.length > 20);
		for (const { tolerance, output, isMet } of tolerances) {
			const judged = judgeTolerance(compile(tolerance), output);
			assert.equal(judged.isMet, isMet, `${JSON.stringify(tolerance)} of ${JSON.stringify(output)}: ${judged.why}`);
		}
	});

	it('says the expected and the actual value, shortened', () => {
		const output = { status: 1, stdout: 'x'.repeat(500), stderr: '' };
		assert.equal(judgeTolerance(compile(0), output).why, 'expected exit code 0, got 1');
		const { why } = judgeTolerance(compile({ type: 'regex', target: 'stdout', pattern: 'joined' }), output);
		assert.match(why, /^expected stdout to match joined, got "x+…$/);
		assert.ok(why.length < 200);
	});

	it('gives the same answer twice for one pattern', () => {
		const tolerance = compile({ type: 'regex', target: 'stdout', pattern: 'a' });
		const output = { status: 0, stdout: 'a', stderr: '' };
		assert.deepEqual(
			[1, 2].map(() => judgeTolerance(tolerance, output).isMet),
			[true, true],
		);
	});
});

describe('a pattern that only Python has', () => {
	for (const pattern of ['(?x)a', '(?P<n>a)', 'a++', '(?>a)', '(?(1)a|b)', '\\Aa', 'a\\Z', '(?i:a', '[a'])
		it(`refuses ${pattern}`, () => {
			const tolerance = JSON.stringify({ type: 'regex', target: 'stdout', pattern });
			const text = fixtureText('all-holds.yaml').replace('tolerance: 0', `tolerance: ${tolerance}`);
			const [problem] = validate(parseText(text, 'x.yaml'), machine).problems;
			assert.match(problem?.text ?? '', /must be a pattern that Python and JavaScript both have/);
		});
});
