import assert from 'node:assert/strict';
import fc from 'fast-check';
import { subdomainProblems } from './names.ts';
import {
	duplicate,
	forbiddenField,
	generateName,
	invalid,
	metadataProblems,
	nameProblems,
	notSupported,
	required,
	tooLong,
} from './object-meta.ts';
import type { ObjectMeta } from './types.ts';

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

describe('nameProblems', () => {
	const rule = (name: string) => (name === 'bad' ? ['one', 'two'] : []);

	it('a name or a base is needed; a name follows the rule', () => {
		assert.deepEqual(nameProblems({}, rule), [required('metadata.name', 'name or generateName is required')]);
		assert.deepEqual(nameProblems({ name: '', generateName: '' }, rule).length, 1);
		assert.deepEqual(nameProblems({ name: 'a-x', generateName: 'a-' }, subdomainProblems), []);
		assert.deepEqual(nameProblems({ name: 'good' }, rule), []);
		assert.deepEqual(nameProblems({ name: 'bad-x', generateName: 'bad' }, rule), [
			invalid('metadata.generateName', 'bad', 'one'),
			invalid('metadata.generateName', 'bad', 'two'),
		]);
		assert.deepEqual(nameProblems({ name: 'bad' }, rule), [
			invalid('metadata.name', 'bad', 'one'),
			invalid('metadata.name', 'bad', 'two'),
		]);
	});
});

describe('metadataProblems', () => {
	const messages = (metadata: ObjectMeta) =>
		metadataProblems(metadata).map(({ field, message }) => `${field.replace('metadata.', '')}: ${message}`);
	const form =
		"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
		"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
		"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

	it('labels: the key is a qualified name, the value has at most 63 characters', () => {
		assert.deepEqual(messages({ labels: { 'a.b/C_d.e': '', x: 'v-1', ['k'.repeat(63)]: 'v'.repeat(63) } }), []);
		assert.deepEqual(messages({ labels: { a: 'v'.repeat(76) } }), [
			`labels: Invalid value: "${'v'.repeat(76)}": must be no more than 63 bytes`,
		]);
		assert.deepEqual(messages({ labels: { 'a b': '1' } }), [`labels: Invalid value: "a b": name part ${form}`]);
		for (const key of ['', '/a', 'a/', 'a/b/c', 'A.b/c', `a/${'k'.repeat(64)}`, '-a', '__proto__', 'ä'])
			assert.notDeepEqual(messages({ labels: JSON.parse(JSON.stringify({ [key]: 'v' })) }), [], key);
		for (const value of ['-', 'a b', 'ä', 'a\n', 'a/b', '\u202e'])
			assert.notDeepEqual(messages({ labels: { a: value } }), [], value);
	});

	it('annotations: keys as those of labels in lower case, any value, 262144 bytes in all', () => {
		const big = (length: number) => ({ annotations: { a: 'ü'.repeat(length / 2 - 2), b: 'xx' } });
		assert.deepEqual(messages({ annotations: { 'A.b/c': 'any ü\n', 'x/Y': '' } }), []);
		assert.deepEqual(messages(big(262_144)), []);
		assert.deepEqual(metadataProblems(big(262_146)), [tooLong('metadata.annotations', 262_144, 'annotationBytes')]);
		assert.deepEqual(messages(big(262_146)), ['annotations: Too long: may not be more than 262144 bytes']);
		assert.match(messages({ annotations: { 'a b': '' } })[0] ?? '', /^annotations: Invalid value: "a b": name part/);
	});

	it('owners need their four fields, and one of them at most controls; no Event owns', () => {
		const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: true };
		assert.deepEqual(messages({ ownerReferences: [owner] }), []);
		const empty = { apiVersion: 'g/', kind: '', name: '', uid: '' };
		assert.deepEqual(messages({ ownerReferences: [empty] }), [
			'ownerReferences[0].apiVersion: Invalid value: "g/": must be <group>/<version> or <version>',
			'ownerReferences[0].kind: Required value: must not be empty',
			'ownerReferences[0].name: Required value: must not be empty',
			'ownerReferences[0].uid: Required value: must not be empty',
		]);
		assert.match(
			messages({ ownerReferences: [owner, { ...owner, name: 'm' }] })[0] ?? '',
			/Only one reference can have Controller set to true. Found "true" in references for Node\/n and Node\/m$/,
		);
		assert.match(
			messages({ ownerReferences: [{ ...owner, kind: 'Event' }] })[0] ?? '',
			/is disallowed from being an owner$/,
		);
	});

	it('finalizers are qualified names; generation is not negative', () => {
		assert.deepEqual(messages({ finalizers: ['kubernetes', 'a.b/c'], generation: 0 }), []);
		assert.match(messages({ finalizers: ['a b'] })[0] ?? '', /^finalizers: Invalid value: "a b": name part/);
		assert.match(messages({ finalizers: ['orphan', 'foregroundDeletion'] })[0] ?? '', /cannot be both set$/);
		assert.deepEqual(messages({ generation: -1 }), [
			'generation: Invalid value: -1: must be greater than or equal to 0',
		]);
	});

	it('a value in a message begins as its JSON text, and is cut as it', () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(40), (part, repeats) => {
				const value = [part, Array.from({ length: repeats }, () => part), { a: part, b: [part] }];
				const text = JSON.stringify(value);
				const shown = text.length <= 256 ? text : `${text.slice(0, 256)}...`;
				assert.equal(duplicate('f', value).message, `Duplicate value: ${shown}`);
			}),
		);
	});

	it('a value in a message has at most 256 characters', () => {
		const [problem = ''] = messages({ labels: { a: 'v'.repeat(100_000) } });
		assert.ok(problem.length < 400);
	});
});
