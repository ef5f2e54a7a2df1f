import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { KubejoinError } from './errors.ts';
import { limits } from './limits.ts';
import { readFirstYaml, readYaml, readYamlFile, withTopField, type YamlOptions, type YamlProblem } from './yaml.ts';

class Refused extends Error {
	readonly problem: YamlProblem;
	constructor(problem: YamlProblem) {
		super(problem.text);
		this.problem = problem;
	}
}
const refuse = (problem: YamlProblem): never => {
	throw new Refused(problem);
};
const values = (input: string | Uint8Array, options: Partial<YamlOptions> = {}) =>
	readYaml(input, { refuse, ...options }).map(({ value }) => value);
const problem = (input: string | Uint8Array): YamlProblem => {
	try {
		values(input);
	} catch (error) {
		assert.ok(error instanceof Refused, `${error}`);
		return error.problem;
	}
	return assert.fail('it was read');
};

describe('YAML files', () => {
	const refusal = (work: () => unknown): unknown => {
		try {
			return work();
		} catch (error) {
			return error instanceof KubejoinError ? `${error.code}: ${error.message}` : error;
		}
	};

	it('names the file and the line of a problem, and repeats no value', () => {
		assert.deepEqual(readYamlFile('f', 'a: 1\n---\nb: 2\n'), { a: 1 });
		assert.equal(readYamlFile('f', ''), undefined);
		assert.match(
			String(refusal(() => readYamlFile('/x/join.yaml', 'a: 1\ntoken: [abc\n'))),
			/^FILE_UNUSABLE: \/x\/join\.yaml: yaml: line \d+: (?!.*abc).*\. At line \d+, column \d+, /,
		);
	});

	it('changes one field and keeps comments; refuses a text that is not readable', () => {
		assert.equal(withTopField('f', '# c\na: 1 # d\nb: 2\n', 'a', 'x'), '# c\na: x # d\nb: 2\n');
		const bomb = `a: &a [x]\nb: [${'*a,'.repeat(101)}]\n`;
		assert.match(String(refusal(() => withTopField('f', bomb, 'a', 'x'))), /^FILE_UNUSABLE: f: .*excessive aliasing/);
	});
});

