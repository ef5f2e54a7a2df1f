import assert from 'node:assert/strict';
import { sortedAlong } from './json-order.ts';

describe('the order of a patched document', () => {
	it('is that of the names where an operation went through, and stays elsewhere', () => {
		const document = {
			kind: 'A',
			apiVersion: 'v1',
			metadata: { name: 'n', labels: { b: '1', a: '2' } },
			spec: { z: 1, y: 2 },
		};
		const text = (path: string) => JSON.stringify(sortedAlong(document, [{ op: 'add', path, value: 1 }]));
		const before = '{"apiVersion":"v1","kind":"A","metadata":';
		const after = ',"spec":{"z":1,"y":2}}';
		assert.equal(text('/kind'), `${before}{"name":"n","labels":{"b":"1","a":"2"}}${after}`);
		assert.equal(text('/metadata/x'), `${before}{"labels":{"b":"1","a":"2"},"name":"n"}${after}`);
		assert.equal(text('/metadata/labels/c'), `${before}{"labels":{"a":"2","b":"1"},"name":"n"}${after}`);
	});
});
