import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../../lib/errors.ts';
import { matchesFields, parseFieldSelector, selectedName } from './selectors.ts';

const bad = (message: string) => (error: unknown) => hasCode(error, 'API_BAD_REQUEST') && error.message === message;

describe('field selectors', () => {
	it('=, == and != between commas', () => {
		assert.deepEqual(parseFieldSelector(''), []);
		assert.deepEqual(parseFieldSelector('metadata.name=a,spec.signerName==k/s,type!=x,y='), [
			{ field: 'metadata.name', operator: '=', value: 'a' },
			{ field: 'spec.signerName', operator: '=', value: 'k/s' },
			{ field: 'type', operator: '!=', value: 'x' },
			{ field: 'y', operator: '=', value: '' },
		]);
	});

	it('API_BAD_REQUEST for anything else', () => {
		assert.throws(() => parseFieldSelector('a=b,c'), bad("invalid selector: 'a=b,c'; can't understand 'c'"));
		for (const text of ['=b', '!=b', 'a', 'a!b', ' '])
			assert.throws(
				() => parseFieldSelector(text),
				(error) => hasCode(error, 'API_BAD_REQUEST'),
				text,
			);
	});

	it('throws nothing but API_BAD_REQUEST, whatever comes, and what it reads it writes', () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom('a', '.', '=', '!', ',', '\\', ' ') }), (text) => {
				try {
					const found = parseFieldSelector(text);
					const again = found.map(({ field, operator, value }) => `${field}${operator}${value}`).join(',');
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
		const matches = (text: string) => () => matchesFields({ type: 't' }, parseFieldSelector(text));
		assert.throws(matches('spec.x=1'), bad('field label not supported: spec.x'));
		assert.throws(matches('constructor=1'), bad('field label not supported: constructor'));
	});
});
