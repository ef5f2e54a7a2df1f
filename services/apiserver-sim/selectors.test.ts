import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../lib/errors.ts';
import { matchesFields, parseFieldSelector, requireSelectable, selectedName } from './selectors.ts';

const bad = (message: string) => (error: unknown) => hasCode(error, 'API_BAD_REQUEST') && error.message === message;

describe('field selectors', () => {
	it('=, == and != between commas', () => {
		assert.deepEqual(parseFieldSelector(''), []);
		assert.deepEqual(parseFieldSelector('spec.signerName==k/s,metadata.name=a,type!=x,y='), [
			{ field: 'metadata.name', operator: '=', value: 'a' },
			{ field: 'spec.signerName', operator: '=', value: 'k/s' },
			{ field: 'type', operator: '!=', value: 'x' },
			{ field: 'y', operator: '=', value: '' },
		]);
	});

	it('a backslash takes the meaning of comma, = and backslash', () => {
		assert.deepEqual(parseFieldSelector('a=b\\,c\\=\\\\,d!=e'), [
			{ field: 'a', operator: '=', value: 'b,c=\\' },
			{ field: 'd', operator: '!=', value: 'e' },
		]);
		assert.throws(() => parseFieldSelector('a=\\x'), bad('invalid field selector: invalid escape sequence: \\x'));
		assert.throws(() => parseFieldSelector('a=b=c'), bad('invalid field selector: unescaped character in value: 61'));
	});

	it('of the greatest length are read in a moment, and quoted in part', () => {
		for (const unit of ['a', ',', '=', '!', '\\', 'a=b,', '\\,', '!=']) {
			// The least of five: the machine may be busy.
			const tookMs = [1, 2, 3, 4, 5].map(() => {
				const startedMs = performance.now();
				try {
					parseFieldSelector(unit.repeat(8192 / unit.length));
				} catch (error) {
					assert.ok((error as Error).message.length < 600, unit);
				}
				return performance.now() - startedMs;
			});
			assert.ok(Math.min(...tookMs) < 50, unit);
		}
	});

	it('API_BAD_REQUEST for anything else', () => {
		assert.throws(() => parseFieldSelector('a=b,c'), bad("invalid selector: 'a=b,c'; can't understand 'c'"));
		for (const text of ['a', 'a!b', ' ', '!!', 'a=b=c', 'a=\\', 'a=\\b', 'a'.repeat(8193)])
			assert.throws(
				() => parseFieldSelector(text),
				(error) => hasCode(error, 'API_BAD_REQUEST'),
				text,
			);
	});

	it('throws only API_BAD_REQUEST for any text, and writes parsed selectors back', () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom('a', '.', '=', '!', ',', '\\', ' ') }), (text) => {
				try {
					const found = parseFieldSelector(text);
					const escaped = (value: string) => value.replace(/[\\,=]/g, '\\$&');
					const again = found.map(({ field, operator, value }) => `${field}${operator}${escaped(value)}`).join(',');
					assert.deepEqual(parseFieldSelector(again).length, found.length);
				} catch (error) {
					assert.ok(hasCode(error, 'API_BAD_REQUEST'));
				}
			}),
		);
	});

	it('the one name that is selected', () => {
		assert.equal(selectedName(parseFieldSelector('type=x,metadata.name=a')), 'a');
		assert.equal(selectedName(parseFieldSelector('metadata.name!=a')), undefined);
		assert.equal(selectedName([]), undefined);
	});

	it('an object matches when all do', () => {
		const matches = (text: string) => matchesFields({ 'metadata.name': 'a', type: 't' }, parseFieldSelector(text));
		for (const text of ['', 'metadata.name=a', 'metadata.name==a,type=t', 'type!=x', 'type!='])
			assert.equal(matches(text), true, text);
		for (const text of ['metadata.name=b', 'metadata.name=a,type=x', 'type!=t', 'type='])
			assert.equal(matches(text), false, text);
	});

	it('API_BAD_REQUEST for a field that cannot be selected by', () => {
		const matches = (text: string) => () => requireSelectable({ type: 't' }, parseFieldSelector(text));
		assert.throws(matches('spec.x=1'), bad('field label not supported: spec.x'));
		assert.throws(matches('constructor=1'), bad('field label not supported: constructor'));
		const common = { 'metadata.name': 'a', 'metadata.namespace': 'n' };
		const known = 'is not a known field selector: only "metadata.name", "metadata.namespace"';
		for (const field of ['foo', ''])
			assert.throws(() => requireSelectable(common, parseFieldSelector(`${field}=1`)), bad(`"${field}" ${known}`));
	});
});
