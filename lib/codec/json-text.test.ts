import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { JsonSyntaxError, parseJsonText } from './json-text.ts';

describe('parseJsonText', () => {
	it('parses as JSON.parse does', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
				const text = JSON.stringify(value, null, indent);
				assert.deepEqual(parseJsonText(text), { value: JSON.parse(text), duplicates: new Map() });
			}),
		);
		assert.deepEqual(
			parseJsonText(' {"__proto__":{"a":1},"\\u00fc\\n":[ ]}\n').value,
			JSON.parse('{"__proto__":{"a":1},"ü\\n":[]}'),
		);
	});

	it('refuses the texts that JSON.parse refuses', () => {
		const token = fc.constantFrom(
			'{',
			'}',
			'[',
			']',
			',',
			':',
			'"a"',
			'"',
			'1',
			'-',
			'.',
			'e',
			'true',
			'nul',
			' ',
			'\\',
			'\t',
		);
		const isAccepted = (parse: () => unknown) => {
			try {
				parse();
				return true;
			} catch (error) {
				assert.ok(error instanceof SyntaxError || error instanceof JsonSyntaxError);
				return false;
			}
		};
		fc.assert(
			fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
				const text = tokens.join('');
				assert.equal(
					isAccepted(() => parseJsonText(text)),
					isAccepted(() => JSON.parse(text)),
					text,
				);
			}),
			{ numRuns: 3000 },
		);
	});

	it("describes a syntax error with Go's words", () => {
		const cases: [string, string][] = [
			['', 'unexpected end of JSON input'],
			['{', 'unexpected end of JSON input'],
			['{"a"', 'unexpected end of JSON input'],
			['"a', 'unexpected end of JSON input'],
			['x', "invalid character 'x' looking for beginning of value"],
			['[1,]', "invalid character ']' looking for beginning of value"],
			['{a', "invalid character 'a' looking for beginning of object key string"],
			['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
			['{"a" 1}', "invalid character '1' after object key"],
			['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
			['[1 2]', "invalid character '2' after array element"],
			['{} x', "invalid character 'x' after top-level value"],
			['tru', 'unexpected end of JSON input'],
			['trux', "invalid character 'x' in literal true (expecting 'e')"],
			['nil', "invalid character 'i' in literal null (expecting 'u')"],
			['-x', "invalid character 'x' in numeric literal"],
			['1.x', "invalid character 'x' after decimal point in numeric literal"],
			['1e+x', "invalid character 'x' in exponent of numeric literal"],
			['01', "invalid character '1' after top-level value"],
			['"\\x"', "invalid character 'x' in string escape code"],
			['"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"],
			['"a\nb"', "invalid character '\\n' in string literal"],
			["'", "invalid character '\\'' looking for beginning of value"],
			['ü', "invalid character 'Ã' looking for beginning of value"],
			['\u0001', "invalid character '\\x01' looking for beginning of value"],
			['a: 1\n', "invalid character 'a' looking for beginning of value"],
		];
		for (const [text, message] of cases) assert.throws(() => parseJsonText(text), { message }, text);
	});

	it('API_BAD_REQUEST: refuses more repeated keys than the limit', () => {
		const { value: max } = limits.jsonRepeatedKeys;
		const text = (count: number) => `{${new Array(count).fill('"a":{}').join()}}`;
		assert.deepEqual(parseJsonText(text(max + 1)).value, { a: {} });
		const refused = (error: unknown) => hasCode(error, 'API_BAD_REQUEST') && error.details.limit === 'jsonRepeatedKeys';
		assert.throws(() => parseJsonText(text(max + 2)), refused);
	});

	it('merges the objects of a key that is there twice, and lists such keys', () => {
		const { value, duplicates } = parseJsonText('{"a":{"x":1},"b":2,"a":{"y":3},"b":4}');
		assert.deepEqual(value, { a: { x: 1, y: 3 }, b: 4 });
		assert.deepEqual([...(duplicates.get(value as object) ?? [])], ['a', 'b']);
	});

	it('refuses a text with more values than the limit before it parses them', () => {
		const { value: max } = limits.jsonValues;
		const list = (count: number, value: string) => `[${Array.from({ length: count }, () => value).join()}]`;
		parseJsonText(list(max, '"a,[{:"'));
		const entries = Array.from({ length: max }, (_, at) => `"${at}":0`);
		parseJsonText(`{${entries.join()}}`);
		for (const text of [list(max + 1, '0'), list(max, '{}'), `{${entries.join()},"a":0}`, `[${list(max, 'x')}`])
			assert.throws(
				() => parseJsonText(text),
				(error) => hasCode(error, 'API_BAD_REQUEST') && error.details.limit === 'jsonValues',
			);
	});

	it('refuses a text that is nested deeper than the limit', () => {
		const { value: max } = limits.jsonDepth;
		parseJsonText(`${'['.repeat(max)}${']'.repeat(max)}`);
		for (const open of ['[', '{"a":'])
			assert.throws(() => parseJsonText(open.repeat(100_000)), { message: 'exceeded max depth' });
	});
});
