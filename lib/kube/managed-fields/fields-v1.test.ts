import assert from 'node:assert/strict';
import { pathsOf, setOf } from './field-set.ts';
import { fieldsV1Of, setOfFieldsV1 } from './fields-v1.ts';
import { fieldElement, keyElement, pathText, valueElement } from './path-element.ts';

describe('FieldsV1', () => {
	const port = keyElement({ protocol: 'TCP', port: 80 });
	const paths = [
		[fieldElement('spec'), fieldElement('ports')],
		[fieldElement('spec'), fieldElement('ports'), port],
		[fieldElement('spec'), fieldElement('ports'), port, fieldElement('name')],
		[fieldElement('metadata'), fieldElement('finalizers'), valueElement('a<b')],
	];
	const fields = {
		'f:metadata': { 'f:finalizers': { 'v:"a\\u003cb"': {} } },
		'f:spec': { 'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } },
	};
	it('is written sorted, with a dot for a field that is a member beside its parts', () => {
		assert.equal(JSON.stringify(fieldsV1Of(setOf(...paths))), JSON.stringify(fields));
	});
	it('is read in any order and form, and elements of unknown kinds are dropped', () => {
		const mixed = {
			'f:spec': { 'f:ports': { 'k:{ "protocol":"TCP", "port":80 }': { 'f:name': {}, '.': {} }, '.': {} } },
			'x:later': {},
			'f:metadata': { 'f:finalizers': { 'v:"a<b"': {} } },
		};
		assert.deepEqual(fieldsV1Of(setOfFieldsV1(mixed)), fields);
	});
	it('is refused when an element cannot be read', () => {
		for (const element of ['k:[]', 'k:{', 'v:', 'i:x', 'name', ''])
			assert.throws(() => setOfFieldsV1({ [element]: {} }), SyntaxError, element);
		assert.throws(() => setOfFieldsV1(JSON.parse(`${'{"f:a":'.repeat(1000)}{}${'}'.repeat(1000)}`)), SyntaxError);
	});
	it('has paths that messages show', () => {
		assert.deepEqual([...pathsOf(setOf(...paths))].map(pathText), [
			'.metadata.finalizers[="a<b"]',
			'.spec.ports',
			'.spec.ports[port=80,protocol="TCP"]',
			'.spec.ports[port=80,protocol="TCP"].name',
		]);
	});
	it('lists fields before keys before values before indices', () => {
		const set = setOf(['i:2'], ['v:"b"'], ['v:3'], ['k:{"a":2}'], ['k:{"a":10}'], ['f:x'], ['i:10'], ['v:true']);
		assert.deepEqual(Object.keys(fieldsV1Of(set)), [
			...['f:x', 'k:{"a":2}', 'k:{"a":10}', 'v:3', 'v:"b"', 'v:true', 'i:2', 'i:10'],
		]);
	});
});
