import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseText } from './document.ts';
import { chaosToolkit, fixtureText, machine, planOf, withRequired } from './fixtures/fixtures.ts';
import type { Json } from './json.ts';
import { validate } from './validate.ts';

const fixture = fixtureText('all-holds.yaml');
const check = (text: string, file = 'x.yaml') => validate(parseText(text, file), machine).problems;
const problemsOf = (text: string) => check(text).map(({ where, path, text: what }) => `${where} ${path} ${what}`);
const UNSUPPORTED = /is a feature of Chaos Toolkit that this runner does not have|must be in the provider/;

describe('validate', () => {
	const { documents } = chaosToolkit();

	it('refuses each document that Chaos Toolkit refuses', () => {
		const refused = documents.filter(({ isValid }) => !isValid);
		assert.ok(refused.length > 20);
		for (const { document } of refused)
			assert.notDeepEqual(check(JSON.stringify(withRequired(document)), 'x.json'), [], JSON.stringify(document));
	});

	it('accepts each document that Chaos Toolkit accepts, or names the unsupported feature', () => {
		const accepted = documents.filter(({ isValid }) => isValid);
		assert.ok(accepted.length > 20);
		for (const { document } of accepted)
			for (const { path, text } of check(JSON.stringify(withRequired(document)), 'x.json')) {
				const isOfCrash = JSON.stringify(document).includes('"tolerance": {}'.replace(' ', ''));
				assert.ok(isOfCrash || UNSUPPORTED.test(text), `${JSON.stringify(document)}: ${path} ${text}`);
			}
	});

	it('reports all problems together, each with its line', () => {
		const text = fixture
			.replace('title: Nothing is broken', 'title: ""')
			.replace('availability: held }', 'availability: maybe }')
			.replace('tier: A', 'tier: D')
			.replace('path: node', 'path: no-such-program')
			.replace('name: both-hold', 'nome: both-hold');
		assert.deepEqual(problemsOf(text), [
			'x.yaml:2:8 $.title needs title, a text that is not empty',
			'x.yaml:6:38 $.extensions[0].tier needs tier: A, B or C',
			'x.yaml:4:48 $.contributions.availability needs contributions.availability, ' +
				'the expected verdict: held, violated, or none where it is not at stake',
			'x.yaml:13:40 $.steady-state-hypothesis.probes[0].provider.path ' +
				'the program no-such-program was not found, or is not executable',
			'x.yaml:15:5 $.method[0] needs name, a text that is not empty',
		]);
	});

	describe('names an unsupported feature and its line', () => {
		const cases: Readonly<Record<string, readonly [text: string, problem: RegExp]>> = {
			configuration: [`${fixture}configuration: { a: 1 }\n`, /^x\.yaml:2\d:16 \$\.configuration configuration is/],
			secrets: [`${fixture}secrets: {}\n`, /^x\.yaml:2\d:10 \$\.secrets secrets is/],
			controls: [`${fixture}controls: []\n`, /\$\.controls controls is/],
			background: [
				fixture.replace('name: both-hold', 'name: p\n    background: true'),
				/x\.yaml:17:17 .*background is/,
			],
			ref: [fixture.replace('method:', 'method:\n  - ref: all-is-well'), /x\.yaml:15:10 \$\.method\[0\]\.ref ref is/],
			'the provider http': [
				fixture.replace('type: process', 'type: http'),
				/13:25 .*the provider http is.*use process/,
			],
			'the provider python': [fixture.replace('type: process', 'type: python'), /the provider python is/],
			'arguments as text': [
				fixture.replace("['-e', '0']", '-v'),
				/13:57 .*arguments that are no list is.*write a list/,
			],
			'arguments as mapping': [fixture.replace("['-e', '0']", '{ -e: 0 }'), /arguments that are no list/],
			'tolerance jsonpath': [
				fixture.replace('tolerance: 0', 'tolerance: { type: jsonpath, path: $.a }'),
				/12:26 .*a tolerance of type jsonpath is.*use regex/,
			],
			'tolerance range': [fixture.replace('tolerance: 0', 'tolerance: { type: range, range: [1, 2] }'), /type range/],
			'tolerance probe': [fixture.replace('tolerance: 0', 'tolerance: { type: probe, name: x }'), /type probe/],
			'a list as tolerance': [fixture.replace('tolerance: 0', 'tolerance: [0, 1]'), /12:18 .*must be an exit code/],
			'a boolean as tolerance': [fixture.replace('tolerance: 0', 'tolerance: true'), /must be an exit code/],
		};
		for (const [feature, [text, problem]] of Object.entries(cases))
			it(feature, () => {
				const problems = problemsOf(text);
				assert.equal(problems.length, 1, problems.join('\n'));
				assert.match(problems[0] ?? '', problem);
				assert.match(problems[0] ?? '', UNSUPPORTED);
			});
	});

	it('compiles a step: merge keys, arguments, time limit, tolerance and pauses', () => {
		const [step, ...others] = planOf(`${fixture.replace('provider: {', 'provider: &p {')}
  - type: probe
    name: merged
    tolerance: { type: regex, target: stderr, pattern: 'a+' }
    pauses: { before: 1, after: 0.5 }
    provider: { <<: *p, timeout: 7, arguments: [1, --until, "x y", ''] }
`).rollbacks.slice(1);
		assert.ok(step);
		const { type, name, path, args, timeoutSeconds, pauseBeforeSeconds, pauseAfterSeconds, tolerance } = step;
		assert.deepEqual([type, name, path, timeoutSeconds], ['probe', 'merged', 'node', 7]);
		assert.deepEqual(args, ['1', '--until', 'x y'], 'Chaos Toolkit drops empty arguments');
		assert.deepEqual([pauseBeforeSeconds, pauseAfterSeconds], [1, 0.5]);
		assert.deepEqual(tolerance, { type: 'regex', pattern: /a+/u, target: 'stderr' });
		assert.deepEqual(others, []);
	});

	it('refuses an argument that YAML and its text disagree about', () => {
		for (const written of ['1.0', '0x10', '2026-01-31', '1_000', '.inf', '[1]', 'true', 'null'])
			assert.equal(check(fixture.replace("'0'", written)).length, 1, written);
		for (const written of ['1', "'1.0'", '1.5']) assert.deepEqual(check(fixture.replace("'0'", written)), [], written);
	});

	it('refuses a wrong pause, time limit, tag, need and hypothesis', () => {
		const change = (from: string, to: string) => problemsOf(fixture.replace(from, to)).join('\n');
		const step = 'name: both-hold';
		assert.match(change(step, `${step}\n    pauses: 3`), /17:13 .*must be a mapping with before, after/);
		assert.match(change(step, `${step}\n    pauses: { after: soon }`), /pauses\.after must be a number of seconds/);
		assert.match(change(step, `${step}\n    pauses: { after: -1 }`), /pauses\.after must be a number of seconds/);
		assert.match(change('path: node,', 'path: node, timeout: 0,'), /timeout must be a number of seconds above 0/);
		assert.match(change('description:', 'tags: [1]\ndescription:'), /\$\.tags must be a list of texts/);
		assert.match(change('tier: A', 'tier: A, needs: openssl'), /needs must be a list of texts/);
		assert.match(change('tolerance: 0', 'tolerance: 1.5'), /must be an exit code or a mapping/);
		assert.match(change('tolerance: 0\n', '\n'), /probes\[0\] needs a tolerance/);
		assert.match(change('name: kubejoin', 'name: other'), /needs an extension with the name kubejoin/);
	});

	it('reports a syntax error, a repeated key and trailing commas with their line', () => {
		assert.match(problemsOf('a: [').join(), /^x\.yaml:1:\d+ \$ /);
		assert.match(problemsOf('a: 1\na: 2').join(), /^x\.yaml:2:1 \$ .*unique/);
		assert.ok(check('{"a": 1,}', 'x.json').length > 0);
	});

	it('never throws', () => {
		fc.assert(fc.property(fc.string(), (text) => void check(text)));
		fc.assert(fc.property(fc.json(), (text) => void check(text, 'x.json')));
		const names = 'title method rollbacks type name provider tolerance path arguments pauses ref probes __proto__';
		const keys = [...names.split(' '), 'steady-state-hypothesis'];
		const values = fc.constantFrom<Json>('probe', 'process', 'http', 'regex', 'node', 0, -1, true, null);
		const { tree } = fc.letrec((tie) => ({
			tree: fc.oneof(
				{ maxDepth: 5 },
				values,
				fc.array(tie('tree'), { maxLength: 3 }),
				fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 6 }),
			),
		}));
		fc.assert(
			fc.property(
				fc.dictionary(fc.constantFrom(...keys, 'contributions', 'extensions', 'secrets', 'configuration'), tree),
				(document) => void check(stringify(document)),
			),
		);
	});
});
