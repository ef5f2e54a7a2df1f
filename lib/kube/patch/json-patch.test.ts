import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { applyJsonPatch } from './json-patch.ts';

const patched = (document: unknown, ...operations: object[]) => applyJsonPatch(document, operations).document;

describe('JSON patch', () => {
	it('counts negative indices from the end, as the library of the API server does', () => {
		assert.deepEqual(patched({ a: [1, 2, 3] }, { op: 'remove', path: '/a/-1' }), { a: [1, 2] });
		assert.deepEqual(patched({ a: [1, 2] }, { op: 'add', path: '/a/-1', value: 3 }), { a: [1, 2, 3] });
	});
	it('adds a missing field when it is to be replaced', () => {
		assert.deepEqual(patched({}, { op: 'replace', path: '/a', value: 1 }), { a: 1 });
	});
	it('unescapes names', () => {
		assert.deepEqual(patched({ 'a/b~': 1 }, { op: 'remove', path: '/a~1b~0' }), {});
	});
	it('does not share a copied or added value', () => {
		const add = { op: 'add', path: '/b', value: { x: 1 } };
		const operations = [add, { op: 'copy', from: '/b', path: '/c' }, { op: 'add', path: '/b/y', value: 2 }];
		assert.deepEqual(patched({}, ...operations), { b: { x: 1, y: 2 }, c: { x: 1 } });
		assert.deepEqual(add.value, { x: 1 });
	});
	it('refuses a failed test without the reason in the message', () => {
		const test = { op: 'test', path: '/data/y', value: '9' };
		assert.throws(
			() => patched({ data: { y: '2' } }, test),
			(error: unknown) => {
				assert.ok(error instanceof KubejoinError);
				assert.equal(error.code, 'API_PATCH_REJECTED');
				assert.equal(error.message, 'the server rejected our request due to an error in our request');
				assert.equal(error.remedy, 'Correct the patch: testing value /data/y failed: test failed');
				return true;
			},
		);
	});
	it('refuses a patch that is not a list of operations, in the words of encoding/json', () => {
		const refused = (patch: unknown, kind: string, goType: string) =>
			assert.throws(() => applyJsonPatch({}, patch), {
				code: 'API_BAD_REQUEST',
				message: `error decoding patch: json: cannot unmarshal ${kind} into Go ${goType}`,
			});
		refused({}, 'object', 'value of type []handlers.jsonPatchOp');
		refused(['x'], 'string', 'value of type handlers.jsonPatchOp');
		refused([{ op: 1 }], 'number', 'struct field jsonPatchOp.op of type string');
		refused([{ op: 'add', path: [] }], 'array', 'struct field jsonPatchOp.path of type string');
	});
	it('reports unknown fields of operations, which strict field validation refuses', () => {
		const { strictProblems } = applyJsonPatch({}, [{ op: 'add', path: '/a', value: 1, more: 2 }]);
		assert.deepEqual(strictProblems, ['json patch unknown field "[0].more"']);
	});
	it('refuses more operations than the limit', () => {
		const operation = { op: 'add', path: '/a', value: 1 };
		const max = limits.jsonPatchOperations.value;
		assert.deepEqual(applyJsonPatch({}, new Array(max).fill(operation)).document, { a: 1 });
		assert.throws(() => applyJsonPatch({}, new Array(max + 1).fill(operation)), {
			code: 'API_TOO_LARGE',
			message: `Request entity too large: The allowed maximum operations in a JSON patch is ${max}, got ${max + 1}`,
		});
	});
	it('refuses a path with more parts than any document has', () => {
		const path = '/a'.repeat(limits.jsonDepth.value);
		assert.throws(() => patched({ a: 1 }, { op: 'add', path, value: 1 }), { code: 'API_PATCH_REJECTED' });
		assert.throws(
			() => patched({}, { op: 'add', path: '/'.repeat(2_000_000), value: 1 }),
			(error: unknown) => {
				assert.ok(error instanceof Error && 'details' in error);
				assert.ok(JSON.stringify(error.details).length < 1_000);
				return hasCode(error, 'API_PATCH_REJECTED');
			},
		);
	});
	it('refuses operations whose paths have too many parts, or whose copies have too many values', () => {
		const limitOf = (error: unknown) => (error instanceof KubejoinError ? error.details.limit : undefined);
		const deep = new Array(3_000).fill({ op: 'test', path: '/a'.repeat(100), value: null });
		assert.throws(() => patched({}, ...deep.slice(0, 1_000)), { code: 'API_PATCH_REJECTED' });
		const document = JSON.parse(`${'{"a":'.repeat(100)}null${'}'.repeat(100)}`);
		assert.throws(
			() => applyJsonPatch(document, deep),
			(error) => limitOf(error) === 'jsonPatchParts',
		);
		const a = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, '']));
		const copies = Array.from({ length: 4 }, (_, at) => ({ op: 'copy', from: '/a', path: `/b${at}` }));
		assert.throws(
			() => patched({ a }, ...copies),
			(error) => limitOf(error) === 'jsonValues',
		);
		patched({ a }, ...copies.slice(1));
	});
	it('refuses copies of too many values, and of too many bytes', () => {
		const double = Array.from({ length: 40 }, (_, at) => ({ op: 'copy', from: '/a', path: `/a/${at}` }));
		assert.throws(() => patched({ a: { x: 'x' } }, ...double), { code: 'API_BAD_REQUEST' });
		const again = Array.from({ length: 40 }, (_, at) => ({ op: 'copy', from: '/a', path: `/b${at}` }));
		assert.throws(() => patched({ a: 'x'.repeat(100_000) }, ...again), { code: 'API_PATCH_REJECTED' });
	});
	it('refuses operations that move too many elements of a long list', () => {
		const front = new Array(9_000).fill({ op: 'add', path: '/a/0', value: 1 });
		assert.throws(() => applyJsonPatch({ a: new Array(100_000).fill(1) }, front), { code: 'API_PATCH_REJECTED' });
		assert.doesNotThrow(() => applyJsonPatch({ a: [] }, front.slice(0, 3_000)));
	});
});
