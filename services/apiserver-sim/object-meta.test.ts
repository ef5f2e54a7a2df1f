import assert from 'node:assert/strict';
import { subdomainProblems } from '../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	generateName,
	invalid,
	metadataProblems,
	notSupported,
	required,
} from './object-meta.ts';

describe('field problems, in upstream’s words', () => {
	it('each kind', () => {
		assert.deepEqual(invalid('f', 'a"b', 'no'), {
			field: 'f',
			reason: 'FieldValueInvalid',
			message: 'Invalid value: "a\\"b": no',
		});
		assert.equal(invalid('f', 5, 'no').message, 'Invalid value: 5: no');
		assert.deepEqual(required('f'), { field: 'f', reason: 'FieldValueRequired', message: 'Required value' });
		assert.equal(required('f', 'why').message, 'Required value: why');
		assert.deepEqual(duplicate('f', 'a'), {
			field: 'f',
			reason: 'FieldValueDuplicate',
			message: 'Duplicate value: "a"',
		});
		assert.deepEqual(forbiddenField('f', 'no'), {
			field: 'f',
			reason: 'FieldValueForbidden',
			message: 'Forbidden: no',
		});
		assert.deepEqual(notSupported('f', 'c', ['a', 'b']), {
			field: 'f',
			reason: 'FieldValueNotSupported',
			message: 'Unsupported value: "c": supported values: "a", "b"',
		});
	});
});

describe('generateName', () => {
	it('adds five characters of upstream’s alphabet, all of which occur', () => {
		const suffixes = Array.from({ length: 400 }, () => generateName('csr-'));
		for (const name of suffixes) assert.match(name, /^csr-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
		assert.equal(new Set(suffixes.flatMap((name) => [...name.slice(4)])).size, 27);
	});

	it('cuts the base to 58 characters', () => {
		assert.match(generateName('a'.repeat(70)), /^a{58}.{5}$/);
	});
});

describe('metadataProblems', () => {
	const rule = (name: string) => (name === 'bad' ? ['one', 'two'] : []);

	it('a name or a base is needed; a name follows the rule', () => {
		assert.deepEqual(metadataProblems({}, rule), [required('metadata.name', 'name or generateName is required')]);
		assert.deepEqual(metadataProblems({ name: '', generateName: '' }, rule).length, 1);
		assert.deepEqual(metadataProblems({ name: 'a-x', generateName: 'a-' }, subdomainProblems), []);
		assert.deepEqual(metadataProblems({ name: 'good' }, rule), []);
		assert.deepEqual(metadataProblems({ name: 'bad-x', generateName: 'bad' }, rule), [
			invalid('metadata.generateName', 'bad', 'one'),
			invalid('metadata.generateName', 'bad', 'two'),
		]);
		assert.deepEqual(metadataProblems({ name: 'bad' }, rule), [
			invalid('metadata.name', 'bad', 'one'),
			invalid('metadata.name', 'bad', 'two'),
		]);
	});
});