describe('YAML from outside', () => {
	it('is read as documents, in UTF-8 with and without a mark, and in UTF-16 with one', () => {
		assert.deepEqual(values('a: 1\n---\nb: [x, "y"]\n...\n'), [{ a: 1 }, { b: ['x', 'y'] }]);
		assert.deepEqual(values(''), []);
		assert.deepEqual(values('{"a": {"b": null}}'), [{ a: { b: null } }]);
		assert.deepEqual(values('\ufeffa: 1'), [{ a: 1 }]);
		for (const bytes of [Buffer.from('\ufeffa: ü'), Buffer.from('\ufeffa: ü', 'utf16le')])
			assert.deepEqual(values(bytes), [{ a: 'ü' }]);
		assert.deepEqual(values(Buffer.from('\ufeffa: ü', 'utf16le').swap16()), [{ a: 'ü' }]);
		assert.deepEqual(values('a: &x [1]\nb: *x\n'), [{ a: [1], b: [1] }]);
		assert.equal(readFirstYaml('', { refuse }), undefined);
	});

	it('reads merge keys only where the caller allows them', () => {
		const allowed = { allowsMergeKeys: true };
		assert.deepEqual(values('a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n', allowed), [
			{ a: { b: 1, c: 2 }, d: { b: 1, c: 3 } },
		]);
		assert.throws(
			() => values('a: &x 1\nb: {<<: *x}\n', allowed),
			(error) => error instanceof Refused && /map merge requires map/.test(error.problem.text),
		);
	});

	it('a value of any JSON without a merge key comes back', () => {
		const hasMergeKey = (value: unknown) => JSON.stringify(value).includes('"<<":');
		const anyValue = fc.jsonValue({ maxDepth: 4 }).filter((value) => !hasMergeKey(value));
		fc.assert(
			fc.property(anyValue, (value) => {
				const same = JSON.parse(JSON.stringify(value)) as unknown;
				assert.deepEqual(values(stringify(same)), [same]);
			}),
		);
	});

	it('a problem has go-yaml’s text, and line and column', () => {
		const cases: readonly [string, string, number, number][] = [
			['a: b: c\n', 'mapping values are not allowed in this context', 1, 4],
			['a:\n\t- b\n', 'found character that cannot start any token', 2, 1],
			['x: 1\nb:\n  endpoint: [2001:db8::1]:6443\n', 'did not find expected key', 3, 26],
			['a:\n  b: 1\n c: 2\n', 'did not find expected key', 3, 1],
			['a: [', 'did not find expected node content', 1, 5],
			['a: {b: 1,\n', 'did not find expected node content', 1, 10],
			['a: [1\nb: 2\n', "did not find expected ',' or ']'", 1, 6],
			['{a: 1\n', "did not find expected ',' or '}'", 1, 6],
			['a: 1\nfoo\nb: 2\n', "could not find expected ':'", 2, 1],
			['a: 1\nb: 2\na: 3\n', 'key "a" already set in map', 3, 1],
			['a: "\\q"\n', 'found unknown escape character', 1, 5],
			['a: @x\n', 'found character that cannot start any token', 1, 4],
			['a: *x\n', 'unknown anchor referenced', 1, 4],
			['a: 1\r\nb: \x1b', 'control characters are not allowed', 2, 4],
			['a: &x {b: 1}\nc:\n  <<: *x\n', 'merge keys are not read', 3, 3],
			['? [a]\n: b\n', 'invalid map key', 1, 3],
		];
		for (const [text, what, line, column] of cases) {
			const found = problem(text);
			assert.equal(found.text, `yaml: line ${line}: ${what}`, text);
			assert.deepEqual([found.line, found.column], [line, column], text);
			assert.match(found.remedy, new RegExp(`^At line ${line}, column ${column}, [a-z]`));
		}
	});

	it('a bracket without its end is to be closed', () => {
		for (const text of ['a: [', '{a: 1', '- [1\n- 2'])
			assert.match(problem(text).remedy, /, close the quote or the bracket/);
	});

	it('reports keys that are given twice to a reader that takes the last value', () => {
		const found: string[] = [];
		const text = 'a: 1\nb:\n  c: 1\n  c: 2\na:\n  d: 3\n';
		const [document] = readYaml(text, { refuse, onDuplicate: (one) => found.push(one) });
		assert.deepEqual(document?.value, { a: { d: 3 }, b: { c: 2 } });
		assert.deepEqual(found, ['line 4: key "c" already set in map', 'line 6: key "a" already set in map']);
	});

	it('a file in another encoding is named', () => {
		assert.match(problem(Buffer.from('a: 1', 'utf16le')).remedy, /UTF-16 without a byte order mark/);
		assert.equal(problem(Buffer.from([0x61, 0x3a, 0x20, 0xff])).text, 'yaml: invalid leading UTF-8 octet');
	});

	it('the position of a part, or of what would hold it', () => {
		const [document] = readYaml('a:\n  - b: 1\n    c: 2\n', { refuse });
		assert.deepEqual(document?.positionOf(['a', 0, 'c']), { line: 3, column: 8 });
		assert.deepEqual(document?.positionOf(['a', 0, 'x']), { line: 2, column: 5 });
		assert.deepEqual(document?.positionOf(['x']), { line: 1, column: 1 });
	});

	it('size, tokens, depth and aliases are bounded', () => {
		assert.match(problem('x'.repeat(limits.yamlBytes.value + 1)).text, /longer than 1048576 bytes/);
		assert.match(problem(Buffer.alloc(limits.yamlBytes.value + 1, 0x20)).text, /longer than 1048576 bytes/);
		const keys = Array.from({ length: 90_000 }, (_, index) => `k${index}: v`).join('\n');
		assert.match(problem(keys).text, /more than 100000 tokens/);
		for (const deep of ['['.repeat(450_000), '- '.repeat(450_000), '{a: '.repeat(200_000)])
			assert.match(problem(deep).text, /exceeded max depth of 100/);
		assert.equal(values(`${'['.repeat(99)}${']'.repeat(99)}`).length, 1);
		const bomb = [...'bcdefghi'].map((name, at) => `${name}: [${Array(9).fill(`*${'abcdefgh'[at]}`).join(',')}]`);
		assert.match(problem(`a: &a [x]\nb: [${'*a,'.repeat(101)}]`).text, /excessive aliasing/);
		assert.match(
			problem(`a: &a [x,x]\n${bomb.map((line) => line.replace(/^(.): /, '$1: &$1 ')).join('\n')}`).text,
			/excessive aliasing/,
		);
	});

	it('any text is read or refused by name, and no problem repeats a secret of it', () => {
		const secret = 'hunter2hunter2';
		const part = fc.constantFrom(
			'a',
			':',
			' ',
			'\n',
			'- ',
			'[',
			']',
			'{',
			'}',
			'"',
			"'",
			'|',
			'>',
			'#',
			'&',
			'*',
			'!',
			'%',
			'@',
			'?',
			',',
			'\t',
			'---\n',
			'...\n',
			'<<',
			'\\',
			'\r',
			'\x00',
			'\ud800',
			'\u2028',
			`"${secret}`,
			`*${secret}`,
			`!${secret}`,
		);
		fc.assert(
			fc.property(fc.array(part, { maxLength: 30 }), fc.boolean(), (parts, allowsMergeKeys) => {
				const text = parts.join('');
				try {
					values(text, { allowsMergeKeys });
				} catch (error) {
					assert.ok(error instanceof Refused, `${JSON.stringify(text)}: ${error}`);
					if (!error.problem.text.endsWith(' already set in map'))
						assert.doesNotMatch(JSON.stringify(error.problem), /hunter2/);
				}
			}),
			{ numRuns: 1_000 },
		);
	});
});
