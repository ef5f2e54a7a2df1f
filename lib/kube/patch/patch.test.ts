import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hasCode, KubejoinError } from '../../errors.ts';
import type { JsonObject } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { applyPatch } from './patch.ts';

type Type = 'json' | 'merge' | 'strategic';
const patched = (type: Type, kind: string, document: JsonObject, patch: unknown): unknown =>
	applyPatch(type, { apiVersion: 'v1', kind }, document, patch).document;

interface Vector {
	readonly type: Type;
	readonly kind: string;
	readonly document: JsonObject;
	readonly patch: unknown;
	readonly result?: unknown;
	readonly error?: string;
}
const vectors: readonly Vector[] = readFileSync(new URL('upstream-vectors.jsonl', import.meta.url), 'utf8')
	.trim()
	.split('\n')
	.map((line) => JSON.parse(line));

describe('patches, beside the functions of the API server', () => {
	for (const [at, { type, kind, document, patch, result, error }] of vectors.entries()) {
		it(`${type} patch ${at} of a ${kind} ${error === undefined ? 'has the same result' : 'is refused as well'}`, () => {
			const before = structuredClone(document);
			if (error === undefined) assert.deepEqual(patched(type, kind, document, patch), result);
			else assert.throws(() => patched(type, kind, document, patch), KubejoinError);
			assert.deepEqual(document, before, 'the document is not changed');
		});
	}
});

describe('bounds of patches', () => {
	const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
	const max = limits.patchDepth.value;
	for (const type of ['merge', 'strategic'] as const) {
		it(`refuses a ${type} patch that is too deep`, () => {
			assert.throws(() => patched(type, 'ConfigMap', {}, nested(max + 1)), { code: 'API_BAD_REQUEST' });
			assert.throws(() => patched(type, 'ConfigMap', {}, nested(100_000)), { code: 'API_BAD_REQUEST' });
			assert.deepEqual(patched(type, 'ConfigMap', {}, nested(max)), nested(max));
		});
	}
	it('refuses a patch, and a product of a patch, with more values than the limit', () => {
		const { value: most } = limits.jsonValues;
		const data = Object.fromEntries(Array.from({ length: most }, (_, at) => [`k${at}`, '']));
		const refused = (error: unknown) => hasCode(error, 'API_BAD_REQUEST') && error.details.limit === 'jsonValues';
		for (const type of ['merge', 'strategic'] as const) {
			assert.throws(() => patched(type, 'ConfigMap', {}, { data }), refused);
			assert.throws(() => patched(type, 'ConfigMap', { data }, { a: '' }), refused);
		}
		const double = Array.from({ length: 14 }, (_, at) => ({ op: 'copy', from: '/data', path: `/data/b${at}` }));
		assert.throws(() => patched('json', 'ConfigMap', { data: { a: '' } }, double), refused);
	});
	it('changes nothing by a strategic merge patch of null', () => {
		const document = { metadata: { name: 'a' } };
		assert.deepEqual(patched('strategic', 'Pod', document, null), document);
	});

	it('refuses a strategic merge patch that copies an element again and again', () => {
		const refused = (error: unknown) => hasCode(error, 'API_PATCH_REJECTED') && error.details.limit === 'mergeCopies';
		const document = { spec: { containers: [{ name: 'a' }] } };
		const changes = (count: number, change: (at: number) => object) =>
			Array.from({ length: count }, (_, at) => ({ name: 'a', ...change(at) }));
		for (const change of [
			(at: number) => ({ [`k${at}`]: 1 }),
			(at: number) => ({ env: [{ name: `e${at}`, value: '' }] }),
		]) {
			const patch = (count: number) => ({ spec: { containers: changes(count, change) } });
			assert.throws(() => patched('strategic', 'Pod', document, patch(2_500)), refused);
			patched('strategic', 'Pod', document, patch(100));
		}
		const one = (at: number) => ({ name: `c${at}`, env: [{ name: 'e', value: '' }] });
		const distinct = Array.from({ length: 2_000 }, (_, at) => one(at));
		const { spec } = patched('strategic', 'Pod', document, { spec: { containers: distinct } }) as typeof document;
		assert.equal(spec.containers.length, 2_001);
	});
	it('refuses operations that make an object too deep', () => {
		const patch = Array.from({ length: 300 }, (_, at) => ({ op: 'add', path: `${'/a'.repeat(at)}/a`, value: {} }));
		assert.throws(() => patched('json', 'ConfigMap', {}, patch), { code: 'API_BAD_REQUEST' });
	});
	it('refuses a strategic merge patch of a list in a map, as upstream', () => {
		const request = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' };
		const of = (id: readonly string[]) => ({ spec: { extra: { id } } });
		const patch = (document: JsonObject) => applyPatch('strategic', request, document, of(['b'])).document;
		assert.throws(() => patch(of(['a'])), { code: 'API_BAD_REQUEST', message: /data type is not struct/ });
		assert.deepEqual(patch({ spec: { extra: {} } }), of(['b']));
	});
	it('keeps a field named __proto__ a field', () => {
		const document = JSON.parse('{"data":{}}');
		const hostile = JSON.parse('{"data":{"__proto__":{"polluted":"x"}}}');
		for (const type of ['merge', 'strategic'] as const) {
			const result = patched(type, 'ConfigMap', document, hostile) as { data: object };
			assert.deepEqual(Object.keys(result.data), ['__proto__']);
			assert.equal(({} as { polluted?: string }).polluted, undefined);
		}
	});
});

