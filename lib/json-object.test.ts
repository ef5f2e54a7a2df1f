import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { jsonEqual, withPartsOf } from './json-object.ts';

/** With few different values, so that two of them have parts in common, and with `__proto__` as a name. */
const json = fc.letrec((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4, withCrossShrink: true },
		fc.constantFrom(null, true, 0, 1, 'a', 'b'),
		fc.array(tie('value'), { maxLength: 3 }),
		fc
			.dictionary(fc.constantFrom('a', 'b', '0', '__proto__', 'constructor'), tie('value'), { maxKeys: 3 })
			.map((object) => JSON.parse(JSON.stringify(object))),
	),
})).value;

describe('values of JSON', () => {
	it('are equal in any order of their fields', () => {
		fc.assert(
			fc.property(json, json, (left, right) => {
				assert.equal(jsonEqual(left, right), isDeepStrictEqual(left, right));
				assert.ok(jsonEqual(left, structuredClone(left)));
			}),
		);
	});

	it('have the parts of an older value that are equal, and stay the same', () => {
		fc.assert(
			fc.property(json, json, (older, value) => {
				const [before, after] = [JSON.stringify(older), JSON.stringify(value)];
				const shared = withPartsOf(older, value);
				assert.deepEqual(
					[JSON.stringify(older), JSON.stringify(shared)],
					[before, jsonEqual(older, value) ? before : after],
				);
				assert.equal(shared === older, jsonEqual(older, JSON.parse(after)));
			}),
		);
		const older = JSON.parse('{"a":{"b":[1,{"c":"text"}],"d":"old"},"e":{"f":1}}');
		const shared = withPartsOf(older, JSON.parse('{"a":{"b":[1,{"c":"text"}],"d":"new"},"e":{"f":1}}'));
		assert.notEqual(shared.a, older.a);
		assert.deepEqual([shared.a.b === older.a.b, shared.e === older.e, shared.a.d], [true, true, 'new']);
		assert.equal(Object.getPrototypeOf(withPartsOf({}, JSON.parse('{"__proto__":{"a":1}}'))), Object.prototype);
	});
});
