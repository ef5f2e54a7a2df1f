import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseText } from './document.ts';
import { chaosToolkit, fixtureText, machine, withOurs } from './fixtures/fixtures.ts';
import type { Json, JsonMap } from './json.ts';
import { validate } from './validate.ts';

const check = (text: string, file = 'x.yaml') => validate(parseText(text, file), machine).problems;
const said = (text: string) => check(text).map(({ where, path, text: what }) => `${where} ${path} ${what}`);

/** Good for Chaos Toolkit, which would crash on them or never meet them while it runs. */
const stricter = (document: JsonMap): boolean => JSON.stringify(document).includes('"tolerance":{}');

describe('a document', () => {
	const { documents } = chaosToolkit();

	it(`is good or bad as Chaos Toolkit says, ${documents.length} times`, () => {
		assert.ok(documents.length > 60);
		for (const { document, isValid } of documents) {
			if (stricter(document)) continue;
			const problems = check(JSON.stringify(withOurs(document)), 'x.json');
			assert.equal(
				problems.length === 0,
				isValid,
				`${JSON.stringify(document)}: ${problems.map(({ path, text }) => `${path} ${text}`).join('; ')}`,
			);
		}
	});

	it('has every problem told at once, each with its place', () => {
		const text = fixtureText('all-holds.yaml')
			.replace('title: Nothing is broken', 'title: ""')
			.replace('availability: held }', 'availability: maybe }')
			.replace('tier: A', 'tier: D')
			.replace('path: node', 'path: no-such-program')
			.replace('name: both-hold', 'nome: both-hold');
		assert.deepEqual(said(text), [
			'x.yaml:2:8 $.title needs title, a text that is not empty',
			'x.yaml:6:38 $.extensions[0].tier needs tier: A, B or C',
			'x.yaml:4:48 $.contributions.availability needs contributions.availability, the expected verdict: held, violated, or none where it is not at stake',
			'x.yaml:13:40 $.steady-state-hypothesis.probes[0].provider.path the program no-such-program cannot be found, or may not be started',
			'x.yaml:15:5 $.method[0] needs name, a text that is not empty',
		]);
	});

	it('with the provider python is refused with a sentence', () => {
		const [problem] = said(fixtureText('all-holds.yaml').replace('type: process', 'type: python'));
		assert.match(problem ?? '', /x\.yaml:13:25 .*python needs Python on every machine/);
	});

	it('may not hand on what is read in two ways', () => {
		const text = fixtureText('all-holds.yaml');
		for (const written of ['1.0', '0x10', '2026-01-31', '1_000', '.inf', '[1]'])
			assert.equal(check(text.replace("'0'", written)).length, 1, written);
		for (const written of ['1', "'1.0'", 'true', 'null', '1.5'])
			assert.deepEqual(check(text.replace("'0'", written)), [], written);
	});

	it('that is no YAML, or holds a key twice, is told so with the place', () => {
		assert.match(said('a: [').join(), /^x\.yaml:1:\d+ \$ /);
		assert.match(said('a: 1\na: 2').join(), /^x\.yaml:2:1 \$ .*unique/);
		assert.equal(check('{"a": 1,}', 'x.json').length > 0, true);
	});

	it('never crashes the check, whatever it is', () => {
		fc.assert(fc.property(fc.string(), (text) => void check(text)));
		fc.assert(fc.property(fc.json(), (text) => void check(text, 'x.json')));
		const keys = [
			'title',
			'method',
			'rollbacks',
			'type',
			'name',
			'provider',
			'tolerance',
			'path',
			'arguments',
			'pauses',
			'ref',
			'steady-state-hypothesis',
			'probes',
			'__proto__',
		];
		const values = fc.constantFrom<Json>(
			'probe',
			'process',
			'http',
			'regex',
			'jsonpath',
			'range',
			'node',
			`$${'{a}'}`,
			0,
			-1,
			true,
			null,
		);
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