/** Patches that resemble the document, so that many of them apply. */
const name = fc.constantFrom('a', 'b', 'metadata', 'spec', 'containers', 'name', '$patch', '__proto__', '-', '0');
const value = fc.letrec<{ any: unknown }>((tie) => ({
	any: fc.oneof(
		{ maxDepth: 4 },
		fc.constantFrom('a', 'b', 'delete', 'replace', '', 1, null, true),
		fc.array(tie('any'), { maxLength: 3 }),
		fc.dictionary(
			fc.oneof(
				name,
				name.map((n) => `$setElementOrder/${n}`),
				fc.constant('$retainKeys'),
			),
			tie('any'),
			{
				maxKeys: 4,
			},
		),
	),
})).any;
const pointer = fc.array(name, { maxLength: 3 }).map((parts) => parts.map((part) => `/${part}`).join(''));
const operation = fc.record({
	op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'other'),
	path: fc.oneof(pointer, value),
	from: pointer,
	value,
});

describe('patches of any content', () => {
	const document = {
		metadata: { name: 'a', labels: { a: 'b' }, finalizers: ['a', 'b'] },
		spec: { containers: [{ name: 'a', args: ['a'] }, { name: 'b' }], tolerations: [{ key: 'a' }] },
	};
	for (const type of ['json', 'merge', 'strategic'] as const) {
		it(`are applied or refused with an error of the table: ${type}`, () => {
			const patch = type === 'json' ? fc.oneof(fc.array(operation, { maxLength: 5 }), value) : value;
			fc.assert(
				fc.property(patch, (patch) => {
					try {
						patched(type, 'Pod', document, patch);
					} catch (error) {
						assert.ok(error instanceof KubejoinError, String(error));
					}
				}),
				{ numRuns: 300 },
			);
		});
	}
	it('change nothing when a merge patch is applied again', () => {
		const plain = fc.letrec<{ any: unknown }>((tie) => ({
			any: fc.oneof(
				{ maxDepth: 3 },
				fc.constantFrom('a', 1, null),
				fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
				fc.dictionary(fc.constantFrom('a', 'b', 'metadata', 'spec'), tie('any'), { maxKeys: 3 }),
			),
		})).any;
		fc.assert(
			fc.property(fc.dictionary(name, plain, { maxKeys: 3 }), (patch) => {
				const once = patched('merge', 'Pod', document, patch) as JsonObject;
				assert.deepEqual(patched('merge', 'Pod', once, patch), once);
			}),
			{ numRuns: 300 },
		);
	});
});
